import { closest, distance } from 'fastest-levenshtein';
import { StraddleError } from '../scheduler/error.ts';
import { messageOf } from '../scheduler/thrown.ts';
import type { Strategy } from '../scheduler/strategy.ts';
import { START_TIME } from '../scheduler/world/clock.ts';
import type { Progress } from './report.ts';
import { parseShard, SHARD_VARIABLE, type Shard } from './shard.ts';
import { STRATEGIES, type StrategyName } from './strategies.ts';

/** What a required branch must show. */
export interface BranchRequirement {
  /** Least executions that pass it; if every schedule was run, one is enough. */
  executions?: number;
  /** Least share of the executions that pass it, in 0..1. */
  share?: number;
  /** Every execution must pass it. */
  every?: boolean;
}

export interface ExploreOptions {
  /** Default `'portfolio'`. */
  strategy?: StrategyName | Strategy;
  /** Most executions; default 1000. */
  runs?: number;
  /** Most wall time in milliseconds; whichever comes first. */
  budgetMs?: number;
  /** Default: random, always reported. */
  seed?: number;
  /** Most steps of one execution, past which it is a livelock; default 10,000. */
  maxSteps?: number;
  /** Whether instrumented awaits are scheduling points; default `'await'`. */
  granularity?: 'await' | 'macrotask';
  /** Whether timers may fire while other work is enabled; default `'mixed'`: in some executions. */
  time?: 'mixed' | 'elastic' | 'idle';
  /** Virtual milliseconds by which timers may run ahead of enabled work, per execution; default 100. */
  stallMs?: number;
  /** What `Date` shows when an execution begins; default 2024-01-01T00:00:00.000Z. A number is milliseconds since 1970. */
  startTime?: Date | number;
  /** Branches that must be seen; without them a passing verdict is vacuous. */
  branches?: readonly string[] | Readonly<Record<string, BranchRequirement>>;
  /** What missing evidence does; default `'fail'`. */
  vacuity?: 'fail' | 'warn' | 'off';
  /** What tasks, timers and holds left at the end do; default `'warn'`. */
  leaks?: 'fail' | 'warn' | 'off';
  /** `'fail'`: a failing schedule must be found within the budget; default `'pass'`. */
  expect?: 'pass' | 'fail';
  /**
   * Share of choices, in every other execution, that may settle several operations before one drain; default 0.2,
   * with `exhaustive` 0. Above 0 `exhaustive` explores them all.
   */
  bursts?: number;
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

/** Options with their defaults, checked. */
export interface Settings {
  readonly strategy: StrategyName | Strategy;
  readonly runs: number;
  readonly budgetMs: number | undefined;
  readonly seed: number;
  readonly maxSteps: number;
  readonly granularity: 'await' | 'macrotask';
  readonly time: 'mixed' | 'elastic' | 'idle';
  readonly stallMs: number;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly branches: Readonly<Record<string, BranchRequirement>> | undefined;
  readonly vacuity: 'fail' | 'warn' | 'off';
  readonly leaks: 'fail' | 'warn' | 'off';
  readonly expect: 'pass' | 'fail';
  readonly bursts: number;
  /** The part of the executions that counts here. */
  readonly shard: Shard | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** The greatest distance of a `Date` from 1970, in milliseconds. */
const LATEST_DATE = 8.64e15;

const REQUIRED = ['executions', 'share', 'every'] as const satisfies readonly (keyof BranchRequirement)[];

const KNOWN = [
  'strategy',
  'runs',
  'budgetMs',
  'seed',
  'maxSteps',
  'granularity',
  'time',
  'stallMs',
  'startTime',
  'branches',
  'vacuity',
  'leaks',
  'expect',
  'bursts',
  'signal',
  'onProgress',
] as const satisfies readonly (keyof ExploreOptions)[];

/**
 * Checks options and fills in defaults. `STRADDLE_RUNS`, `STRADDLE_SEED` and `STRADDLE_BUDGET_MS` win over
 * what the test says.
 * @throws StraddleError `usage` with one sentence for the first thing that is wrong.
 */
export function settle(options: ExploreOptions, env: NodeJS.ProcessEnv = process.env): Settings {
  if (typeof options !== 'object' || (options as unknown) === null) bad('The options must be an object.');
  for (const name of Object.keys(options)) {
    if (!(KNOWN as readonly string[]).includes(name)) {
      bad(`There is no option '${name}'${nearest(name, KNOWN)}; the options are ${KNOWN.join(', ')}.`);
    }
  }
  const strategy = options.strategy ?? 'portfolio';
  const shard = shardOf(env);
  if (
    typeof strategy === 'string'
      ? !(strategy in STRATEGIES)
      : typeof strategy.choose !== 'function' || typeof strategy.begin !== 'function'
  ) {
    const names = Object.keys(STRATEGIES);
    bad(
      typeof strategy === 'string'
        ? `There is no strategy '${strategy}'${nearest(strategy, names)}; the strategies are ${names.join(', ')}.`
        : "A strategy must have the methods 'begin' and 'choose'.",
    );
  }
  const runs = fromEnv(env, 'STRADDLE_RUNS') ?? options.runs ?? 1000;
  const budgetMs = fromEnv(env, 'STRADDLE_BUDGET_MS') ?? options.budgetMs;
  const seed =
    fromEnv(env, 'STRADDLE_SEED') ?? options.seed ?? (shard === undefined ? Math.floor(Math.random() * 2 ** 31) : 1);
  whole('runs', runs, 1);
  if (budgetMs !== undefined && !within(budgetMs, Number.MIN_VALUE, Infinity))
    bad(`budgetMs must be a number of milliseconds above 0, not ${shown(budgetMs)}.`);
  if (!Number.isSafeInteger(seed)) bad(`seed must be a whole number, not ${shown(seed)}.`);
  const { maxSteps = 10_000, stallMs = 100 } = options;
  const bursts = options.bursts ?? (isComplete(strategy) ? 0 : 0.2);
  whole('maxSteps', maxSteps, 1);
  if (!within(stallMs, 0, Number.MAX_VALUE))
    bad(`stallMs must be a number of milliseconds of 0 or more, not ${shown(stallMs)}.`);
  const startTime = Number(options.startTime ?? START_TIME);
  if (!Number.isInteger(startTime) || Math.abs(startTime) > LATEST_DATE)
    bad(`startTime must be a date, or whole milliseconds since 1970, not ${shown(options.startTime)}.`);
  if (!within(bursts, 0, 1)) bad(`bursts must be a share from 0 to 1, not ${shown(bursts)}.`);
  const { signal, onProgress } = options;
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.aborted !== 'boolean')
    bad(`signal must be an AbortSignal, not ${shown(signal)}.`);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    bad(`onProgress must be a function, not ${shown(onProgress)}.`);
  return {
    strategy,
    runs,
    budgetMs,
    seed,
    maxSteps,
    stallMs,
    startTime,
    bursts,
    granularity: oneOf('granularity', options.granularity ?? 'await', ['await', 'macrotask']),
    time: oneOf('time', options.time ?? 'mixed', ['mixed', 'elastic', 'idle']),
    vacuity: oneOf('vacuity', options.vacuity ?? 'fail', ['fail', 'warn', 'off']),
    leaks: oneOf('leaks', options.leaks ?? 'warn', ['fail', 'warn', 'off']),
    expect: oneOf('expect', options.expect ?? 'pass', ['pass', 'fail']),
    branches: options.branches === undefined ? undefined : requirements(options.branches),
    shard,
    signal,
    onProgress,
  };
}

/** `STRADDLE_SHARD`. */
function shardOf(env: NodeJS.ProcessEnv): Shard | undefined {
  const text = env[SHARD_VARIABLE];
  return text === undefined || text === '' ? undefined : parseShard(text, `The environment variable ${SHARD_VARIABLE}`);
}

/** Whether it runs every schedule: of those in which operations are settled one at a time, if not asked for more. */
function isComplete(strategy: StrategyName | Strategy): boolean {
  return typeof strategy === 'string' ? strategy === 'exhaustive' : strategy.complete === true;
}

/** @throws StraddleError `usage` unless `body` is a function. */
export function requireBody(body: unknown): asserts body is (...args: never[]) => unknown {
  if (typeof body !== 'function') bad(`The test body must be a function, not ${body === null ? 'null' : typeof body}.`);
}

function requirements(branches: NonNullable<ExploreOptions['branches']>): Record<string, BranchRequirement> {
  if (typeof branches !== 'object' || (branches as unknown) === null)
    bad('branches must be a list of labels, or an object of requirements by label.');
  const entries = Array.isArray(branches)
    ? (branches as readonly string[]).map((label): [string, BranchRequirement] => [label, {}])
    : Object.entries(branches as Record<string, BranchRequirement>);
  for (const [label, required] of entries) {
    if (typeof label !== 'string') bad(`A branch is named by a text, not by ${String(label)}.`);
    if (typeof required !== 'object' || (required as unknown) === null)
      bad(`branches['${label}'] must be an object with ${REQUIRED.join(', ')}, not ${shown(required)}.`);
    for (const name of Object.keys(required)) {
      if (!(REQUIRED as readonly string[]).includes(name))
        bad(`A branch requires ${REQUIRED.join(', ')}; '${name}' of '${label}' is none of them.`);
    }
    const { executions, share, every } = required;
    if (every !== undefined && typeof every !== 'boolean')
      bad(`branches['${label}'].every must be true or false, not ${shown(every)}.`);
    if (executions !== undefined) whole(`branches['${label}'].executions`, executions, 1);
    if (share !== undefined && !within(share, Number.MIN_VALUE, 1))
      bad(`branches['${label}'].share must be above 0 and at most 1, not ${shown(share)}.`);
  }
  return Object.fromEntries(entries);
}

function fromEnv(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) bad(`The environment variable ${name} must be a number, not '${text}'.`);
  return value;
}

function whole(name: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    bad(`${name} must be a whole number of ${least} or more, not ${shown(value)}.`);
  }
}

function within(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

/** A text in quotes: `'5'` is no number. */
function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : messageOf(value);
}

function oneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) bad(`${name} must be one of ${allowed.join(', ')}, not '${String(value)}'.`);
  return value;
}

function bad(message: string): never {
  throw new StraddleError('usage', message);
}

/** ` (did you mean 'runs'?)` for a name that is one of the known but for a letter or two. */
function nearest(name: string, known: readonly string[]): string {
  const close = closest(name, known);
  return distance(name, close) <= 2 ? ` (did you mean '${close}'?)` : '';
}
