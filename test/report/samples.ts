import type { Step } from '../../scheduler/diagnosis.ts';
import type { Report } from '../../properties/report.ts';
import { documentOf, type ReportDocument } from '../../src/report/document.ts';
import { withSources } from '../../src/report/sources.ts';
import { explored } from './explored.ts';

export const FILE = 'test/report/explored.ts';

/** A failing, a passing, a vacuous and a remarked test, with their sources. */
export async function sampleDocument(): Promise<ReportDocument> {
  const failing = await explored();
  const passing = await explored({ strategy: 'natural', runs: 5, branches: ['both counted'], vacuity: 'off' });
  const vacuous = await explored({ strategy: 'natural', runs: 5 });
  return withSources(
    documentOf([
      { name: 'counter > is never behind', file: FILE, line: 8, report: failing },
      { name: 'counter > in natural order', file: FILE, line: 9, report: passing },
      { name: 'counter > both ways', file: FILE, line: 10, report: vacuous },
      {
        name: 'counter > ticks',
        file: FILE,
        report: failing,
        remark: { kind: 'tick', detail: 'only awaits of settled values are overtaken' },
      },
    ]),
  );
}

/** The failing report with a trace of `steps` steps, half of which the nearest passing schedule shares. */
export function longReport(report: Report, steps: number): Report {
  const trace = Array.from({ length: steps }, (_, step) => stepAt(step));
  const nearestPassing = trace.map((step) => (step.step < steps / 2 ? step : { ...step, task: `late ${step.task}` }));
  const name = { task: trace[steps - 1]!.task, op: trace[steps - 1]!.op, nth: 1 };
  const decidingPair = { step: steps / 2, first: name, second: name };
  return { ...report, failure: { ...report.failure!, trace, nearestPassing, decidingPair } };
}

const TASKS = ['main', 'reader', 'writer', 'flush', ...Array.from({ length: 9 }, (_, i) => `worker#${i + 1}`)];
const OPS = ['db.get(key) in load', 'queue:push', 'lock.acquire() in run', 'setTimeout 30 ms'];
const KINDS = ['await', 'point', 'await', 'timer'] as const;

function stepAt(step: number): Step {
  const created = Math.max(0, step - 1 - ((step * 7919) % 23));
  const which = (step * 17) % OPS.length;
  return {
    step,
    task: step === 0 ? 'main' : TASKS[(step * 31) % TASKS.length]!,
    op: step === 0 ? 'start' : OPS[which]!,
    kind: step === 0 ? 'start' : KINDS[which]!,
    site: `${FILE}:${10 + (step % 20)}:11`,
    time: Math.floor(step / 50) * 5,
    created,
    settled: Math.max(created, step - 1 - (step % 3), 0),
    others: step % 2 === 0 ? [] : ['reader at queue:push', 'writer at lock.acquire() in run'],
    deviation: step % 97 === 5,
    together: false,
    early: false,
    took: 0,
  };
}
