import { wilson, type Interval } from '../../properties/statistics.ts';
import type { Outcome } from './outcome.ts';

/** The two-sided 99 % quantile of the standard normal distribution. */
const Z99 = 2.575829303548901;

/** Runs of one kind, counted as they come in. */
export class Tally {
  readonly outcomes: Outcome[] = [];

  add(outcome: Outcome): void {
    this.outcomes.push(outcome);
  }

  get runs(): number {
    return this.outcomes.length;
  }

  get failures(): number {
    return this.outcomes.filter(({ passed }) => !passed).length;
  }

  /** The share of failures. */
  get rate(): number {
    return this.runs === 0 ? 0 : this.failures / this.runs;
  }

  /** Wilson's 95 % interval of the rate. */
  get interval(): Interval {
    return wilson(this.failures, this.runs);
  }

  /** Every run ended the same way. */
  get isUnanimous(): boolean {
    return this.failures === 0 || this.failures === this.runs;
  }

  /**
   * The two rates differ beyond doubt: their 99 % intervals have nothing in common. Dozens of levels are compared,
   * and none may differ by chance.
   */
  differsFrom(other: Tally): boolean {
    const ours = wilson(this.failures, this.runs, Z99);
    const theirs = wilson(other.failures, other.runs, Z99);
    return ours.low > theirs.high || theirs.low > ours.high;
  }
}
