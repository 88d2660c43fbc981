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

/** A body, run by Node and under control: both must answer the same. The name says what it shows. */
export function sameAsNode(name: string, body: () => unknown): void {
  test(name, async () => {
    const native = await new Promise((resolve) => setTimeout(() => resolve(body()), 1));
    expect(native).toBeDefined();
    expect(await inside(body)).toEqual(native);
  });
}

/** Collects what happens, in order. */
export class Log {
  readonly lines: string[] = [];
  readonly say = (line: unknown): void => void this.lines.push(String(line));
}

export const later = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
