import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect } from 'vitest';
import { payload, type PayloadBuilder } from '../../src/payload/index.ts';

/** A payload that runs a shell script with `$1`, `$2`, … set to the arguments. */
export function sh(script: string, ...args: string[]): PayloadBuilder {
  return payload({ name: 'script', binary: '/bin/sh', args: ['-c', script, 'script', ...args] });
}

/** The same, with the numbers of its JSON as metrics. */
export function jsonSh(script: string): PayloadBuilder {
  return payload({ name: 'script', binary: '/bin/sh', args: ['-c', script], output: 'json' });
}

interface Proc {
  readonly pid: number;
  readonly state: string;
  readonly group: number;
  readonly session: number;
}

/** The processes that are not zombies and belong to a group or session. */
export function members(groupOrSession: number): readonly number[] {
  return processes()
    .filter(({ state, group, session }) => state !== 'Z' && (group === groupOrSession || session === groupOrSession))
    .map(({ pid }) => pid);
}

export function isAlive(pid: number): boolean {
  return processes().some((proc) => proc.pid === pid && proc.state !== 'Z');
}

export function groupOf(pid: number): number | undefined {
  return processes().find((proc) => proc.pid === pid)?.group;
}

export function stateOf(pid: number): string | undefined {
  return processes().find((proc) => proc.pid === pid)?.state;
}

/** Waits for what another process does on its own; fails after ten seconds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) expect.fail(`it never came to this: ${what}`);
    await sleep(5);
  }
}

/** Nothing of these trees is left, in their groups or in their sessions. */
export async function expectGone(...pids: number[]): Promise<void> {
  const trees = new Set(pids);
  const left = () =>
    processes().some(({ state, group, session }) => state !== 'Z' && (trees.has(group) || trees.has(session)));
  await eventually(() => !left(), `nothing left of the trees of ${pids.join(', ')}`);
}

/** Reads a number that a script writes once it has come to a certain place. */
export async function numberIn(file: string): Promise<number> {
  const read = (): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  await eventually(() => read().endsWith('\n'), `a line in ${file}`);
  return Number(read());
}

/** A directory of the running test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'straddle-payload-'));
  directories.push(directory);
  return directory;
}

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function processes(): readonly Proc[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return [{ pid: Number(name), state: state!, group: Number(group), session: Number(session) }];
      } catch {
        return [];
      }
    });
}
