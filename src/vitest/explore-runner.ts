import { asked } from './asked.ts';
import { Conductor } from './conductor.ts';
import { RunnerClass, type File, type Suite, type Task } from './internals.ts';
import { conductWith, runAllAlone, runsAlone } from './runner-hooks.ts';
import { watchMocks } from './tidy.ts';
import { UnchangedTest } from './unchanged.ts';
import { prepareWorker } from './worker.ts';

/** No test is given less time than this to be explored. */
const LEAST_MS = 20;

const { now } = performance;
const order = asked();
/** What is left of a file's time, and for how many of its tests. */
const left = new WeakMap<File, { until: number; tests: number }>();

// Before any file of the user's is loaded: what it takes hold of is controlled.
prepareWorker();
watchMocks();
runAllAlone();

conductWith((test, runner) => {
  if (runsAlone(test) || (order.token !== undefined && test.mode !== 'run')) return undefined;
  prepareWorker();
  const isToFail = test.fails === true;
  return new Conductor(test, () => new UnchangedTest(test, runner, order, isToFail, shareOf(test)));
});

/** An equal share of what is left of the file's time. */
function shareOf({ file }: Task): number | undefined {
  if (order.fileMs === undefined) return undefined;
  let rest = left.get(file);
  if (rest === undefined) left.set(file, (rest = { until: now.call(performance) + order.fileMs, tests: count(file) }));
  const share = (rest.until - now.call(performance)) / Math.max(1, rest.tests--);
  return Math.max(LEAST_MS, share);
}

function count(suite: Suite): number {
  return suite.tasks.reduce((sum, task) => sum + (task.type === 'suite' ? count(task as Suite) : 1), 0);
}

/** Vitest's own runner: everything else is stepped into. */
export { RunnerClass as default };
