import type { Failure } from '../../properties/report.ts';
import { tellFailure } from '../../properties/story.ts';
import type { SavedFailure, TestInput } from '../report/document.ts';
import type { OrderFinding } from './document.ts';
import type { OrderVerdict } from './triage.ts';

/**
 * What exploring the orders of a test says of its cause; undefined: the order is not it. A failure counts as one of
 * order only if natural order passes with the very same chance: it has deviations, and they are more than a timer
 * that fires early.
 * @param regressionTest made for a failure of order.
 */
export function orderVerdict(
  { report, remark }: TestInput,
  regressionTest: (failure: SavedFailure) => string,
): OrderVerdict | undefined {
  if (remark?.kind === 'not-repeatable') {
    return { cause: 'test order or leaked state', evidence: remark.detail };
  }
  const failure = report.failure as SavedFailure | undefined;
  if (remark !== undefined || failure === undefined || failure.reach === 'tick') return undefined;
  if (failure.kind === 'nondeterminism' || failure.foundBy === 'natural' || failure.deviations === 0) return undefined;
  const hasOddTime = failure.trace.some(({ deviation, early, took }) => deviation && (early || took > 0));
  if (hasOddTime) {
    return {
      cause: 'time',
      evidence: `A timer decides: ${decisionOf(failure)}.`,
      message: failure.message,
      finding: finding(failure, regressionTest),
    };
  }
  const isToday = failure.reach === 'today';
  const orders = isToday
    ? 'an order that Node can produce with this very code'
    : 'an order in which an await takes longer than in this test';
  return {
    cause: isToday ? 'order' : 'latent order',
    evidence: `It fails in ${orders}: ${decisionOf(failure)}.`,
    message: failure.message,
    finding: finding(failure, regressionTest),
  };
}

function finding(failure: SavedFailure, regressionTest: (failure: SavedFailure) => string): OrderFinding {
  const { token, reach } = failure;
  const story = tellFailure(failure as Failure, `npx straddle replay ${token}`);
  return { token, reach, story, regressionTest: regressionTest(failure) };
}

function decisionOf({ decidingPair, deviations, message }: SavedFailure): string {
  if (decidingPair === undefined) return `${message}, after ${deviations} deviation${deviations === 1 ? '' : 's'}`;
  const { first, second, step } = decidingPair;
  return `it passes if ${first.task} passes '${first.op}' before ${second.task} passes '${second.op}' in step ${step}`;
}
