import { C01 } from '../lifecycle/c01-add-vs-shutdown.ts';
import { C02 } from '../lifecycle/c02-vacuous-harness.ts';
import { C03 } from '../supervisor/c03-recycled-pid.ts';
import { C04 } from '../supervisor/c04-late-flag.ts';
import { C05 } from '../supervisor/c05-unpublished-pid.ts';
import type { RaceCase } from './define-case.ts';

/** The catalogue, in the order of its numbers. */
export const CASES: readonly RaceCase[] = [C01, C02, C03, C04, C05];
