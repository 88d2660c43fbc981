import { axesFor, PACE, type Axis, type Cause, type Change, type Level } from './axes.ts';
import { TRIAGE_SCHEMA, type FailureGroup, type OrderFinding, type Rate, type TriageDocument } from './document.ts';
import { leakedInto } from './leaks.ts';
import { normalised } from './outcome.ts';
import type { Subject } from './subject.ts';
import { Tally } from './tally.ts';
import { decidingVariable } from './variables.ts';

/** Plain runs that all fail are enough. */
const ENOUGH_FAILURES = 8;
/** Runs of a level at first, and of one that may explain the failure. */
const FIRST_RUNS = 2;
const MOST_RUNS = 20;
/** That a seed explains a failure may be chance at most this often. */
const CHANCE = 0.02;
const SEED_RUNS = 3;

export interface TriageOptions {
  /** Plain runs. */
  readonly runs: number;
  readonly signal: AbortSignal;
  /** Told after every run. */
  readonly onRun?: (phase: string, tally: Tally) => void;
}

/** What an exploration of the orders of a test came to. */
export interface OrderVerdict {
  readonly cause: Cause;
  readonly evidence: string;
  /** Of the failure that was found. */
  readonly message?: string;
  readonly finding?: OrderFinding;
}

/**
 * Explores the orders of a test: in `idle` time what the order alone does, in `mixed` time also what timers do that
 * are early or late.
 */
export type Explore = (time: 'idle' | 'mixed') => Promise<OrderVerdict | undefined>;

interface Entry {
  readonly axis: Axis;
  readonly level: Level;
  readonly tally: Tally;
  explains: boolean;
}

interface Explanation {
  readonly axis: Axis;
  readonly levels: readonly Level[];
}

/**
 * Why does it fail now and then? Measures the rate, then varies one thing at a time until something explains it.
 * @param explore where its orders can be explored: what the order alone does is judged before anything is varied.
 */
export async function triage(subject: Subject, options: TriageOptions, explore?: Explore): Promise<TriageDocument> {
  return new Triage(subject, options, explore).run();
}

class Triage {
  readonly #subject: Subject;
  readonly #options: TriageOptions;
  readonly #plain = new Tally();
  readonly #varied: Entry[] = [];
  readonly #explore: Explore | undefined;

  constructor(subject: Subject, options: TriageOptions, explore: Explore | undefined) {
    this.#subject = subject;
    this.#options = options;
    this.#explore = explore;
  }

