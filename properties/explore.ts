import { control } from '../scheduler/control.ts';
import type { Sim } from '../scheduler/sim.ts';
import { Branches } from './branches.ts';
import { requireBody, settle, type ExploreOptions } from './options.ts';
import { replay } from './replay.ts';
import { CheckError, type Report } from './report.ts';
import { Search } from './search.ts';
import { tell } from './story.ts';

/**
 * Runs `body` under schedule after schedule and reports what happened. A failing body is a verdict, never an
 * exception.
 *
 * @param body one execution of the test; it starts tasks with `sim.spawn` or plain async calls.
 * @throws StraddleError for wrong use: `usage`, `undeclared-branch`, `nested`, `strategy`.
 */
export async function explore(body: (sim: Sim) => unknown, options: ExploreOptions = {}): Promise<Report> {
  requireBody(body);
  const token = process.env['STRADDLE_REPLAY'];
  if (token !== undefined && token !== '') return replay(body, token, options);
  const settings = settle(options);
  const branches = new Branches(settings.branches);
  const limits = {
    budgetMs: settings.budgetMs,
    signal: settings.signal,
    onBranch: branches.hit,
    onTurn: (elapsedMs: number) => settings.onProgress?.(search.progress(elapsedMs)),
  };
  const search = new Search(body, settings, branches);
  return control(limits, (engine) => search.plan(engine));
}

/**
 * Like `explore`, for tests: returns only if the verdict is 'pass'.
 * @throws CheckError with the story, the token and the report otherwise.
 */
export async function check(body: (sim: Sim) => unknown, options: ExploreOptions = {}): Promise<Report> {
  const report = await explore(body, options);
  if (report.verdict === 'pass') return report;
  const { failure } = report;
  throw new CheckError(tell(report), report, failure?.error === undefined ? undefined : { cause: failure.error });
}
