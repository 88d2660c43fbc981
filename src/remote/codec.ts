import { deserialize, serialize } from 'node:v8';
import { StraddleError } from '../../scheduler/error.ts';

/** A value that JSON cannot carry, in the format of the structured clone algorithm. */
interface Packed {
  readonly packed: string;
}

/**
 * A value as JSON. What JSON keeps as it is stays readable; everything else (objects, bytes, bigints, NaN, …) goes
 * through structured clone, so that it arrives as it was sent. `undefined` is sent as null.
 * Throws `DataCloneError` for what cannot be copied: functions, symbols, promises.
 */
export function encode(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return value;
  return { packed: serialize(value).toString('base64') } satisfies Packed;
}

/** The value that `encode` was given. */
export function decode(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value !== 'object') return value;
  return deserialize(Buffer.from((value as Packed).packed, 'base64'));
}

/** Arguments as JSON. Throws `StraddleError` of kind `remote-argument`, naming the call and the argument. */
export function encodeArguments(call: string, args: readonly unknown[]): unknown[] {
  return args.map((value, i) => {
    try {
      return encode(value);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new StraddleError(
        'remote-argument',
        `argument ${i + 1} of ${call} cannot be sent to another process: ${why}`,
        { cause },
      );
    }
  });
}

/** An error as data. */
export interface EncodedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Of a `StraddleError`. */
  readonly kind?: string;
  readonly cause?: EncodedError;
  /** Its own further properties, such as `code`. */
  readonly own?: unknown;
}

const BUILT_IN = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const;
const STANDARD = new Set(['name', 'message', 'stack', 'kind', 'cause']);
const DEEPEST_CAUSE = 8;

/** Whatever was thrown, with its causes. */
export function encodeError(thrown: unknown, depth = 0): EncodedError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: `a value was thrown: ${String(thrown)}` };
  const { name, message, stack, cause } = thrown;
  const own: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(thrown)) if (!STANDARD.has(key) && isData(value)) own[key] = value;
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(thrown instanceof StraddleError ? { kind: thrown.kind } : {}),
    ...(cause === undefined || depth === DEEPEST_CAUSE ? {} : { cause: encodeError(cause, depth + 1) }),
    ...(Object.keys(own).length === 0 ? {} : { own: encode(own) }),
  };
}

/** The error that `encodeError` was given, with the stack of the other process. */
export function decodeError({ name, message, stack, kind, cause, own }: EncodedError): Error {
  const options = cause === undefined ? undefined : { cause: decodeError(cause) };
  const Class = BUILT_IN.find((one) => one.name === name) ?? Error;
  const error = kind === undefined ? new Class(message, options) : new StraddleError(kind, message, options);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack !== undefined) error.stack = stack;
  return own === undefined ? error : Object.assign(error, decode(own));
}

function isData(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}
