import type { Step } from '../../scheduler/diagnosis.ts';
import { DEVIATION, EARLY, MOST_OTHERS, TOGETHER, type PackedTrace } from './page-data.ts';

/** A trace in columns; of one that shares its first steps with another, only the rest. */
export function pack(trace: readonly Step[], shared = 0): PackedTrace {
  const texts: string[] = [];
  const places = new Map<string, number>();
  const place = (text: string | undefined): number => {
    if (text === undefined) return 0;
    let at = places.get(text);
    if (at === undefined) places.set(text, (at = texts.push(text)));
    return at;
  };
  const words: number[] = [];
  const others: Record<number, number[]> = {};
  for (let at = shared; at < trace.length; at++) {
    const { step, task, op, kind, key, site, time, created, settled, took } = trace[at]!;
    const { deviation, together, early, others: could } = trace[at]!;
    const flags = (deviation ? DEVIATION : 0) | (together ? TOGETHER : 0) | (early ? EARLY : 0);
    words.push(place(task), place(op), place(kind), place(key), place(site), round(time));
    words.push(step - created, step - settled, flags, round(took));
    if (could.length === 0) continue;
    others[at] = could.slice(0, MOST_OTHERS).map(place);
    if (could.length > MOST_OTHERS) others[at]!.push(could.length - MOST_OTHERS);
  }
  return { shared, texts, words, others };
}

/** The first step in which two traces differ, or undefined. */
export function firstDifference(a: readonly Step[], b: readonly Step[]): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let step = 0; step < length; step++) {
    const [ours, theirs] = [a[step], b[step]];
    const isSame = ours?.task === theirs?.task && ours?.op === theirs?.op && ours?.together === theirs?.together;
    if (!isSame) return step;
  }
  return undefined;
}

/** Without the noise of binary fractions. */
function round(ms: number): number {
  return Number(ms.toPrecision(9));
}
