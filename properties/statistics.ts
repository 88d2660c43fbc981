import { StraddleError } from '../scheduler/error.ts';

/** A confidence interval for a frequency: `0 <= low <= high <= 1`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What a clean run leaves open: a frequency or probability, and the one sentence that says what it means. */
export interface Residual {
  readonly risk: number;
  readonly sentence: string;
}

/** The two-sided 95 % quantile of the standard normal distribution. */
const Z95 = 1.959963984540054;

/**
 * Wilson's score interval for a frequency of which `successes` of `trials` independent trials are known.
 * Its coverage is right on average over the frequencies; use `clopperPearson` where it must never be too small.
 *
 * @param z the two-sided normal quantile of the confidence wanted: 1.96 (default) for 95 %, 2.576 for 99 %.
 * @throws StraddleError `usage` for counts that cannot be.
 * Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
 */
export function wilson(successes: number, trials: number, z = Z95): Interval {
  mustCount(successes, trials);
  if (!(z > 0 && z < Infinity)) throw new StraddleError('usage', `The quantile z must be a positive number, not ${z}.`);
  if (trials === 0) return { low: 0, high: 1 };
  const share = successes / trials;
  const width = z * Math.sqrt((share * (1 - share)) / trials + (z / (2 * trials)) ** 2);
  const centre = share + z ** 2 / (2 * trials);
  const scale = 1 + z ** 2 / trials;
  return {
    low: successes === 0 ? 0 : (centre - width) / scale,
    high: successes === trials ? 1 : (centre + width) / scale,
  };
}

/**
 * The exact one-sided upper bound on a frequency: the largest one at which `successes` or fewer of `trials`
 * independent trials still have probability `1 - confidence`. For an event never seen this is
 * `1 - (1 - confidence)^(1/trials)`, at 95 % a little under the rule of three, `3 / trials`
 * (Hanley and Lippman-Hand, JAMA 249, 1983).
 *
 * @param confidence between 0 and 1, default 0.95.
 * @throws StraddleError `usage` for counts or a confidence that cannot be.
 * Source: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934).
 */
export function upperBound(successes: number, trials: number, confidence = 0.95): number {
  mustCount(successes, trials);
  mustConfide(confidence);
  if (successes === trials) return 1;
  if (successes === 0) return -Math.expm1(Math.log1p(-confidence) / trials);
  return betaQuantile(confidence, successes + 1, trials - successes);
}

/**
 * The exact two-sided interval: at every true frequency it covers with at least the stated confidence.
 *
 * @param confidence between 0 and 1, default 0.95.
 * @throws StraddleError `usage` for counts or a confidence that cannot be.
 * Source: Clopper and Pearson (1934), as `upperBound`.
 */
export function clopperPearson(successes: number, trials: number, confidence = 0.95): Interval {
  mustCount(successes, trials);
  mustConfide(confidence);
  const side = (1 + confidence) / 2;
  return {
    low: successes === 0 ? 0 : 1 - upperBound(trials - successes, trials, side),
    high: upperBound(successes, trials, side),
  };
}

/**
 * The middle value; the mean of the two middle ones when their number is even.
 *
 * @throws StraddleError `usage` when there are none.
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new StraddleError('usage', 'The median of no numbers is not defined.');
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(values.length / 2)]!;
  return values.length % 2 === 1 ? upper : (sorted[values.length / 2 - 1]! + upper) / 2;
}

/**
 * The probability that every one of `executions` independent PCT executions missed a given bug of that depth:
 * at most `(1 - 1 / (tasks * steps^(depth - 1)))^executions`.
 *
 * @param tasks an upper bound on the number of tasks. @param steps an upper bound on the steps of an execution.
 * @throws StraddleError `usage` for counts that cannot be.
 * Source: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic guarantees of
 * finding bugs", ASPLOS 2010.
 */
export function pctResidual(tasks: number, steps: number, depth: number, executions: number): Residual {
  if (![tasks, steps, depth].every((count) => Number.isInteger(count) && count >= 1))
    throw new StraddleError('usage', `Tasks, steps and depth are counts from 1: ${tasks}, ${steps}, ${depth} are not.`);
  mustCount(0, executions);
  const found = 1 / (tasks * steps ** (depth - 1));
  const risk = executions === 0 ? 1 : Math.exp(executions * Math.log1p(-found));
  return {
    risk,
    sentence:
      `If there is a bug of depth ${depth} (at most ${plural(tasks, 'task')} and ${plural(steps, 'step')}), ` +
      `${plural(executions, 'independent PCT execution')} all miss it with a probability of at most ${atMost(risk)}.`,
  };
}

/**
 * How large a share of the schedules may still fail after `executions` independent uniform samples that all passed.
 *
 * @param confidence between 0 and 1, default 0.95.
 * @throws StraddleError `usage` for counts or a confidence that cannot be.
 * Source: `upperBound` of an event never seen.
 */
export function uniformResidual(executions: number, confidence = 0.95): Residual {
  const risk = upperBound(0, executions, confidence);
  return {
    risk,
    sentence:
      `None of ${plural(executions, 'independent uniform sample')} failed: with ${Number((confidence * 100).toFixed(6))} % confidence ` +
      `at most ${atMost(risk)} of the schedules do.`,
  };
}

let percent: Intl.NumberFormat | undefined;

/** Rounded upwards, so that "at most" stays true: two significant digits, but never finer than 0.0001 %. */
function atMost(share: number): string {
  // Made when it is needed: it takes longer than loading the engine.
  percent ??= new Intl.NumberFormat('en', {
    style: 'percent',
    maximumSignificantDigits: 2,
    maximumFractionDigits: 4,
    roundingPriority: 'lessPrecision',
    roundingMode: 'ceil',
  });
  return percent.format(share).replace('%', ' %');
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function mustCount(successes: number, trials: number): void {
  if (!Number.isInteger(successes) || !Number.isInteger(trials) || successes < 0 || successes > trials)
    throw new StraddleError('usage', `${successes} of ${trials} is no count of successes among trials.`);
}

function mustConfide(confidence: number): void {
  if (!(confidence > 0 && confidence < 1))
    throw new StraddleError('usage', `A confidence lies between 0 and 1; ${confidence} does not.`);
}

/** The x at which `incompleteBeta(x, a, b)` is `probability`: halved until neighbouring doubles, so exact to the last place but one. */
function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (incompleteBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
}

/** The regularised incomplete beta function I_x(a, b) by its continued fraction (NIST DLMF 8.17.22), with Lentz's method. */
function incompleteBeta(x: number, a: number, b: number): number {
  // The fraction converges fast below the mean; above it, the mirror image does.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b) - Math.log(a),
  );
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; ; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-14) return front * fraction;
  }
}

/** ln Γ(x) by Stirling's series (NIST DLMF 5.11.1), raised to where its first five terms are exact to 1e-14. */
function logGamma(x: number): number {
  let shift = 0;
  for (; x < 12; x++) shift += Math.log(x);
  const y = 1 / x ** 2;
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series - shift;
}
