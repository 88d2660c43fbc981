import fc from 'fast-check';
import type { RawFailure } from '../../scheduler/failure.ts';
import { decodeToken, encodeToken } from '../../scheduler/token.ts';
import { CheckError, type Failure, type Report } from '../report.ts';
import { tellFailure } from '../story.ts';

/** What fast-check is given for a failing value. It can be told only when the last value is known. */
export class PropertyError extends CheckError {
  constructor({ kind, message, error }: RawFailure, report: Report) {
    super(`${kind}: ${message}`, report, error === undefined ? undefined : { cause: error });
    Object.assign(this, { kind });
  }

  /** Makes this the whole story, in place: fast-check, and whoever wraps its details, have it already. */
  complete(story: string, report: Report): void {
    const before = `${this.name}: ${this.message}`;
    const frames = this.stack?.startsWith(before) === true ? this.stack.slice(before.length) : '';
    this.message = story;
    this.stack = `${this.name}: ${story}${frames}`;
    const { kind, error } = report.failure!;
    Object.assign(this, { report, kind, ...(error === undefined ? {} : { cause: error }) });
  }
}

/** The failure with a token that brings the value back, too. */
export function withValue(failure: Failure, seed: number, path: string): Failure {
  return { ...failure, token: encodeToken({ ...decodeToken(failure.token), property: { seed, path } }) };
}

/** The story of a property's failure. */
export function tellProperty(failure: Failure): string {
  return tellFailure(failure, `run this one property with STRADDLE_REPLAY=${failure.token}`);
}

/**
 * Lets the error that `fc.assert` throws say all in one message, unless the user has a reporter or asked fast-check
 * to include errors itself.
 */
export function reportInOne<Values>(details: fc.RunDetails<Values>, story: string, report: Report): void {
  const { runConfiguration } = details;
  const { reporter, asyncReporter, includeErrorInReport } = runConfiguration;
  if (reporter !== undefined || asyncReporter !== undefined || includeErrorInReport === true) return;
  const cause = report.failure?.error;
  runConfiguration.asyncReporter = async (all) => {
    const text = await fc.asyncDefaultReportMessage(all);
    throw new CheckError(`${text}\n\n${story}`, report, cause === undefined ? undefined : { cause });
  };
}
