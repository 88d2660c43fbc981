import { inject } from 'vitest';
import { watchAnnotations } from './annotations.ts';
import { asked, BUDGET } from './asked.ts';
import { fileShare, testShare, type Budget, type PlannedFile } from './budget.ts';
import { Conductor } from './conductor.ts';
import { quickenDeclarations } from './declarations.ts';
import { fullNameOf, RunnerClass, type File, type Suite, type Task } from './internals.ts';
import { nameOf } from './interleavings.ts';
import { conductWith, runAllAlone, runsAlone } from './runner-hooks.ts';
import { watchMocks } from './tidy.ts';
import { UnchangedTest } from './unchanged.ts';
import { prepareWorker } from './worker.ts';

const { now } = performance;
const order = asked();
const budget = inject(BUDGET as never) as Budget | undefined;
/** Until when a file's tests are explored, and which of them are still to come. */
const left = new WeakMap<File, { until: number; plan: PlannedFile | undefined; tests: string[] }>();

// Before any file of the user's is loaded: what it takes hold of is controlled.
prepareWorker();
watchMocks();
runAllAlone();
quickenDeclarations();
// A terminal interrupts every process, and Vitest's main one says what is to become of this one.
if (process.send !== undefined) process.on('SIGINT', () => undefined);

conductWith((test, runner) => {
  if (runsAlone(test) || (order.token !== undefined && test.mode !== 'run')) return undefined;
  prepareWorker();
  watchAnnotations(runner);
  const isToFail = test.fails === true;
  return new Conductor(test, () => new UnchangedTest(test, runner, order, isToFail, shareOf(test)));
});

/** What a test is given of the budget, when it begins. */
function shareOf(test: Task): number | undefined {
  if (budget === undefined) return undefined;
  const time = performance.timeOrigin + now.call(performance);
  let rest = left.get(test.file);
  if (rest === undefined) {
    const { file, project = '' } = nameOf(test, order.root, 'explore');
    const plan = budget.files.find((one) => one.file === file && one.project === project);
    rest = { until: time + fileShare(budget, file, project, time), plan, tests: namesOf(test.file) };
    left.set(test.file, rest);
  }
  const name = fullNameOf(test);
  const share = testShare(rest.until - time, name, rest.tests, rest.plan);
  rest.tests.splice(0, rest.tests.indexOf(name) + 1);
  return share;
}

/** In the order in which they run. */
function namesOf(suite: Suite): string[] {
  return suite.tasks.flatMap((task) => (task.type === 'suite' ? namesOf(task as Suite) : nameIfRun(task as Task)));
}

function nameIfRun(test: Task): string[] {
  return test.mode === 'run' || test.mode === 'queued' ? [fullNameOf(test)] : [];
}

/** Vitest's own runner: everything else is stepped into. */
export { RunnerClass as default };
