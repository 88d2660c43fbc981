import type { FailureKind } from './failure.ts';
import { StraddleError } from './error.ts';
import { fingerprint, PRINTS } from './prints.ts';
import type { Reach } from './reach.ts';
import { isSameName, type BaseOrder, type Deviation, type OpName } from './schedule.ts';
import { pack, unpack } from './token-payload.ts';

/** Everything that brings one execution back. */
export interface Recording {
  readonly seed: number;
  /** 1-based number of the execution, as the body sees it. */
  readonly execution: number;
  readonly granularity: 'await' | 'macrotask';
  readonly time: 'elastic' | 'idle';
  readonly stallMs: number;
  readonly maxSteps: number;
  /** Where `Date` stood when it began, if the test said so. */
  readonly startTime?: number;
  readonly order: BaseOrder;
  readonly deviations: readonly Deviation[];
  /** How it ended. */
  readonly kind: FailureKind;
  readonly reach: Reach;
  /** For a script that could not be followed: at which step (−1: it was left unplayed at the end), and why. */
  readonly script?: { readonly step: number; readonly message: string };
  /** For a property: what fast-check needs to make the value again. */
  readonly property?: { readonly seed: number; readonly path: string };
  /** How many steps were recorded, and what ran in each of them. */
  readonly steps: number;
  readonly prints: string;
}

const VERSION = 1;
const PREFIX = `st${VERSION}.`;

/** One line, URL-safe: version, the recording, the prints of its steps, and a checksum. */
export function encodeToken(recording: Recording): string {
  const content = `${Buffer.from(JSON.stringify(pack(recording))).toString('base64url')}.${recording.prints}`;
  return `${PREFIX}${content}.${fingerprint(content)}`;
}

/**
 * Reads a token back.
 * @throws StraddleError `token` if it is no token, was made by another version, or is damaged.
 */
export function decodeToken(token: string): Recording {
  const text = typeof token === 'string' ? token.trim() : '';
  const version = /^st(\d+)\./.exec(text)?.[1];
  if (version === undefined) throw bad(`This is no straddle token: it must begin with '${PREFIX}'.`);
  if (version !== String(VERSION)) {
    throw bad(
      `This token has version ${version}, this straddle reads version ${VERSION}: replay it with the version that made it.`,
    );
  }
  const [payload, prints, checksum, ...rest] = text.slice(PREFIX.length).split('.');
  if (checksum === undefined || rest.length > 0 || fingerprint(`${payload!}.${prints!}`) !== checksum) {
    throw bad('This token is damaged: its checksum does not match. Copy it again, whole.');
  }
  let packed: unknown;
  try {
    packed = JSON.parse(Buffer.from(payload!, 'base64url').toString());
  } catch {
    packed = undefined;
  }
  const recording = PRINTS.test(prints!) ? unpack(packed, prints!) : undefined;
  if (recording === undefined)
    throw bad('This token is whole, but straddle did not make it: its content has no sense.');
  return recording;
}

/**
 * What a token says, as text for a person.
 * @throws StraddleError `token` like `decodeToken`.
 */
export function showToken(token: string): string {
  const recording = decodeToken(token);
  const { property } = recording;
  const { seed, execution, granularity, time, stallMs, maxSteps, order, deviations, kind, reach, steps } = recording;
  const kept = order === 'steady' ? 'steady order: a task keeps running while it can' : "natural order: Node's own";
  return [
    `A straddle token, version ${VERSION}. It replays a failure of kind '${kind}' (reach: ${reach}).`,
    `execution    ${execution}, with chance from the seed ${seed}`,
    `time         ${time === 'elastic' ? `elastic, timers run ahead by at most ${stallMs} ms` : 'idle'}`,
    `granularity  ${granularity}`,
    `steps        ${steps} recorded, at most ${maxSteps}`,
    `order        ${kept}`,
    ...(deviations.length === 0 ? ['deviations   none'] : ['deviations']),
    ...deviations.map((deviation) => `  step ${String(deviation.step).padEnd(4)} ${showDeviation(deviation)}`),
    ...(recording.script === undefined ? [] : [`script       ${recording.script.message}`]),
    ...(property === undefined
      ? []
      : [`value        fast-check's, of seed ${property.seed} and path ${property.path}`]),
  ].join('\n');
}

/** One deviation as a clause. */
export function showDeviation(deviation: Deviation): string {
  const { instead, after, joined, took } = deviation;
  const name = showName(deviation);
  const time = took > 0 ? `, taking ${took} ms` : '';
  if (after !== undefined) return `${name} ${joined ? 'together with' : 'directly after'} ${showName(after)}${time}`;
  if (instead === undefined) return `${name}${joined ? ' together with the step before' : ''}${time}`;
  if (isSameName(instead, deviation)) return `${name}${took > 0 ? time : ', not together with the step before'}`;
  return `${name} before ${showName(instead)}${time}`;
}

function showName({ task, op, nth }: OpName): string {
  return `${task} at ${op}${nth === 1 ? '' : ` (${nth})`}`;
}

function bad(message: string): StraddleError {
  return new StraddleError('token', message);
}
