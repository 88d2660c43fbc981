import type { Step } from '../scheduler/diagnosis.ts';
import { tellCircle } from '../scheduler/failure.ts';
import type { Decision } from './deciding.ts';
import type { Failure, Report } from './report.ts';

/** Steps of a story that are always shown. */
const ALL_SHOWN = 24;
/** Of a longer one: those at its end, and of tasks of which there are fewer than this. */
const END_SHOWN = 5;
const MANY = 3;
/** Lines of a story; what is left out of the middle is counted. */
const MOST_LINES = 60;
/** Rows of a table of branches. */
const MOST_ROWS = 10;
/** A note that would pass this column gets a line of its own. */
const WIDTH = 100;
/** Instead of the steps of a failure. */
const UNTOLD = 'A time limit was over before the steps of this could be told; a replay tells them.';

/**
 * A failure as a person reads it: what happened, who ran when and where, and how to bring it back.
 * @param replay the command that replays it; it ends the text.
 */
export function tellFailure(failure: Failure, replay: string = replayHint(failure.token)): string {
  const { waiting } = failure;
  // A deadlock's message lists who waits, in one sentence; here they get a line each.
  const circle = tellCircle(waiting);
  const message = failure.kind === 'deadlock' && waiting.length > 0 ? 'nothing can run any more' : failure.message;
  return [
    `${failure.kind}: ${message}`,
    ...columns(
      waiting.map(({ task, on, site = '', heldBy }) => [
        `  ${task}`,
        `waits on ${on}${heldBy === undefined ? '' : `, held by ${heldBy}`}`,
        site,
      ]),
    ),
    ...(circle === undefined ? [] : [`  They wait in a circle: ${circle}.`]),
    `(${origin(failure)})`,
    ...tellDecision(failure),
    '',
    ...(failure.trace.length === 0 ? [UNTOLD] : tellTrace(failure.trace, failure.decidingPair)),
    '',
    `Replay: ${replay}`,
  ].join('\n');
}

/** The report of a test that did not pass. */
export function tell(report: Report): string {
  const { failure } = report;
  if (report.verdict === 'vacuous') {
    return [
      `vacuous: the test passed ${count(report.executions, 'execution')}, but that proves nothing.`,
      ...report.vacuous.map(({ kind, detail }) => `  ${kind}: ${detail}`),
      ...(report.vacuous.some(({ kind }) => kind === 'branch') ? ['', ...tellBranches(report)] : []),
    ].join('\n');
  }
  if (failure === undefined)
    return `No failing schedule was found in ${count(report.executions, 'execution')}, and one was expected.`;
  return tellFailure(failure);
}