  async run(): Promise<TriageDocument> {
    const { runs } = this.#options;
    const isEnough = (): boolean => this.#plain.runs >= ENOUGH_FAILURES && this.#plain.rate === 1;
    while (this.#plain.runs < runs && !isEnough() && !this.#isOver) await this.#once('plain', this.#plain);
    const order = this.#isOver ? undefined : await this.#explore?.('idle');
    if (order !== undefined) return this.#document(order.cause, [order.evidence], [], order.finding);
    for (const axis of this.#axes()) {
      if (this.#isOver) break;
      const explanation = axis.kind === 'seed' ? await this.#seeds(axis) : await this.#shifts(axis);
      if (explanation !== undefined) return this.#explained(explanation);
    }
    const timed = await this.#timed();
    if (timed !== undefined) return this.#document(timed.cause, [timed.evidence], [], timed.finding);
    return this.#unexplained();
  }

  /**
   * What exploring with timers that are early or late comes to. With those many a test fails that never does in
   * fact, so it counts only if it is a failure that was seen.
   */
  async #timed(): Promise<OrderVerdict | undefined> {
    if (this.#explore === undefined || this.#isOver || this.#plain.isUnanimous) return undefined;
    const verdict = await this.#explore('mixed');
    const told = normalised(verdict?.message?.split('\n')[0]?.trim() ?? '');
    const isSeen = told !== '' && this.#groups().some(({ signature }) => signature.includes(told));
    return isSeen && verdict?.finding !== undefined ? verdict : undefined;
  }

  /** What may explain it comes first: of runs that differ only what differs between them, of others only what does not. */
  #axes(): Axis[] {
    const axes = [...(this.#subject.axes ?? []), ...axesFor(this.#subject.runner, new Date())];
    const isFirst = (axis: Axis): boolean => axis.varies !== this.#plain.isUnanimous;
    return [...axes.filter(isFirst), ...axes.filter((axis) => !isFirst(axis))];
  }

  get #isOver(): boolean {
    return this.#options.signal.aborted;
  }

  async #once(phase: string, tally: Tally, change: Change = {}): Promise<void> {
    const outcome = await this.#subject.run(change, this.#options.signal);
    // A run that was cut short says nothing.
    if (this.#isOver) return;
    tally.add(outcome);
    this.#options.onRun?.(phase, tally);
  }

  async #more(entry: Entry, runs: number): Promise<void> {
    const { axis, level, tally } = entry;
    while (tally.runs < runs && !this.#isOver) await this.#once(`${axis.name}: ${level.label}`, tally, level.change);
  }

  #entry(axis: Axis, level: Level): Entry {
    const entry: Entry = { axis, level, tally: new Tally(), explains: false };
    this.#varied.push(entry);
    return entry;
  }

  /** Each seed ends one way whenever it is run, and not all the same way. */
  async #seeds(axis: Axis): Promise<Explanation | undefined> {
    const entries = axis.levels.map((level) => this.#entry(axis, level));
    for (const entry of entries) await this.#more(entry, 1);
    const outcomes = new Set(entries.map(({ tally }) => tally.rate));
    if (outcomes.size < 2) return undefined;
    for (const entry of entries) {
      await this.#more(entry, SEED_RUNS);
      if (!entry.tally.isUnanimous) return undefined;
    }
    // How likely it would be, did the outcome not depend on the seed.
    const all = new Tally();
    for (const { tally } of [...entries, { tally: this.#plain }]) tally.outcomes.forEach((outcome) => all.add(outcome));
    const agree = all.rate ** SEED_RUNS + (1 - all.rate) ** SEED_RUNS;
    if (this.#isOver || agree ** entries.length > CHANCE) return undefined;
    const failing = entries.filter(({ tally }) => tally.rate === 1);
    for (const entry of failing) entry.explains = true;
    return { axis, levels: failing.map(({ level }) => level) };
  }

  /** A level fails at another rate than the plain runs do. */
  async #shifts(axis: Axis): Promise<Explanation | undefined> {
    for (const level of axis.levels) {
      const entry = this.#entry(axis, level);
      await this.#more(entry, FIRST_RUNS);
      // Goes on as long as the level may still turn out to differ.
      while (this.#mayDiffer(entry.tally) && !this.#isOver) {
        await this.#more(entry, entry.tally.runs + 1);
        if (this.#plain.runs < entry.tally.runs && !this.#isOver) await this.#once('plain', this.#plain);
      }
      if (this.#isOver || !entry.tally.differsFrom(this.#plain)) continue;
      entry.explains = true;
      return { axis, levels: [level] };
    }
    return undefined;
  }

  #mayDiffer(tally: Tally): boolean {
    if (tally.runs >= MOST_RUNS || tally.differsFrom(this.#plain)) return false;
    return Math.abs(tally.rate - this.#plain.rate) >= 0.35;
  }

  async #explained({ axis, levels }: Explanation): Promise<TriageDocument> {
    const labels = levels.map(({ label }) => label);
    const entry = this.#varied.find(({ explains }) => explains)!;
    const leaked: string[] = [];
    const evidence = [`${capital(axis.says)}.`];
    const told = `${axis.name}: ${labels.join(', ')}`;
    if (axis.kind === 'seed') evidence.push(`It fails every time with ${told}.`);
    else evidence.push(`With ${told} it fails in ${share(entry.tally)}; plain in ${share(this.#plain)}.`);
    if (axis.name === 'environment') {
      const isMinimal = entry.level.change.only !== undefined;
      const variable = isMinimal
        ? await decidingVariable(this.#subject, entry.tally.rate < 0.5, this.#options.signal)
        : Object.keys(entry.level.change.env ?? {})[0];
      leaked.push(variable === undefined ? 'several environment variables together' : `the variable ${variable}`);
      evidence.push(`What leaks in: ${leaked.join(', ')}.`);
    } else if (axis.cause === 'environment/uncontrolled') leaked.push(told);
    // Which timers those are.
    const timed = axis.name === PACE ? await this.#timed() : undefined;
    if (timed?.cause === 'time') evidence.push(timed.evidence);
    return this.#document(axis.cause, evidence, leaked, timed?.cause === 'time' ? timed.finding : undefined);
  }

  #unexplained(): TriageDocument {
    const plain = this.#plain;
    const { low, high } = plain.interval;
    if (plain.failures === 0) {
      const most = `at most ${percent(high)} of its runs fail, with 95 % confidence`;
      return this.#document('not reproduced', [`It passed all of ${plain.runs} plain runs: ${most}.`], []);
    }
    if (plain.rate === 1) {
      const least = `at least ${percent(low)} of its runs fail, with 95 % confidence`;
      const varied = this.#varied.length === 0 ? '' : ', and whatever was varied';
      return this.#document(
        'deterministic failure',
        [`It failed in all of ${plain.runs} plain runs${varied}: ${least}.`],
        [],
      );
    }
    const leaked = leakedInto(plain.outcomes.filter(({ passed }) => !passed));
    const evidence = [
      `It fails in ${share(plain)} without any change, and nothing that was varied explains it.`,
      leaked.length === 0
        ? 'Its failures show nothing that differs from run to run.'
        : `What its failures show to differ between runs: ${leaked.join('; ')}.`,
    ];
    return this.#document('environment/uncontrolled', evidence, leaked);
  }

  #document(cause: Cause, evidence: string[], leaked: string[], order?: OrderFinding): TriageDocument {
    return {
      schema: TRIAGE_SCHEMA,
      subject: this.#subject.name,
      cause,
      evidence,
      leaked,
      plain: rateOf(this.#plain),
      variations: this.#varied
        .filter(({ tally }) => tally.runs > 0)
        .map(({ axis, level, tally, explains }) => ({
          axis: axis.name,
          level: level.label,
          explains,
          ...rateOf(tally),
        })),
      failures: this.#groups(),
      complete: !this.#isOver,
      ...(order === undefined ? {} : { order }),
    };
  }

  #groups(): FailureGroup[] {
    const groups = new Map<string, { count: number; excerpt: string }>();
    for (const tally of [this.#plain, ...this.#varied.map(({ tally }) => tally)]) {
      for (const { passed, signature = '', excerpt = '' } of tally.outcomes) {
        if (passed) continue;
        const group = groups.get(signature);
        if (group === undefined) groups.set(signature, { count: 1, excerpt });
        else group.count++;
      }
    }
    return [...groups]
      .map(([signature, group]) => ({ signature, ...group }))
      .toSorted((a, b) => b.count - a.count || a.signature.localeCompare(b.signature));
  }
}

function rateOf(tally: Tally): Rate {
  const { runs, failures, rate, interval, outcomes } = tally;
  return { runs, failures, rate, interval, outcomes };
}

export function share({ failures, runs, interval }: Pick<Rate, 'failures' | 'runs' | 'interval'>): string {
  return `${failures} of ${runs} runs (${percent(interval.low)} to ${percent(interval.high)})`;
}

export function percent(rate: number): string {
  return `${Number((100 * rate).toPrecision(2))} %`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
