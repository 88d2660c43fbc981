import * as vitest from 'vitest';

/*
 * What of Vitest's inside straddle relies on. The names are the same in 3.2, 4 and 5 unless a comment says
 * otherwise; the end-to-end tests run on all of them.
 */

/** An error as Vitest reports it. */
export interface TaskError {
  name?: string;
  message: string;
  stack?: string;
}

export interface TaskResult {
  state: 'run' | 'pass' | 'fail' | 'skip' | 'queued' | 'only' | 'todo';
  errors?: TaskError[] | undefined;
  pending?: boolean;
  repeatCount?: number;
  retryCount?: number;
  /** Vitest 5: one entry for each execution. */
  attempts?: unknown[];
}

export interface TestContext {
  readonly task: Task;
  readonly signal?: AbortSignal;
  readonly expect: typeof vitest.expect;
  /** The context's own `expect` has been used. */
  readonly _local?: boolean;
  [name: string]: unknown;
}

export interface Suite {
  readonly name: string;
  readonly suite?: Suite;
  readonly file: File;
  readonly type: string;
  readonly tasks: (Task | Suite)[];
  concurrent?: boolean;
}

export interface File extends Suite {
  readonly filepath: string;
  readonly projectName?: string;
}

/** A test. */
export interface Task {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly context: TestContext;
  readonly suite?: Suite;
  readonly file: File;
  mode: string;
  timeout: number;
  retry: unknown;
  repeats: unknown;
  fails?: boolean;
  concurrent?: boolean;
  meta: Record<string, unknown>;
  annotations?: unknown[];
  result?: TaskResult;
  onFinished?: (() => unknown)[] | undefined;
  onFailed?: (() => unknown)[] | undefined;
  /** Assertions that have not settled. */
  promises?: Promise<unknown>[];
}

export interface Try {
  readonly retry: number;
  readonly repeats: number;
}

/** The methods of Vitest's runner that straddle steps into. */
export interface Runner {
  readonly config: {
    readonly root: string;
    readonly testTimeout: number;
    readonly environment?: string;
  };
  /** Ctrl-C: tests that have not begun are skipped. */
  readonly cancelRun?: boolean;
  onBeforeRunFiles?(files: File[]): unknown;
  onBeforeRunTask?(test: Task): unknown;
  onBeforeTryTask?(test: Task, at: Try): unknown;
  onAfterTryTask?(test: Task, at: Try): unknown;
  /** Vitest 4 and newer. */
  onAfterRetryTask?(test: Task, at: Try): unknown;
  runTask?(test: Task): unknown;
  extendTaskContext?(context: TestContext): TestContext;
  /** Tells Vitest's main process of an annotation. */
  onTestAnnotate?(test: Task, annotation: unknown): Promise<unknown>;
}

type Hooks = Partial<Record<'beforeEach' | 'afterEach' | 'aroundEach', readonly unknown[]>>;

interface RunnerClass {
  readonly prototype: Runner;
  getTestFn?(test: Task): () => unknown;
  getSuiteHooks?(suite: Suite): Hooks;
}

async function findRunner(): Promise<RunnerClass> {
  const { TestRunner } = vitest as unknown as { TestRunner?: RunnerClass };
  if (TestRunner !== undefined) return TestRunner;
  // Before 4.1.
  const { VitestTestRunner } = (await import('vitest/runners')) as unknown as { VitestTestRunner: RunnerClass };
  const suite = (await import('vitest/suite')) as unknown as {
    getFn: RunnerClass['getTestFn'];
    getHooks: RunnerClass['getSuiteHooks'];
  };
  return Object.assign(VitestTestRunner, { getTestFn: suite.getFn, getSuiteHooks: suite.getHooks });
}

/** The class of Vitest's own runner; a user's runner extends it. */
export const RunnerClass = await findRunner();

/** The test's function as Vitest runs it: with time-out, fixtures and unsettled assertions. */
export function functionOf(test: Task): () => unknown {
  return RunnerClass.getTestFn!(test);
}

/** Whether anything is to run around each execution of a test. */
export function hasHooks(test: Task): boolean {
  for (let suite: Suite | undefined = test.suite ?? test.file; suite !== undefined; suite = outer(suite)) {
    const hooks = RunnerClass.getSuiteHooks!(suite);
    if ([hooks.beforeEach, hooks.afterEach, hooks.aroundEach].some((list) => list !== undefined && list.length > 0))
      return true;
  }
  return false;
}

function outer(suite: Suite): Suite | undefined {
  if (suite.suite !== undefined) return suite.suite;
  return suite.file === suite ? undefined : suite.file;
}

/** A test's name within its file as `-t` matches it: suites and test, joined by blanks. */
export function fullNameOf(test: Task): string {
  const names = [test.name];
  for (let { suite } = test; suite !== undefined && suite !== test.file; { suite } = suite) names.unshift(suite.name);
  return names.filter((name) => name !== '').join(' ');
}

/** How often Vitest tries a failing test again; an object from Vitest 4 on. */
export function retriesOf({ retry }: Task): number {
  return (typeof retry === 'object' && retry !== null ? (retry as { count?: number }).count : (retry as number)) ?? 0;
}

/** Assertions that the runner has counted in the current execution. */
export function assertionsOf(test: Task): number {
  const own = test.context._local === true ? test.context.expect.getState().assertionCalls : 0;
  return own + vitest.expect.getState().assertionCalls;
}
