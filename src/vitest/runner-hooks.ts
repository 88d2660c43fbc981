import type { Conducted } from './conductor.ts';
import {
  functionOf,
  RunnerClass,
  type File,
  type Runner,
  type Suite,
  type Task,
  type TestContext,
} from './internals.ts';

/** Who takes over a test when it is about to run; undefined leaves it to Vitest. */
export type Conduct = (test: Task, runner: Runner) => Conducted | undefined;

const conducts: Conduct[] = [];
const conducted = new WeakMap<Task, Conducted>();
/** Told about tests as they are collected. */
const collectors = new Set<(context: TestContext) => void>();
/** Tests that must have the thread to themselves. */
const alone = new WeakSet<Task>();

let isInstalled = false;

/** Asks `conduct` about every test that is about to run. */
export function conductWith(conduct: Conduct): void {
  install();
  conducts.push(conduct);
}

/** Runs `register` and gives `each` the tests that it collects. */
export function collecting<T>(each: (test: Task) => void, register: () => T): T {
  install();
  const collect = ({ task }: TestContext): void => each(task);
  collectors.add(collect);
  try {
    return register();
  } finally {
    collectors.delete(collect);
  }
}

/** The test is never run while others are. */
export function runAlone(test: Task): void {
  alone.add(test);
}

/** Whether that was asked for: the test explores itself. */
export function runsAlone(test: Task): boolean {
  return alone.has(test);
}

/** No test is ever run while others are. */
export function runAllAlone(): void {
  areAllAlone = true;
}

let areAllAlone = false;

/** Steps into Vitest's own runner, which is the base of every other one. */
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  const runner = RunnerClass.prototype;
  const original = { ...methodsOf(runner) };

  runner.extendTaskContext = function (context) {
    const extended = original.extendTaskContext?.call(this, context) ?? context;
    for (const collect of collectors) collect(extended);
    return extended;
  };
  runner.onBeforeRunFiles = function (files: File[]) {
    for (const file of files) if (areAllAlone || hasLoner(file)) separate(file);
    return original.onBeforeRunFiles?.call(this, files);
  };
  runner.onBeforeRunTask = async function (test) {
    await original.onBeforeRunTask?.call(this, test);
    if (test.mode !== 'run' && test.mode !== 'queued') return;
    for (const conduct of conducts) {
      const taken = conduct(test, this);
      if (taken === undefined) continue;
      conducted.set(test, taken);
      return;
    }
  };
  runner.onBeforeTryTask = function (test, at) {
    conducted.get(test)?.beforeTry(at);
    return original.onBeforeTryTask?.call(this, test, at);
  };
  runner.onAfterRetryTask = async function (test, at) {
    await original.onAfterRetryTask?.call(this, test, at);
    conducted.get(test)?.close(at);
  };
  runner.runTask = function (test) {
    const taken = conducted.get(test);
    if (taken !== undefined) return taken.run();
    return original.runTask === undefined ? functionOf(test)() : original.runTask.call(this, test);
  };
}

function methodsOf(runner: Runner): Runner {
  const { extendTaskContext, onBeforeRunFiles, onBeforeRunTask, onBeforeTryTask, onAfterRetryTask, runTask } =
    runner as Required<Runner>;
  return { extendTaskContext, onBeforeRunFiles, onBeforeRunTask, onBeforeTryTask, onAfterRetryTask, runTask } as Runner;
}

function hasLoner(suite: Suite): boolean {
  return suite.tasks.some((task) => (task.type === 'suite' ? hasLoner(task as Suite) : alone.has(task as Task)));
}

/** Vitest runs neighbours together that are concurrent. */
function separate(suite: Suite): void {
  for (const task of suite.tasks) {
    task.concurrent = false;
    if (task.type === 'suite') separate(task as Suite);
  }
}
