import { StraddleError } from '../../scheduler/error.ts';
import type { Cgroup } from './cgroup.ts';
import type { Check } from './checks.ts';
import type { MetricHint } from './metrics.ts';
import type { ProcessGroup } from './process-group.ts';

/** An external program and what is known about it, to be shared by many runs. */
export interface Program {
  /** A name that is looked up on `PATH`, or a path. */
  readonly binary: string;
  /** What messages and results call it. Default: the binary. */
  readonly name?: string;
  /** Arguments that every run starts with. Default: none. */
  readonly args?: readonly string[];
  /** Checks that every run starts with. Default: none. */
  readonly checks?: readonly Check[];
  /** `json`: the numbers of the JSON it prints are its metrics. Default `exit-code`: it has none. */
  readonly output?: 'exit-code' | 'json';
  /** Polarity and unit of its metrics. Default: none. */
  readonly hints?: readonly MetricHint[];
  /** Default `own`. With `parent` it also inherits stdin; otherwise its stdin is empty. */
  readonly processGroup?: ProcessGroup;
}

/**
 * Where a program is to be before its first instruction: in a cgroup, or wherever a function puts the process whose
 * number it is given. The program waits until that is done, and never runs if it fails.
 */
export type Placement = Cgroup | ((pid: number) => void | Promise<void>);

/** All that a run will do, as plain data. */
export interface Plan extends Required<Program> {
  /** Milliseconds; `undefined` for no limit. */
  readonly timeout: number | undefined;
  readonly placement: Placement | undefined;
  /** `undefined` for the directory of this process. */
  readonly cwd: string | undefined;
  /** Set over the variables of this process; `undefined` removes one. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The plan of a program with nothing added. Throws `StraddleError` of kind `payload-argument` for a bad program. */
export function planFor(program: string | Program): Plan {
  const { binary, name, args, checks, output, hints, processGroup } =
    typeof program === 'string' ? ({ binary: program } as Program) : program;
  if (text(binary, 'the binary of a payload') === '') {
    throw new StraddleError('payload-argument', 'the binary of a payload must not be empty.');
  }
  return {
    binary,
    name: name ?? binary,
    args: (args ?? []).map(argument),
    checks: [...(checks ?? [])],
    output: output ?? 'exit-code',
    hints: [...(hints ?? [])],
    processGroup: processGroup ?? 'own',
    timeout: undefined,
    placement: undefined,
    cwd: undefined,
    env: {},
  };
}

/** Lets an argument pass, or throws. */
export function argument(value: string): string {
  return text(value, 'an argument of a payload');
}

/** Lets a string pass that can be handed to a process, or throws. */
export function text(value: string, what: string): string {
  if (typeof value !== 'string')
    throw new StraddleError('payload-argument', `${what} must be a string, not ${typeof value}.`);
  if (value.includes('\0')) throw new StraddleError('payload-argument', `${what} must not contain a NUL byte.`);
  return value;
}
