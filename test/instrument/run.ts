import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import { slot, type Site } from '../../scheduler/point.ts';
import { transform } from '../../src/instrument/transform.ts';

/** What the program sees: `log(...)` records and returns its last argument. */
export type Log = unknown[];

/** How the fake engine treats a value: `off`, hands it back, or settles a promise of its own. */
export type Mode = 'off' | 'identity' | 'settle';

const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (
  ...source: string[]
) => (log: (...entries: unknown[]) => unknown) => Promise<unknown>;

/** Runs a program, as it is, to the end of the microtasks it queued. What it throws and rejects is logged by name. */
export async function run(code: string, mode: Mode = 'off'): Promise<{ log: Log; sites: Site[] }> {
  const log: Log = [];
  const sites: Site[] = [];
  const record = (...entries: unknown[]): unknown => {
    log.push(entries.length === 1 ? entries[0] : entries);
    return entries.at(-1);
  };
  const hook = {
    point: () => Promise.resolve(),
    hop(value: unknown, site: Site) {
      sites.push(site);
      return mode === 'settle' && isThenable(value) ? new Promise((resolve) => resolve(value)) : value;
    },
  };
  const unhandled = (reason: unknown): number => log.push(['unhandled', nameOf(reason)]);
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', unhandled);
  slot.hook = mode === 'off' ? undefined : hook;
  try {
    await new AsyncFunction('log', code)(record).catch((error: unknown) => log.push(nameOf(error)));
    await setImmediate();
  } finally {
    slot.hook = undefined;
    process.removeListener('unhandledRejection', unhandled);
    for (const listener of listeners) process.on('unhandledRejection', listener);
  }
  return { log, sites };
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

export function instrumented(code: string, file = 'case.js'): string {
  return transform(code, { file })?.code ?? code;
}

/** The rewritten lines alone, without what is appended. */
export function body(code: string, file = 'case.js'): string {
  return instrumented(code, file).replace(/\n?\/\* straddle \*\/[^]*/, '');
}

/** Instrumented code does what the original does, tick by tick when promises are handed back. */
export async function expectSame(code: string): Promise<Site[]> {
  const changed = instrumented(code);
  const { log } = await run(code);
  expect((await run(changed)).log).toEqual(log);
  expect((await run(changed, 'identity')).log).toEqual(log);
  const settled = await run(changed, 'settle');
  expect(settled.log).toEqual(log);
  return settled.sites;
}
