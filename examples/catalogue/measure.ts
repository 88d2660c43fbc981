import {
  exhaustive,
  explore,
  script,
  type ExploreOptions,
  type Failure,
  type Report,
  type Sim,
} from '../../src/index.ts';
import type { Body, Broken, Fixed, Forced, RaceCase } from './define-case.ts';

/** How much is run. */
export interface Profile {
  readonly seeds: number;
  /** Most executions to find a broken variant. */
  readonly budget: number;
  /** Executions of a fixed variant whose space is not small. */
  readonly sample: number;
  /** Most schedules of a small space, all of which are run; 0: it is sampled as well. */
  readonly most: number;
  /** With the proof that no gate is idle. */
  readonly deep: boolean;
}

export const PROFILES = {
  fast: { seeds: 1, budget: 2000, sample: 150, most: 0, deep: false },
  full: { seeds: 20, budget: 2000, sample: 1000, most: 30_000, deep: false },
  deep: { seeds: 50, budget: 20_000, sample: 5000, most: 40_000, deep: true },
} as const satisfies Record<string, Profile>;

/** A buggy or half-fixed variant as the search met it. */
export interface Found {
  readonly name: string;
  readonly kind: 'buggy' | 'half-fixed';
  readonly without: string | undefined;
  /** Median over the seeds of the executions up to the failure. */
  readonly executions: number;
  /** `kind: message` of the failure, or what the verdict `vacuous` says; undefined if it was not found. */
  readonly outcome: string | undefined;
  /** The failure whose story is the least of all seeds'; undefined for what is vacuous. */
  readonly failure: Failure | undefined;
  /** One execution was enough with its gates or script; undefined where it has none. */
  readonly forced: boolean | undefined;
}

/** A fixed variant as the search met it. */
export interface Proven {
  readonly name: string;
  readonly report: Report;
  /** Most preemptions of the schedules that were run, if that was bounded. */
  readonly preemptions: number | undefined;
}

export interface Measured {
  readonly race: RaceCase;
  readonly found: readonly Found[];
  readonly proven: readonly Proven[];
  /** What is wrong, in sentences; empty when the case holds. */
  readonly problems: readonly string[];
}

/** Runs every variant of a case. */
export async function measure(race: RaceCase, profile: Profile): Promise<Measured> {
  const problems: string[] = [];
  const seen = new Set<string>();
  const found: Found[] = [];
  for (const [kind, variants] of [
    ['buggy', race.buggy],
    ['half-fixed', race.halfFixed],
  ] as const) {
    for (const [name, variant] of Object.entries(variants ?? {})) {
      found.push(await find(race, { name, kind, variant }, profile, problems, seen));
    }
  }
  const proven: Proven[] = [];
  for (const [name, variant] of Object.entries(race.fixed)) {
    const isSmall = variant.exhaustive !== undefined && profile.most > 0;
    const declared = isSmall ? boundOf(variant) : undefined;
    const first = await prove(race, variant, profile, isSmall ? { preemptions: declared } : undefined);
    const label = `${race.id} fixed '${name}'`;
    if (isSmall && !first.exhaustive && first.failure === undefined) {
      problems.push(`${label}: its space is not small, ${first.executions} executions are not all.`);
    }
    for (const { detail } of first.vacuous) problems.push(`${label} is vacuous: ${detail}`);
    let one: Proven = { name, report: first, preemptions: declared };
    if (profile.deep) one = (await raiseBound(race, variant, profile, one)) ?? one;
    for (const { site } of one.report.straddled) seen.add(site);
    const { failure } = one.report;
    if (failure !== undefined) problems.push(`${label} fails: ${failure.kind}: ${failure.message}`);
    proven.push(one);
  }
  for (const point of race.points) {
    if (!seen.has(point)) problems.push(`${race.id}: no variant ever reached the point '${point}'.`);
  }
  return { race, found, proven, problems };
}

/** @param within every schedule with at most so many preemptions, or with any number; undefined: a sample. */
function prove(
  race: RaceCase,
  variant: Fixed,
  profile: Profile,
  within: { readonly preemptions: number | undefined } | undefined,
  vacuity: NonNullable<ExploreOptions['vacuity']> = 'fail',
): Promise<Report> {
  const { preemptions } = within ?? {};
  return explore(variant.body, {
    runs: profile.sample,
    ...race.options,
    ...variant.options,
    ...(within === undefined
      ? {}
      : { strategy: exhaustive(preemptions === undefined ? {} : { preemptions }), runs: profile.most }),
    seed: 1,
    vacuity,
    branches: variant.branches ?? race.branches,
  });
}

/**
 * Allows one preemption more at a time for as long as all schedules are likely to fit into the budget (iterative
 * context bounding, Musuvathi and Qadeer, 2007), until one more changes nothing. Undefined if nothing could be raised.
 */
