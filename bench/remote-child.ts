import { point } from '../scheduler/point.ts';
import { serve } from '../src/remote/index.ts';

/** What the benchmark's child serves. */
export interface Loops {
  readonly calls: typeof calls;
}

/** A hot loop through a point; nanoseconds for each pass. */
export async function hotLoop(passes: number): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < passes; i++) await point('hot');
  return ((performance.now() - started) * 1e6) / passes;
}

const calls = {
  hotLoop,
  /** Passes the point `pass` with keys from 0 on. */
  async pass(times: number): Promise<void> {
    for (let i = 0; i < times; i++) await point('pass', i);
  },
};

export const server = serve<Loops>(() => ({ calls }));
