import type { Step } from '../../scheduler/diagnosis.ts';
import type { ReportDocument } from './document.ts';

/** A step is drawn this long, in microseconds: steps are atomic and take no virtual time, so their order is the axis. */
const STEP = 1000;

interface Event {
  readonly ph: 'M' | 'X' | 's' | 'f';
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: number;
  readonly bp?: 'e';
  readonly args?: object;
}

/**
 * Trace events for Perfetto and chrome://tracing: a process for each schedule, a thread for each task, a slice for
 * each step, a flow for each wake-up. One step is one millisecond; its virtual time is among its arguments.
 */
export function traceEvent({ tests }: ReportDocument): string {
  const events: Event[] = [];
  let pid = 0;
  for (const { name, report } of tests) {
    const { failure } = report;
    if (failure === undefined) continue;
    add(events, ++pid, `${name}: failing`, failure.trace);
    if (failure.nearestPassing !== undefined) {
      add(events, ++pid, `${name}: nearest passing`, failure.nearestPassing);
    }
  }
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events })}\n`;
}

function add(events: Event[], pid: number, name: string, trace: readonly Step[]): void {
  events.push({ ph: 'M', pid, tid: 0, name: 'process_name', args: { name } });
  const threads = new Map<string, number>();
  const threadOf = (task: string): number => {
    let tid = threads.get(task);
    if (tid === undefined) {
      threads.set(task, (tid = threads.size + 1));
      events.push({ ph: 'M', pid, tid, name: 'thread_name', args: { name: task } });
      events.push({ ph: 'M', pid, tid, name: 'thread_sort_index', args: { sort_index: tid } });
    }
    return tid;
  };
  for (const { step, task, op, kind, key, site, time, settled, others, deviation, early, together, took } of trace) {
    const tid = threadOf(task);
    const args = { step, kind, key, site, virtualMs: time, took, others, deviation, early, together };
    const ts = step * STEP;
    events.push({ ph: 'X', pid, tid, ts, dur: STEP, name: kind === 'start' ? `${task} starts` : op, cat: kind, args });
    const waker = trace[settled];
    if (step === 0 || waker === undefined || waker.task === task) continue;
    // Within its slice: a flow binds to the slice that encloses it.
    const flow = { pid, name: 'wakes', cat: 'wakes', id: pid * 1e6 + step };
    events.push({ ...flow, ph: 's', tid: threadOf(waker.task), ts: settled * STEP + STEP / 2 });
    events.push({ ...flow, ph: 'f', bp: 'e', tid, ts: ts + STEP / 4 });
  }
}
