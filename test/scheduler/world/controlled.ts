import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { explore, type ExploreOptions, type Sim } from '../../../src/index.ts';

/** Runs `body` once in natural order, or as `options` say, and gives what its last execution returned. */
export async function inside<T>(body: (sim: Sim) => T, options: ExploreOptions = {}): Promise<Awaited<T>> {
  let result: Awaited<T> | undefined;
  const report = await explore(async (sim) => void (result = await body(sim)), {
    strategy: 'natural',
    // With this seed the one execution is not repeated as a check.
    seed: 2,
    vacuity: 'off',
    leaks: 'off',
    ...options,
  });
  const { failure } = report;
  if (failure !== undefined) throw new Error(`${failure.kind}: ${failure.message}`, { cause: failure.error });
  return result!;
}

/** A machine that is late may answer otherwise; a real difference is there every time. */
const ATTEMPTS = 5;

/** A body, run by Node and under control: both must answer the same. The name says what it shows. */
export function sameAsNode(name: string, body: () => unknown): void {
  test(name, async () => {
    const controlled = await inside(body);
    let native: unknown;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      native = await new Promise((resolve) => setTimeout(() => resolve(body()), 1));
      expect(native).toBeDefined();
      if (isDeepStrictEqual(controlled, native)) return;
    }
    expect(controlled).toEqual(native);
    expect.unreachable('equal in all but what toEqual leaves out');
  });
}

/** Collects what happens, in order. */
export class Log {
  readonly lines: string[] = [];
  readonly say = (line: unknown): void => void this.lines.push(String(line));
}

export const later = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