/** How often each branch was passed, execution by execution, and in how many of them. */
export function tellBranches(report: Pick<Report, 'branches' | 'branchTable' | 'executions'>): string[] {
  const { executions } = report;
  const branches = Object.entries(report.branches);
  const shown = report.branchTable.slice(0, MOST_ROWS);
  const rows = shown.map(({ execution, hits }) => [
    String(execution),
    ...branches.map(([label]) => String(hits[label] ?? 0)),
  ]);
  if (executions > shown.length) rows.push(['…', ...branches.map(() => '…')]);
  if (executions > 1) rows.push(['seen in', ...branches.map(([, seen]) => `${seen.executions} of ${executions}`)]);
  const table = [['execution', ...branches.map(([label]) => label)], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column]!)).join('  ')}`);
}

/**
 * One line per step. `*` marks a choice that differs from the order that deviations are counted against, `>` the
 * one that decides: the nearest passing schedule parts there, or, where none is known, the last deviation.
 */
export function tellTrace(trace: readonly Step[], pair?: Decision): string[] {
  const deciding = pair?.step ?? trace.findLast(({ deviation }) => deviation)?.step;
  const isShown = whatMatters(trace, deciding, pair?.first.task);
  const shown = trace.filter(isShown);
  const rows = columns(
    shown.map((step) => [
      `${step.step === deciding ? '>' : step.deviation ? '*' : ' '} ${String(step.step).padStart(4)}`,
      step.task,
      what(step),
      step.site ?? '',
    ]),
  );
  const lines: string[] = [];
  let next = 0;
  shown.forEach((step, row) => {
    lines.push(...tellHidden(trace.slice(next, step.step)), ...withNotes(rows[row]!, notes(step, trace)));
    next = step.step + 1;
  });
  lines.push(...tellHidden(trace.slice(next)));
  return shortened(lines);
}

/** Everything in a short story; in a long one not the many tasks that are alike and did not decide anything. */
export function whatMatters(
  trace: readonly Step[],
  deciding: number | undefined,
  delayed: string | undefined,
): (step: Step) => boolean {
  const involved = new Set(delayed === undefined ? [] : [delayed]);
  const families = new Map<string, Set<string>>();
  for (const { step, task, deviation } of trace) {
    if (deviation || step === deciding) involved.add(task);
    const family = families.get(familyOf(task));
    if (family === undefined) families.set(familyOf(task), new Set([task]));
    else family.add(task);
  }
  return ({ step, task }) =>
    trace.length <= ALL_SHOWN ||
    step === 0 ||
    step >= trace.length - END_SHOWN ||
    involved.has(task) ||
    families.get(familyOf(task))!.size < MANY;
}

/** What the name of a task was before it was numbered: `add` for `add#3/1`. */
function familyOf(task: string): string {
  return task.replace(/[#/][^]*$/, '');
}

function tellDecision({ decidingPair, trace }: Failure): string[] {
  if (decidingPair === undefined) return [];
  const { step, first } = decidingPair;
  const second = trace[step];
  // Strands are told by the name of the task that forked them; the pair has their own.
  const met = trace.find(({ task, op }) => task === first.task && op === first.op);
  if (second === undefined || met === undefined) return [];
  return [`It passes if ${who(met)} before ${who(second)} in step ${step} (>).`];
}

function who(step: Step): string {
  return step.kind === 'start' ? `${step.task} starts` : `${step.task} passes ${what(step)}`;
}

/** A run of steps that nobody chose: one line. */
function tellHidden(steps: readonly Step[]): string[] {
  const [first] = steps;
  if (first === undefined) return [];
  const tasks = new Set(steps.map(({ task }) => task)).size;
  const alike = tasks === steps.length && steps.every((step) => what(step) === what(first));
  const names = tasks === 1 ? first.task : `${first.task} … ${steps.at(-1)!.task}`;
  const told = alike
    ? `${count(tasks, 'more task')}: ${what(first)} (${names})`
    : `${count(steps.length, 'step')} of ${count(tasks, 'other task')} (${names})`;
  return [`         … ${told} …`];
}

function what(step: Step): string {
  if (step.kind === 'start') return 'starts';
  return step.key === undefined ? step.op : `${step.op} [${step.key}]`;
}

function notes(step: Step, trace: readonly Step[]): string[] {
  const notes: string[] = [];
  if (step.early) notes.push(`only if ${earlyTimer(step, trace)}`);
  if (step.took > 0) notes.push(`took ${milliseconds(step.took)}`);
  if (step.together && step.deviation) notes.push('together with the step before');
  if (step.kind === 'point' && step.settled > step.created)
    notes.push(`held since step ${step.created}, let go by step ${step.settled}`);
  return notes;
}

/** What an early timer asks of the world: 'the 5 ms sleep at file:line elapses before work that could run'. */
export function earlyTimer(step: Step, trace: readonly Step[]): string {
  const delay = step.time - (trace[step.created]?.time ?? 0);
  const [first = 'other work', ...more] = step.others;
  const overtaken = trace.find(({ task, op }) => `${task} at ${op}` === first);
  const what = overtaken === undefined ? first : who(overtaken);
  const rest = more.length === 0 ? '' : `, ahead of ${more.length} more`;
  const place = step.site === undefined ? '' : ` at ${step.site}`;
  return `the ${milliseconds(delay)} ${step.op}${place} elapses before ${what}${rest}`;
}

function withNotes(line: string, notes: readonly string[]): string[] {
  if (notes.length === 0) return [line];
  const note = `(${notes.join('; ')})`;
  return line.length + note.length + 2 <= WIDTH ? [`${line}  ${note}`] : [line, `         ${note}`];
}

/** Without the middle of a story that nobody would read. */
function shortened(lines: readonly string[]): string[] {
  if (lines.length <= MOST_LINES) return [...lines];
  const head = Math.floor(MOST_LINES / 3);
  const tail = MOST_LINES - head - 1;
  const left = lines.length - head - tail;
  return [...lines.slice(0, head), `         … ${left} lines left out …`, ...lines.slice(-tail)];
}

/** Rows with their cells under one another. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

/** How it was found, and how far it is from what Node does. */
export function origin({ foundBy, execution, deviations, order, preemptions, reach }: Omit<Failure, 'error'>): string {
  const counts = `${count(deviations, 'deviation')} from ${order} order, ${count(preemptions, 'preemption')}`;
  return `found by ${foundBy} in execution ${execution}; ${counts}; reach: ${reach}`;
}

function replayHint(token: string): string {
  return `run this one test with STRADDLE_REPLAY=${token}`;
}

/** Without the noise of binary fractions. */
function milliseconds(ms: number): string {
  return `${Number(ms.toPrecision(6))} ms`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
