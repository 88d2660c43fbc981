import { KINDS, type FailureKind } from './failure.ts';
import { REACHES, type Reach } from './reach.ts';
import { isSameName, type Deviation, type OpName } from './schedule.ts';
import type { Recording } from './token.ts';

/** How a deviation is placed. */
const INSTEAD = 0;
const TOGETHER = 1;
const ITSELF = 2;
const BY_STEP = 3;
const BY_STEP_TOGETHER = 4;

/**
 * A recording as JSON keeps it: `[seed, execution, [granularity, time, order, reach], stallMs, maxSteps, steps,
 * kind, names, deviations, script?, startTime?, property?]`. A deviation is `[step, how, ...operation, ...place?, took?]`, an operation
 * `[task, name, nth]` with both names as positions in the list of names.
 */
export function pack(recording: Recording): unknown[] {
  const names: string[] = [];
  const idOf = (name: string): number => {
    const known = names.indexOf(name);
    return known >= 0 ? known : names.push(name) - 1;
  };
  const packName = ({ task, op, nth }: OpName): number[] => [idOf(task), idOf(op), nth];
  const deviations = recording.deviations.map((deviation) => {
    const { step, instead, after, joined, took } = deviation;
    const place = after ?? instead;
    let how = after === undefined ? INSTEAD : TOGETHER;
    if (place === undefined) how = joined ? BY_STEP_TOGETHER : BY_STEP;
    else if (isSameName(place, deviation)) how = ITSELF;
    const placed = how === INSTEAD || how === TOGETHER ? packName(place!) : [];
    return [step, how, ...packName(deviation), ...placed, ...(took > 0 ? [took] : [])];
  });
  return [
    recording.seed,
    recording.execution,
    [
      recording.granularity === 'macrotask' ? 1 : 0,
      recording.time === 'elastic' ? 1 : 0,
      recording.order === 'steady' ? 1 : 0,
      REACHES.indexOf(recording.reach),
    ],
    recording.stallMs,
    recording.maxSteps,
    recording.steps,
    KINDS.indexOf(recording.kind),
    names,
    deviations,
    ...tailOf(recording),
  ];
}

/** What most recordings do without. */
function tailOf({ script, startTime, property }: Recording): unknown[] {
  const tail = [
    script === undefined ? null : [script.step, script.message],
    startTime ?? null,
    property === undefined ? null : [property.seed, property.path],
  ];
  return tail.slice(0, tail.findLastIndex((part) => part !== null) + 1);
}

/** Reads it back; `undefined` for anything that `pack` cannot have made. */
export function unpack(packed: unknown, prints: string): Recording | undefined {
  if (!Array.isArray(packed) || packed.length < 9 || packed.length > 12) return undefined;
  const [seed, execution, modes, stallMs, maxSteps, steps, kind, names, deviations, script, startTime, property] =
    packed as unknown[];
  if (!Number.isSafeInteger(seed) || !isCount(execution, 1) || !isCount(maxSteps, 1) || !isCount(steps, 1)) {
    return undefined;
  }
  if (!isAmount(stallMs) || !isCount(kind, 0) || KINDS[kind] === undefined) return undefined;
  if (!isListOf(modes, (mode) => isCount(mode, 0)) || modes.length !== 4) return undefined;
  const [macrotask, elastic, steady, reach] = modes as [number, number, number, number];
  if (macrotask > 1 || elastic > 1 || steady > 1 || REACHES[reach] === undefined) return undefined;
  if (!isListOf(names, (name) => typeof name === 'string') || !isListOf(deviations, Array.isArray)) return undefined;
  const read = deviations.map((deviation) => unpackDeviation(deviation as unknown[], names as string[]));
  if (!read.every((deviation) => deviation !== undefined)) return undefined;
  if (!isAbsent(script) && !isScript(script)) return undefined;
  if (!isAbsent(startTime) && !Number.isSafeInteger(startTime)) return undefined;
  if (!isAbsent(property) && !isProperty(property)) return undefined;
  return {
    seed: seed as number,
    execution,
    granularity: macrotask === 1 ? 'macrotask' : 'await',
    time: elastic === 1 ? 'elastic' : 'idle',
    order: steady === 1 ? 'steady' : 'natural',
    reach: REACHES[reach] as Reach,
    stallMs,
    maxSteps,
    steps,
    prints,
    kind: KINDS[kind] as FailureKind,
    deviations: read,
    ...(isAbsent(script) ? {} : { script: { step: script[0], message: script[1] } }),
    ...(isAbsent(startTime) ? {} : { startTime: startTime as number }),
    ...(isAbsent(property) ? {} : { property: { seed: property[0], path: property[1] } }),
  };
}

function unpackDeviation(packed: readonly unknown[], names: readonly string[]): Deviation | undefined {
  const [step, how, ...rest] = packed;
  if (!isCount(step, 1) || !isCount(how, 0) || how > BY_STEP_TOGETHER) return undefined;
  const placed = how === INSTEAD || how === TOGETHER;
  const numbers = placed ? 6 : 3;
  if (rest.length < numbers || rest.length > numbers + 1) return undefined;
  const op = unpackName(rest.slice(0, 3), names);
  const place = placed ? unpackName(rest.slice(3, 6), names) : op;
  const took = rest[numbers] ?? 0;
  if (op === undefined || place === undefined || (placed && isSameName(op, place)) || !isAmount(took)) return undefined;
  const joined = how === TOGETHER || how === BY_STEP_TOGETHER;
  if (how === INSTEAD || how === ITSELF) return { ...op, step, joined, took, instead: place };
  return how === TOGETHER ? { ...op, step, joined, took, after: place } : { ...op, step, joined, took };
}

function unpackName([task, op, nth]: readonly unknown[], names: readonly string[]): OpName | undefined {
  if (!isCount(task, 0) || !isCount(op, 0) || !isCount(nth, 1)) return undefined;
  if (names[task] === undefined || names[op] === undefined) return undefined;
  return { task: names[task], op: names[op], nth };
}

function isScript(value: unknown): value is [step: number, message: string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [step, message] = value as unknown[];
  return (step === -1 || isCount(step, 1)) && typeof message === 'string';
}

/** What fast-check takes: a seed, and a path of positions. */
function isProperty(value: unknown): value is [seed: number, path: string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [seed, path] = value as unknown[];
  return Number.isSafeInteger(seed) && typeof path === 'string' && /^\d+(:\d+)*$/.test(path);
}

/** Left out, or a place that is kept for what follows. */
function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

function isListOf(value: unknown, is: (item: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && value.every((item) => is(item));
}
