// @vitest-environment jsdom
import { testFrames } from './frames.ts';

testFrames('jsdom');
