import type { PageTest } from '../page-data.ts';
import type { Traces } from './state.ts';

/** More lanes than these are folded until they are asked for. */
const MANY = 10;
const COLOURS = 8;

export interface Lanes {
  /** What each row is called. */
  readonly names: readonly string[];
  /** Tasks that share the last row. */
  readonly folded: number;
  rowOf(task: string): number;
  colourOf(task: string): number;
}

/** A row for each task, the same in both schedules; of many, only those that take part in what decides. */
export function lanesOf(traces: Traces, test: PageTest, all: boolean): Lanes {
  const tasks = [...new Set([...traces.failing.tasks, ...(traces.passing?.tasks ?? [])])];
  const colours = new Map(tasks.map((task, at) => [task, at % COLOURS]));
  const shown = all || tasks.length <= MANY ? tasks : involved(traces, test, tasks);
  const rows = new Map(shown.map((task, at) => [task, at]));
  const folded = tasks.length - shown.length;
  return {
    names: folded === 0 ? shown : [...shown, `${folded} others`],
    folded,
    rowOf: (task) => rows.get(task) ?? shown.length,
    colourOf: (task) => colours.get(task) ?? 0,
  };
}

function involved({ failing, passing, pair }: Traces, { failure }: PageTest, tasks: readonly string[]): string[] {
  const wanted = new Set([tasks[0]!]);
  for (const { task } of failure?.waiting ?? []) wanted.add(task);
  for (const trace of passing === undefined ? [failing] : [failing, passing]) {
    for (let step = 0; step < trace.length; step++) if (trace.deviatesAt(step)) wanted.add(trace.taskAt(step));
    wanted.add(trace.taskAt(trace.length - 1));
  }
  for (const step of [pair?.failing.first ?? -1, pair?.failing.second ?? -1]) {
    if (step >= 0) wanted.add(failing.taskAt(step));
  }
  return tasks.filter((task) => wanted.has(task)).slice(0, MANY);
}
