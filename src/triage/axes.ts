/** What one run changes of the plain run. */
export interface Change {
  /** Set over the variables of this process; `undefined` removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Only these variables are left, besides those that are set. */
  readonly only?: readonly string[];
  /** Arguments for the test runner. */
  readonly args?: readonly string[];
  /** Variables that each run gets an empty folder of its own for. */
  readonly fresh?: readonly ('TMPDIR' | 'HOME')[];
  /** The other tests of its file run, too. */
  readonly whole?: boolean;
  /** What the preload of Node programs does. */
  readonly node?: NodeChange;
}

/** Changes within a Node program, made before its first module is loaded. */
export interface NodeChange {
  /** `Date` begins there: milliseconds since 1970. */
  readonly clock?: number;
  /** `Math.random` and the random functions of `crypto` draw from it. */
  readonly seed?: number;
  /** Timers of up to a second last this many times as long. */
  readonly timers?: number;
  /** The event loop is blocked for this many milliseconds, again and again. */
  readonly stall?: number;
}

export const CAUSES = [
  'order',
  'latent order',
  'time',
  'randomness',
  'test order or leaked state',
  'environment/uncontrolled',
  'deterministic failure',
  'not reproduced',
] as const;
export type Cause = (typeof CAUSES)[number];

export interface Level {
  readonly label: string;
  readonly change: Change;
}

/** One thing that is varied while everything else stays. */
export interface Axis {
  readonly name: string;
  readonly cause: Cause;
  /**
   * - `seed`: explains a failure if each level ends one way whenever it is run, and the levels differ.
   * - `shift`: explains it if a level fails at another rate than the plain run.
   */
  readonly kind: 'seed' | 'shift';
  /** It is not the same in every plain run, so it may explain why they differ. */
  readonly varies: boolean;
  /** What a level that explains the failure says of it. */
  readonly says: string;
  readonly levels: readonly Level[];
}

/** The axis of how long things take. */
export const PACE = 'pace';

const SEEDS = 8;

/** How the runner of a command shuffles its tests and limits its workers, where that is known. */
export interface Runner {
  readonly shuffle: (seed: number) => readonly string[];
  readonly oneWorker: readonly string[];
}

/**
 * What is varied, one at a time.
 * @param now the date of today; clocks are set relative to it.
 */
export function axesFor(runner: Runner | undefined, now: Date): Axis[] {
  const axes: Axis[] = [
    {
      name: 'random seed',
      cause: 'randomness',
      kind: 'seed',
      varies: true,
      says: 'with its random numbers fixed it ends the same way every time, one way or the other with the seed',
      levels: seeds((seed) => ({ node: { seed } })),
    },
  ];
  if (runner !== undefined) {
    axes.push(
      {
        name: 'test order',
        cause: 'test order or leaked state',
        kind: 'seed',
        varies: true,
        says: 'it fails or passes with the order in which the tests run',
        levels: seeds((seed) => ({ args: runner.shuffle(seed) })),
      },
      {
        name: 'workers',
        cause: 'test order or leaked state',
        kind: 'shift',
        varies: true,
        says: 'it fails at another rate when the test files run one after another in one worker',
        levels: [{ label: 'one worker', change: { args: runner.oneWorker } }],
      },
    );
  }
  axes.push(
    {
      name: 'clock',
      cause: 'time',
      kind: 'shift',
      varies: false,
      says: 'it depends on the date',
      levels: [
        { label: 'a Saturday', change: { node: { clock: saturday(now) } } },
        { label: 'a Wednesday', change: { node: { clock: saturday(now) + 4 * DAY } } },
        { label: 'the last second of a year', change: { node: { clock: yearEnd(now) } } },
        { label: '29 February', change: { node: { clock: Date.UTC(2028, 1, 29, 12) } } },
        { label: 'in ten years', change: { node: { clock: now.getTime() + 3653 * DAY } } },
      ],
    },
    {
      name: 'time zone',
      cause: 'time',
      kind: 'shift',
      varies: false,
      says: 'it depends on the time zone',
      levels: ['UTC', 'Pacific/Kiritimati', 'America/St_Johns'].map((TZ) => ({ label: TZ, change: { env: { TZ } } })),
    },
    {
      name: 'locale',
      cause: 'environment/uncontrolled',
      kind: 'shift',
      varies: false,
      says: 'it depends on the locale',
      levels: ['de_DE', 'tr_TR'].map((name) => ({
        label: name,
        change: { env: { LC_ALL: `${name}.UTF-8`, LANG: `${name}.UTF-8` } },
      })),
    },
    {
      name: 'temporary files',
      cause: 'environment/uncontrolled',
      kind: 'shift',
      varies: true,
      says: 'files that earlier runs left behind leak in',
      levels: [
        { label: 'an empty TMPDIR', change: { fresh: ['TMPDIR'] } },
        { label: 'an empty HOME', change: { fresh: ['HOME'] } },
      ],
    },
    {
      name: PACE,
      cause: 'time',
      kind: 'shift',
      varies: true,
      says: 'it depends on how long things take: a real sleep or a deadline decides',
      levels: [
        { label: 'timers ten times as fast', change: { node: { timers: 0.1 } } },
        { label: 'timers ten times as slow', change: { node: { timers: 10 } } },
        { label: 'a stalling event loop', change: { node: { stall: 25 } } },
      ],
    },
    {
      name: 'environment',
      cause: 'environment/uncontrolled',
      kind: 'shift',
      varies: false,
      says: 'it depends on an environment variable',
      levels: [
        { label: 'CI=true', change: { env: { CI: 'true' } } },
        { label: 'CI unset', change: { env: { CI: undefined } } },
        { label: 'NODE_ENV=production', change: { env: { NODE_ENV: 'production' } } },
        { label: 'FORCE_COLOR=1', change: { env: { FORCE_COLOR: '1', NO_COLOR: undefined } } },
        { label: 'a minimal environment', change: { only: MINIMAL } },
      ],
    },
  );
  return axes;
}

/** What a program needs to start at all. */
export const MINIMAL = ['PATH', 'HOME', 'TMPDIR', 'SystemRoot', 'PATHEXT', 'TEMP', 'TMP', 'NODE_OPTIONS'];

const DAY = 86_400_000;

function seeds(change: (seed: number) => Change): Level[] {
  return Array.from({ length: SEEDS }, (_, i) => ({ label: `seed ${i + 1}`, change: change(i + 1) }));
}

/** Noon of the next Saturday, in this time zone. */
function saturday(now: Date): number {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate(), 12);
  return day.getTime() + (6 - day.getDay() + (day.getDay() === 6 ? 7 : 0)) * DAY;
}

/** Half a second before the year ends, in this time zone. */
function yearEnd(now: Date): number {
  return new Date(now.getFullYear() + 1, 0, 1).getTime() - 500;
}
