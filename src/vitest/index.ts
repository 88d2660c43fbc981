/** The public entry: `import { test } from 'straddle/vitest'`. */
export type { InterleavingsOptions, TestOptions } from './definition.ts';
export { expect, test, type InterleavingsApi, type InterleavingsContext, type StraddleTest } from './test.ts';
export { test as it } from './test.ts';
