import type * as Straddle from '../../src/index.ts';
import { built } from './built.ts';

/** The engine that the built harness joins. */
export const { explore, replay, check } = (await import(built('src/index.js'))) as typeof Straddle;
