import { naturalOrder, type Chooser } from '../scheduler/chooser.ts';
import type { Run } from '../scheduler/control.ts';
import type { Observer, RunSpec } from '../scheduler/run.ts';
import type { Sim } from '../scheduler/sim.ts';
import { START_TIME } from '../scheduler/world/clock.ts';
import type { Settings } from './options.ts';

/** Describes executions to the engine: the searched ones, and replays of the latest of them. */
export class Executions {
  readonly #spec: RunSpec;
  readonly #run: Run;

  constructor(
    body: (sim: Sim) => unknown,
    settings: Pick<Settings, 'maxSteps' | 'stallMs' | 'granularity'> & { readonly startTime?: number },
  ) {
    this.#spec = {
      chooser: naturalOrder,
      execution: 1,
      seed: 0,
      maxSteps: settings.maxSteps,
      startTime: settings.startTime ?? START_TIME,
      elastic: false,
      stallMs: settings.stallMs,
      awaits: settings.granularity === 'await',
    };
    this.#run = { spec: this.#spec, body };
  }

  /** The number, chance and time mode of the latest execution. */
  get spec(): Readonly<RunSpec> {
    return this.#spec;
  }

  /** The next execution of the search. */
  next(chooser: Chooser, execution: number, seed: number, elastic: boolean): Run {
    const spec = this.#spec;
    spec.chooser = chooser;
    spec.execution = execution;
    spec.seed = seed;
    spec.elastic = elastic;
    return this.#run;
  }

  /** The latest execution again, making the choices of `chooser`; the next one is another. */
  again(chooser: Chooser): Run {
    this.#spec.chooser = chooser;
    return this.#run;
  }

  /** The latest execution again, under another chooser: same number, same chance, same time mode. */
  replay(chooser: Chooser, observer?: Observer, changes?: Partial<Pick<RunSpec, 'awaits' | 'maxSteps'>>): Run {
    return { spec: { ...this.#spec, ...changes, chooser }, body: this.#run.body, observer };
  }
}

/** The seed of one execution's chance, from the exploration's. */
export function chanceSeed(seed: number, execution: number): number {
  let hash = Math.imul(seed ^ (seed / 2 ** 32), 0x9e3779b1) ^ Math.imul(execution, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