async function raiseBound(race: RaceCase, variant: Fixed, profile: Profile, one: Proven): Promise<Proven | undefined> {
  const isWhole = one.report.exhaustive && one.preemptions === undefined;
  if (isWhole || one.report.failure !== undefined || variant.options?.strategy !== undefined) return undefined;
  let raised: Proven | undefined;
  let before = one.report.exhaustive ? one.report.executions : 0;
  for (let preemptions = (one.preemptions ?? -1) + 1; ; preemptions++) {
    const report = await prove(race, variant, profile, { preemptions }, 'off');
    if (report.failure !== undefined) return { ...one, report };
    if (!report.exhaustive) return raised;
    if (report.executions === before) return { ...one, report, preemptions: undefined };
    raised = { ...one, report, preemptions };
    if (before > 0 && report.executions ** 2 / before > profile.most) return raised;
    before = report.executions;
  }
}

function boundOf({ exhaustive: small }: Fixed): number | undefined {
  return typeof small === 'object' ? small.preemptions : undefined;
}

interface Searched {
  readonly name: string;
  readonly kind: Found['kind'];
  readonly variant: Broken;
}

async function find(
  race: RaceCase,
  { name, kind, variant }: Searched,
  profile: Profile,
  problems: string[],
  seen: Set<string>,
): Promise<Found> {
  const label = `${race.id} ${kind} '${name}'`;
  const executions: number[] = [];
  let least: Failure | undefined;
  let outcome: string | undefined;
  const options = { runs: profile.budget, ...race.options, ...variant.options };
  for (let seed = 1; seed <= profile.seeds; seed++) {
    const report = await explore(variant.body, { ...options, seed });
    for (const { site } of report.straddled) seen.add(site);
    outcome = outcomeOf(report);
    if (outcome === undefined) {
      problems.push(`${label} was not found in ${report.executions} executions with seed ${seed}.`);
      break;
    }
    if (!variant.fails.test(outcome)) {
      problems.push(`${label} fails otherwise than told: ${outcome}`);
      break;
    }
    executions.push(report.executions);
    const { failure } = report;
    if (failure !== undefined && (least === undefined || isLess(failure, least))) least = failure;
  }
  const { forced } = variant;
  let isForced: boolean | undefined;
  if (forced !== undefined) {
    const problem = await force(race, variant, forced, profile);
    isForced = problem === undefined;
    if (problem !== undefined) problems.push(`${label}: ${problem}`);
  }
  const { without } = variant;
  return { name, kind, without, executions: median(executions), outcome, failure: least, forced: isForced };
}

/** `kind: message` of a failure, or what makes the verdict vacuous; undefined if it passes. */
export function outcomeOf({ failure, verdict, vacuous }: Report): string | undefined {
  if (failure !== undefined) return `${failure.kind}: ${failure.message}`;
  return verdict === 'vacuous' ? `vacuous: ${vacuous.map(({ detail }) => detail).join(' ')}` : undefined;
}

/** What is wrong with the forcing, if anything: it must fail in its one execution. */
async function force(race: RaceCase, variant: Broken, forced: Forced, profile: Profile): Promise<string | undefined> {
  const options = { ...race.options, ...variant.options, seed: 1 };
  const fails = (report: Report): boolean => variant.fails.test(outcomeOf(report) ?? '');
  const told = (report: Report): string => outcomeOf(report) ?? 'it passed';
  if ('script' in forced) {
    const report = await explore(variant.body, { ...options, strategy: script(forced.script) });
    return fails(report) ? undefined : `its script does not make it fail (${told(report)}).`;
  }
  const gates = Object.entries(forced.gates);
  const report = await explore(gated(variant.body, gates), { ...options, strategy: 'natural' });
  if (!fails(report)) return `its gates do not make it fail (${told(report)}).`;
  if (!profile.deep) return undefined;
  for (const [dropped] of gates) {
    const fewer = gates.filter(([name]) => name !== dropped);
    if (await alwaysFails(gated(variant.body, fewer), variant.fails, options)) {
      return `it fails in every order without the gate '${dropped}' too.`;
    }
  }
  return undefined;
}

/** Whether 50 random executions in a row all fail. */
async function alwaysFails(body: Body, fails: RegExp, options: ExploreOptions): Promise<boolean> {
  for (let seed = 1; seed <= 50; seed++) {
    const report = await explore(body, { ...options, strategy: 'random', runs: 1, seed });
    if (!fails.test(outcomeOf(report) ?? '')) return false;
  }
  return true;
}

function gated(body: Body, gates: readonly (readonly [string, (sim: Sim) => void])[]): Body {
  return (sim) => {
    for (const [, gate] of gates) gate(sim);
    return body(sim);
  };
}

function isLess(a: Failure, b: Failure): boolean {
  return a.preemptions + a.deviations < b.preemptions + b.deviations;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? NaN : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
