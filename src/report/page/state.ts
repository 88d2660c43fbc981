import { useEffect, useMemo, useState } from 'preact/hooks';
import { STRIDE, type PageData, type PageTest } from '../page-data.ts';
import { PageTrace } from './trace.ts';

export type ScheduleName = 'failing' | 'passing';

/** What is looked at: it is the fragment of the address, so that every step has a link. */
export interface Place {
  readonly test: number;
  readonly schedule: ScheduleName;
  readonly step: number;
}

export interface Traces {
  readonly failing: PageTrace;
  readonly passing: PageTrace | undefined;
  /** The deciding pair, where its two resumptions ran in either trace. */
  readonly pair: { readonly failing: Pair; readonly passing: Pair } | undefined;
}

/** The step that ran first in a passing schedule (`first`), and the other one; −1 where it never ran. */
export interface Pair {
  readonly first: number;
  readonly second: number;
}

export interface View extends Place {
  readonly data: PageData;
  readonly current: PageTest | undefined;
  readonly traces: Traces | undefined;
  /** The trace that is stepped through. */
  readonly trace: PageTrace | undefined;
  go(change: Partial<Place>): void;
}

export function useView(data: PageData): View {
  const [place, setPlace] = useState<Place>(() => parse(location.hash, data));
  useEffect(() => {
    const follow = (): void => setPlace(parse(location.hash, data));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, [data]);
  const current = data.tests[place.test];
  const traces = useMemo(() => tracesOf(current), [current]);
  const trace = traces?.[place.schedule] ?? traces?.failing;
  const step = trace === undefined ? 0 : Math.max(0, Math.min(place.step, trace.length - 1));
  const schedule = traces?.passing === undefined ? 'failing' : place.schedule;
  const go = (change: Partial<Place>): void => {
    const isOther = change.test !== undefined && change.test !== place.test;
    const next = isOther ? startOf(data, change.test!) : { ...place, schedule, step, ...change };
    history.replaceState(null, '', linkTo(next));
    setPlace(next);
  };
  return { ...place, schedule, step, data, current, traces, trace, go };
}

export function linkTo({ test, schedule, step }: Place): string {
  return `#test=${test + 1}&schedule=${schedule}&step=${step}`;
}

function parse(hash: string, data: PageData): Place {
  const fields = new URLSearchParams(hash.slice(1));
  const number = (name: string): number | undefined => {
    const value = Number.parseInt(fields.get(name) ?? '', 10);
    return Number.isNaN(value) ? undefined : value;
  };
  const asked = (number('test') ?? 0) - 1;
  const failing = data.tests.findIndex(({ failure }) => failure !== undefined);
  const test = data.tests[asked] === undefined ? Math.max(0, failing) : asked;
  const start = startOf(data, test);
  const schedule = fields.get('schedule') === 'passing' ? 'passing' : 'failing';
  return { test, schedule, step: number('step') ?? start.step };
}

/** A test is opened where it is decided, or where it ended. */
function startOf(data: PageData, test: number): Place {
  const failure = data.tests[test]?.failure;
  const last = (failure?.failing.words.length ?? 0) / STRIDE - 1;
  return { test, schedule: 'failing', step: failure?.pair?.step ?? failure?.difference ?? Math.max(0, last) };
}

function tracesOf(test: PageTest | undefined): Traces | undefined {
  const failure = test?.failure;
  if (failure === undefined || failure.failing.words.length === 0) return undefined;
  const failing = new PageTrace(failure.failing);
  const passing = failure.passing === undefined ? undefined : new PageTrace(failure.passing, failing);
  const { pair } = failure;
  if (pair === undefined) return { failing, passing, pair: undefined };
  const within = (trace: PageTrace): Pair => ({ first: trace.find(pair.first), second: trace.find(pair.second) });
  const here = { first: failing.find(pair.first), second: pair.step };
  return { failing, passing, pair: { failing: here, passing: passing === undefined ? here : within(passing) } };
}
