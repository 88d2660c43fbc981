import type { TestReport } from './document.ts';

/** The command that replays a test's failure. */
export function replayCommand({ replay, report }: TestReport): string | undefined {
  return replay ?? (report.failure === undefined ? undefined : `npx straddle replay ${report.failure.token}`);
}
