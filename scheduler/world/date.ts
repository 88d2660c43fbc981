import { disguise, worldSlot, type AnyFunction } from './dispatch.ts';

/**
 * A `Date` that takes "now" from virtual time while an execution runs; everything else is the host's. It
 * shares the host's prototype, so dates of either are instances of both.
 */
export function dateDispatcher(original: DateConstructor): DateConstructor {
  function dispatch(this: unknown, ...args: unknown[]): unknown {
    const { world } = worldSlot;
    if (new.target === undefined) return world === undefined ? original() : new original(world.date()).toString();
    if (new.target !== dispatch) {
      return Reflect.construct(original, args.length > 0 || world === undefined ? args : [world.date()], new.target);
    }
    if (args.length > 0) return new original(...(args as [number]));
    return world === undefined ? new original() : new original(world.date());
  }
  disguise(dispatch, original as unknown as AnyFunction);
  Object.defineProperty(dispatch, 'prototype', { value: original.prototype, writable: false });
  const realNow = original.now;
  const now = (): number => {
    const { world } = worldSlot;
    return world === undefined ? realNow() : world.date();
  };
  Object.defineProperty(dispatch, 'now', { value: now, writable: true, enumerable: false, configurable: true });
  return dispatch as unknown as DateConstructor;
}

/** The methods of `Intl.DateTimeFormat` that read the clock when they are given no date. */
export function formatToPartsDispatcher(original: Intl.DateTimeFormat['formatToParts']): typeof original {
  return disguise(
    function (this: Intl.DateTimeFormat, date?: Date | number): Intl.DateTimeFormatPart[] {
      return original.call(this, date ?? worldSlot.world?.date());
    } as never,
    original as never,
  );
}

/** The same for the getter of `format`, whose functions are bound to their formatter. */
export function formatGetter(original: (this: unknown) => Intl.DateTimeFormat['format']): typeof original {
  const bound = new WeakMap<object, Intl.DateTimeFormat['format']>();
  return function (this: unknown) {
    const format = original.call(this);
    let dispatch = bound.get(this as object);
    if (dispatch === undefined) {
      dispatch = (date) => format(date ?? worldSlot.world?.date());
      bound.set(this as object, dispatch);
    }
    return dispatch;
  };
}

interface TemporalInstant {
  toZonedDateTimeISO(zone: unknown): Record<'toPlainDate' | 'toPlainTime' | 'toPlainDateTime', () => unknown>;
}

/** `Temporal`, newer than the type definitions in use. */
export interface TemporalLike {
  readonly Instant: { fromEpochMilliseconds(ms: number): TemporalInstant };
  readonly Now: { timeZoneId(): string };
}

/** The functions of `Temporal.Now` at a given moment. */
export function temporalNow(temporal: TemporalLike): Record<string, (ms: number, zone: unknown) => unknown> {
  const at = (ms: number): TemporalInstant => temporal.Instant.fromEpochMilliseconds(ms);
  const zoned = (ms: number, zone: unknown): ReturnType<TemporalInstant['toZonedDateTimeISO']> =>
    at(ms).toZonedDateTimeISO(zone ?? temporal.Now.timeZoneId());
  return {
    instant: at,
    zonedDateTimeISO: zoned,
    plainDateISO: (ms, zone) => zoned(ms, zone).toPlainDate(),
    plainTimeISO: (ms, zone) => zoned(ms, zone).toPlainTime(),
    plainDateTimeISO: (ms, zone) => zoned(ms, zone).toPlainDateTime(),
  };
}
