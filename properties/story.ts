import type { Step } from '../scheduler/diagnosis.ts';
import type { Failure, Report } from './report.ts';

/** Steps of a story that are always shown; longer ones are told by the tasks that decide. */
const ALL_SHOWN = 24;

/** A failure as a person reads it: what happened, who ran when and where, and how to bring it back. */
export function tellFailure(failure: Failure, replay: string = replayHint(failure.token)): string {
  const found = `found by ${failure.foundBy} in execution ${failure.execution}; ${count(failure.deviations, 'deviation')} from natural order, ${count(failure.preemptions, 'preemption')}`;
  return [
    `${failure.kind}: ${failure.message}`,
    `(${found})`,
    '',
    ...tellTrace(failure.trace),
    ...failure.waiting.map(
      ({ task, on, site }) => `  ${task} waits on ${on}${site === undefined ? '' : ` at ${site}`}`,
    ),
    '',
    `Replay: ${replay}`,
  ].join('\n');
}

/** The report of a test that did not pass. */
export function tell(report: Report): string {
  const { failure } = report;
  if (report.verdict === 'vacuous') {
    const missing = report.vacuous.map(({ kind, detail }) => `  ${kind}: ${detail}`);
    return [
      `vacuous: the test passed ${count(report.executions, 'execution')}, but that proves nothing.`,
      ...missing,
    ].join('\n');
  }
  if (failure === undefined)
    return `No failing schedule was found in ${count(report.executions, 'execution')}, and one was expected.`;
  return tellFailure(failure);
}

/** One line per step; `*` marks what differs from natural order. */
export function tellTrace(trace: readonly Step[]): string[] {
  const deciding = new Set(trace.filter(({ deviation }) => deviation).map(({ task }) => task));
  const shown = (step: Step): boolean =>
    trace.length <= ALL_SHOWN || deciding.has(step.task) || step.step === trace.length - 1;
  const taskWidth = Math.max(4, ...trace.filter(shown).map(({ task }) => task.length));
  const opWidth = Math.max(2, ...trace.filter(shown).map((step) => what(step).length));
  const lines: string[] = [];
  let hidden = 0;
  const flush = (): void => {
    if (hidden > 0) lines.push(`         … ${count(hidden, 'step')} of other tasks, in natural order …`);
    hidden = 0;
  };
  for (const step of trace) {
    if (!shown(step)) {
      hidden++;
      continue;
    }
    flush();
    const mark = step.deviation ? '*' : ' ';
    const line = `${mark} ${String(step.step).padStart(4)}  ${step.task.padEnd(taskWidth)}  ${what(step).padEnd(opWidth)}  ${step.site ?? ''}`;
    lines.push(`${line.trimEnd()}${notes(step)}`);
  }
  flush();
  return lines;
}

function what(step: Step): string {
  if (step.kind === 'start') return 'starts';
  return step.key === undefined ? step.op : `${step.op} [${step.key}]`;
}

function notes(step: Step): string {
  const notes: string[] = [];
  if (step.early) notes.push(`only if this timer, due at ${step.time} ms, fires before work that could run`);
  if (step.took > 0) notes.push(`took ${step.took} ms`);
  if (step.together) notes.push('together with the step before');
  return notes.length === 0 ? '' : `  (${notes.join('; ')})`;
}

function replayHint(token: string): string {
  return `run this one test with STRADDLE_REPLAY=${token}`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
