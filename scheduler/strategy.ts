import type { EnabledOp } from './op.ts';

/** What a strategy is told before an execution. */
export interface ExecutionInfo {
  /** 1-based. */
  readonly execution: number;
  /** Uniform in [0, 1), from the exploration's seed. */
  readonly random: () => number;
  /** Most executions that there will be. */
  readonly runs: number;
  /** Most steps of an execution. */
  readonly maxSteps: number;
  /** Share of choices that may settle several operations together; 0: none may. */
  readonly bursts: number;
  /** Whether timers may fire early; in `elastic` time operations may also take time in every execution. */
  readonly time: 'mixed' | 'elastic' | 'idle';
}

/** What a strategy is told after an execution. */
export interface ExecutionOutcome {
  readonly steps: number;
  /** Tasks that ran, strands included. */
  readonly tasks: number;
  readonly failed: boolean;
  /** The body drew random numbers: with another seed it may do otherwise. */
  readonly drew: boolean;
}

/** How large a strategy's space of schedules is. */
export interface Space {
  /** Schedules in all: counted when all have been run, until then estimated. */
  readonly schedules: number;
  /** From where another exploration can go on; absent when nothing is left. */
  readonly cursor?: string;
}

/**
 * The rule that makes the choices of execution after execution. A strategy sees enabled operations with
 * stable ids and nothing else of the engine; the same seed must lead it to the same choices.
 */
export interface Strategy {
  /** Appears in the report. */
  readonly name: string;
  /** Of a strategy that lets others choose: the name of the one that made the choices of the latest execution. */
  readonly part?: string;
  /** True if running out of schedules means that every schedule was run. */
  readonly complete?: boolean;
  /** True if it alone decides: the engine adds no bursts and no time taken to its choices. */
  readonly single?: boolean;
  /**
   * True if the execution that has begun hangs on no other one but those for which this was false. Shards leave it to
   * one of them; the others are run by all and counted by one.
   */
  readonly independent?: boolean;
  /** Called before each execution. False: no schedule is left, the exploration ends. */
  begin(info: ExecutionInfo): boolean;
  /**
   * Picks one of `enabled` (never empty, in natural order: index 0 is what Node would do) for step `step`.
   * The array and its operations are reused: keep nothing of them.
   */
  choose(enabled: readonly EnabledOp[], step: number): number;
  /**
   * Before a drain: which of `enabled` to settle together with what was just settled, or −1 to drain first.
   * `natural` tells whether natural order would settle `enabled[0]` too. Without this method the engine
   * settles several operations at the rate of the option `bursts`.
   */
  readonly join?: ((enabled: readonly EnabledOp[], natural: boolean) => number) | undefined;
  /**
   * Virtual milliseconds, at most `limit`, that the operation just chosen takes before it runs; asked in elastic
   * executions while a timer is armed. Without this method the engine lets few operations take a random time.
   */
  take?(limit: number): number;
  /** Called after each execution. */
  end?(outcome: ExecutionOutcome): void;
  /** The space, of a strategy that can run out. */
  space?(): Space | undefined;
}
