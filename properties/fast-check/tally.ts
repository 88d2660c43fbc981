import type { Scheduler } from '../../scheduler/scheduler.ts';
import { originals } from '../../scheduler/world/originals.ts';
import { Branches } from '../branches.ts';
import { Distinct } from '../distinct.ts';
import type { Settings } from '../options.ts';
import type { Failure, Report, Vacuity, Warning } from '../report.ts';
import { Straddling } from '../straddling.ts';
import { Evidence } from '../vacuity.ts';

/** What the executions of one property have shown, over all of its values. */
export class Tally {
  readonly branches: Branches;
  executions = 0;
  /** Values of which every schedule was run. */
  exhausted = 0;
  values = 0;
  readonly warnings = new Map<string, Warning>();
  readonly #settings: Settings;
  readonly #started = originals.now();
  readonly #evidence = new Evidence();
  readonly #sites = new Map<string, { executions: number; straddled: number }>();
  #steps = 0;
  #distinct = 0;
  /** Of the current value: labels are numbered anew for each. */
  readonly #schedules = new Distinct();
  #straddling = new Straddling();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.branches = new Branches(settings.branches);
  }

  /** Real milliseconds since the property began. */
  get elapsedMs(): number {
    return originals.now() - this.#started;
  }

  /** The next value begins. */
  open(): void {
    this.values++;
    this.#schedules.clear();
    this.#straddling = new Straddling();
  }

  /** An execution that counts has ended. */
  add(scheduler: Scheduler): void {
    const { trace } = scheduler;
    this.executions++;
    this.#steps += trace.length;
    this.#schedules.add(trace);
    this.branches.close(this.executions);
    this.#evidence.add(scheduler);
    this.#straddling.add(trace);
  }

  /** The value has been examined. */
  close({ labels }: Scheduler): void {
    this.#distinct += this.#schedules.size;
    for (const { site, executions, straddled } of this.#straddling.counts(labels)) {
      const seen = this.#sites.get(site);
      if (seen === undefined) this.#sites.set(site, { executions, straddled });
      else {
        seen.executions += executions;
        seen.straddled += straddled;
      }
    }
  }

  /** The report of the whole property. */
  report(seed: number, failure?: Failure): Report {
    const { branches: required, vacuity, strategy } = this.#settings;
    const branches = this.branches.counts(this.executions);
    const exhaustive = this.values > 0 && this.exhausted === this.values;
    const missing: Vacuity[] =
      failure === undefined && vacuity !== 'off'
        ? this.#evidence.missing(required, branches, this.executions, exhaustive)
        : [];
    let verdict: Report['verdict'] = failure === undefined ? 'pass' : 'fail';
    if (missing.length > 0 && vacuity === 'fail') verdict = 'vacuous';
    return {
      verdict,
      executions: this.executions,
      steps: this.#steps,
      distinct: this.#distinct,
      exhaustive,
      seed,
      strategy: typeof strategy === 'string' ? strategy : strategy.name,
      elapsedMs: this.elapsedMs,
      branches,
      branchTable: this.branches.rows,
      straddled: [...this.#sites].map(([site, seen]) => ({ site, ...seen })),
      ...(failure === undefined ? {} : { failure }),
      vacuous: missing,
      warnings: [...this.warnings.values()],
    };
  }
}
