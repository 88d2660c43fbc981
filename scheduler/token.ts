import { StraddleError } from './error.ts';
import type { Deviation } from './schedule.ts';

/** Everything that brings one execution back. */
export interface Recording {
  readonly seed: number;
  readonly execution: number;
  readonly granularity: 'await' | 'macrotask';
  readonly time: 'elastic' | 'idle';
  readonly stallMs: number;
  readonly maxSteps: number;
  readonly deviations: readonly Deviation[];
  /** One character per step, or per group of steps: what ran there. */
  readonly prints: string;
  /** How many steps were recorded. */
  readonly steps: number;
}

const VERSION = 1;
const PREFIX = `st${VERSION}.`;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Longest list of prints; a longer execution has several steps to a print. */
const MOST_PRINTS = 256;

type Packed = [
  seed: number,
  execution: number,
  macrotask: 0 | 1,
  elastic: 0 | 1,
  stallMs: number,
  maxSteps: number,
  steps: number,
  prints: string,
  deviations: [step: number, task: string, op: string, index: number, joined: 0 | 1, took: number][],
];

/** One line, URL-safe: version, the recording as JSON in base64url, and a checksum. */
export function encodeToken(recording: Recording): string {
  const packed: Packed = [
    recording.seed,
    recording.execution,
    recording.granularity === 'macrotask' ? 1 : 0,
    recording.time === 'elastic' ? 1 : 0,
    recording.stallMs,
    recording.maxSteps,
    recording.steps,
    recording.prints,
    recording.deviations.map(({ step, task, op, index, joined, took }) => [
      step,
      task,
      op,
      index,
      joined ? 1 : 0,
      took,
    ]),
  ];
  const payload = Buffer.from(JSON.stringify(packed)).toString('base64url');
  return `${PREFIX}${payload}.${checksum(payload)}`;
}

/**
 * Reads a token back.
 * @throws StraddleError `token` if it is no token, was made by another version, or is damaged.
 */
export function decodeToken(token: string): Recording {
  const version = typeof token === 'string' ? /^st(\d+)\./.exec(token.trim()) : null;
  if (version === null) throw new StraddleError('token', `This is no straddle token: it must begin with '${PREFIX}'.`);
  if (Number(version[1]) !== VERSION) {
    throw new StraddleError(
      'token',
      `This token has version ${version[1]}, this straddle reads version ${VERSION}: replay it with the version that made it.`,
    );
  }
  const [payload = '', sum = '', ...rest] = token.trim().slice(PREFIX.length).split('.');
  if (rest.length > 0 || checksum(payload) !== sum) {
    throw new StraddleError('token', 'This token is damaged: its checksum does not match. Copy it again, whole.');
  }
  const packed = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Packed;
  const [seed, execution, macrotask, elastic, stallMs, maxSteps, steps, prints, deviations] = packed;
  return {
    seed,
    execution,
    granularity: macrotask === 1 ? 'macrotask' : 'await',
    time: elastic === 1 ? 'elastic' : 'idle',
    stallMs,
    maxSteps,
    steps,
    prints,
    deviations: deviations.map(([step, task, op, index, joined, took]) => ({
      step,
      task,
      op,
      index,
      joined: joined === 1,
      took,
    })),
  };
}

/** The prints of an execution, from the names of what ran in each step. */
export function printsOf(steps: number, nameOf: (step: number) => string, group: number = groupOf(steps)): string {
  let prints = '';
  for (let from = 0; from < steps; from += group) {
    let hash = 0;
    for (let step = from; step < Math.min(from + group, steps); step++) hash = fnv(nameOf(step), hash);
    prints += ALPHABET[(hash ^ (hash >>> 6) ^ (hash >>> 15)) & 63]!;
  }
  return prints;
}

/** The 0-based steps of the first group that differs from the recording, or `undefined`. */
export function firstForeignSteps(
  recording: Recording,
  steps: number,
  nameOf: (step: number) => string,
): { from: number; to: number } | undefined {
  const group = groupOf(recording.steps);
  const met = printsOf(steps, nameOf, group);
  const groups = Math.max(met.length, recording.prints.length);
  for (let i = 0; i < groups; i++) {
    if (met[i] !== recording.prints[i]) return { from: i * group, to: (i + 1) * group - 1 };
  }
  return undefined;
}

function groupOf(steps: number): number {
  return Math.max(1, Math.ceil(steps / MOST_PRINTS));
}

function checksum(text: string): string {
  const a = fnv(text, 0x1234567);
  const b = fnv(text, 0x7654321);
  return Buffer.from(Int32Array.of(a, b).buffer).toString('base64url');
}

/** FNV-1a, seeded. */
function fnv(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 16);
}
