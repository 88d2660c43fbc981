// @vitest-environment happy-dom
import { testFrames } from './frames.ts';

testFrames('happy-dom');
