import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { payload } from '../payload/index.ts';
import type { Axis, Change, Runner } from './axes.ts';
import { outcomeOf, type Outcome } from './outcome.ts';

/** What is triaged: it can be run again and again, with something changed. */
export interface Subject {
  /** As a person would type it. */
  readonly name: string;
  readonly runner: Runner | undefined;
  /** What only this kind of subject can vary; tried before the rest. */
  readonly axes?: readonly Axis[];
  /** @param signal ends the run; what it came to then says nothing. */
  run(change?: Change, signal?: AbortSignal): Promise<Outcome>;
}

/**
 * A command of any language.
 * @param words the program and its arguments.
 * @param timeoutMs after which a run is ended and counts as failed.
 */
export function commandSubject(words: readonly [string, ...string[]], timeoutMs: number): Subject {
  const [binary, ...args] = words;
  const runner = runnerOf(words);
  const plain = payload({ binary, args, name: words.join(' ') });
  return {
    name: words.join(' '),
    runner,
    async run(change = {}, signal) {
      const folders: string[] = [];
      try {
        const from = performance.now();
        await using handle = await plain
          .args(change.args ?? [])
          .env(variables(change, folders))
          .spawn();
        const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
        const end = (): void => void handle[Symbol.asyncDispose]();
        limit.addEventListener('abort', end, { once: true });
        const result = await handle.wait();
        limit.removeEventListener('abort', end);
        return outcomeOf({ ...result, timedOut: limit.aborted }, performance.now() - from);
      } finally {
        for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      }
    },
  };
}

/** The environment of a changed run; folders made for it are added to `folders`. */
export function variables({ env, only, fresh, node }: Change, folders: string[]): Record<string, string | undefined> {
  const set: Record<string, string | undefined> = {};
  if (only !== undefined) {
    for (const name of Object.keys(process.env)) if (!only.includes(name)) set[name] = undefined;
  }
  Object.assign(set, env);
  for (const name of fresh ?? []) {
    const folder = mkdtempSync(join(tmpdir(), 'straddle-triage-'));
    folders.push(folder);
    set[name] = folder;
  }
  if (node !== undefined) {
    const preload = pathToFileURL(createRequire(import.meta.url).resolve('#triage-preload')).href;
    set['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --import=${preload}`.trim();
    set['STRADDLE_TRIAGE'] = JSON.stringify(node);
  }
  return set;
}

/** What is known of a command's test runner, by its name. */
function runnerOf(words: readonly string[]): Runner | undefined {
  const names = words.map((word) => word.replace(/^.*[/\\]/, '').replace(/\.[cm]?js$/, ''));
  if (names.includes('vitest')) return VITEST;
  if (names.includes('jest')) return JEST;
  return undefined;
}

export const VITEST: Runner = {
  shuffle: (seed) => ['--sequence.shuffle.tests', '--sequence.shuffle.files', `--sequence.seed=${seed}`],
  oneWorker: ['--no-file-parallelism', '--no-isolate'],
};

const JEST: Runner = { shuffle: (seed) => ['--randomize', `--seed=${seed}`], oneWorker: ['--runInBand'] };
