import { relative, sep } from 'node:path';
import { Branches } from '../../properties/branches.ts';
import { settle, type Settings } from '../../properties/options.ts';
import { replaying, TokenMismatchError } from '../../properties/replay.ts';
import type { Report } from '../../properties/report.ts';
import { Search } from '../../properties/search.ts';
import { tell, tellFailure } from '../../properties/story.ts';
import type { Engine, Limits, Plan } from '../../scheduler/control.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { withoutOwnFrames } from '../../scheduler/sites.ts';
import { savedReport } from '../report/document.ts';
import { Store, type TestName } from '../store/store.ts';
import { replayCommands } from './command.ts';
import type { Exploration } from './conductor.ts';
import type { Definition } from './definition.ts';
import { asked, isExploring } from './asked.ts';
import { startedIn } from './root.ts';
import { host } from './worker.ts';
import { fullNameOf, type Runner, type Task, type TaskError, type TaskResult } from './internals.ts';

const { now } = performance;

/** The exploration of one `test.interleavings`. */
export class Interleavings implements Exploration<Report> {
  readonly limits: Limits;
  readonly #test: Task;
  readonly #definition: Definition;
  readonly #settings: Settings;
  readonly #branches: Branches;
  readonly #store: Store;
  readonly #name: TestName;
  readonly #timeout: number;
  /** It is to fail: its failures are nothing to remember. */
  readonly #isToFail: boolean;
  /** By `.fails`. */
  readonly #isMarkedFails: boolean;
  readonly #began = now.call(performance);
  readonly #token: string | undefined;
  #search: Search | undefined;
  #mismatch: TokenMismatchError | undefined;

  constructor(test: Task, runner: Runner, definition: Definition, isToFail: boolean) {
    this.#test = test;
    this.#definition = definition;
    this.#settings = settle(definition.options);
    this.#branches = new Branches(this.#settings.branches);
    const root = startedIn(runner.config.root);
    this.#store = new Store(root);
    this.#name = nameOf(test, root, 'interleavings');
    this.#timeout = definition.vitest.timeout ?? runner.config.testTimeout;
    this.#isMarkedFails = isToFail;
    this.#isToFail = isToFail || this.#settings.expect === 'fail';
    const token = process.env['STRADDLE_REPLAY'];
    this.#token = token === '' ? undefined : token;
    const { budgetMs = Infinity, signal = test.context.signal } = this.#settings;
    const most = Math.min(budgetMs, this.#timeout > 0 ? this.#timeout : Infinity);
    this.limits = {
      ...(most === Infinity ? {} : { budgetMs: most }),
      signal,
      host,
      onBranch: this.#branches.hit,
      onTurn: (elapsedMs) =>
        this.#settings.onProgress?.(
          this.#search?.progress(elapsedMs) ?? { executions: 0, runs: this.#settings.runs, elapsedMs },
        ),
    };
  }

  get #executions(): number {
    return this.#search?.executions ?? 0;
  }

  plan(engine: Engine, body: (sim: Sim) => unknown): Plan<Report> {
    if (this.#token !== undefined) return this.#replay(engine, body, this.#token);
    this.#search = new Search(body, this.#settings, this.#branches, this.#store.tokens(this.#name));
    return this.#search.plan(engine);
  }

  *#replay(engine: Engine, body: (sim: Sim) => unknown, token: string): Plan<Report> {
    try {
      return yield* replaying(engine, body, token, this.#settings, this.#branches);
    } catch (error) {
      if (!(error instanceof TokenMismatchError)) throw error;
      this.#mismatch = error;
      return error.report;
    }
  }

  conclude(found: Report, errors: readonly TaskError[], assertions: number): Pick<TaskResult, 'state' | 'errors'> {
    const report = this.#judged(found, assertions);
    this.#remember(report);
    const mismatch = this.#mismatch?.message;
    if (isExploring) {
      const remark = mismatch === undefined ? {} : { remark: { kind: 'uncontrolled', detail: mismatch } };
      const verdict = report.failure === undefined ? 'fail' : 'pass';
      const told = this.#isToFail ? { ...report, verdict } : report;
      this.#test.meta['straddle'] = { report: savedReport(told as Report), ...remark };
    }
    if (mismatch !== undefined) return { state: 'fail', errors: [...errors, this.#error('StraddleError', mismatch)] };
    // Vitest turns the verdict over: only a schedule that fails may do.
    if (this.#isMarkedFails && report.failure === undefined) return { state: 'pass', errors: undefined };
    const timedOut = report.failure === undefined ? this.#timedOut() : undefined;
    if (timedOut !== undefined) return { state: 'fail', errors: [this.#error('Error', timedOut)] };
    if (report.verdict === 'pass') return { state: 'pass', errors: undefined };
    const { failure } = report;
    const story =
      failure === undefined ? tell(report) : tellFailure(failure, replayCommands(this.#name, failure.token));
    for (const error of errors) if (error.stack !== undefined) error.stack = withoutOwnFrames(error.stack);
    return { state: 'fail', errors: [...errors, this.#error('StraddleError', story)] };
  }

  /** Whether an assertion was evaluated is known where they are counted. */
  #judged(report: Report, assertions: number): Report {
    const { vacuity, expect } = this.#settings;
    if (assertions > 0 || vacuity === 'off' || expect === 'fail' || this.#token !== undefined) return report;
    if (report.failure !== undefined) return report;
    const detail = `In ${report.executions} executions not one assertion was evaluated: nothing could have failed.`;
    return {
      ...report,
      verdict: vacuity === 'fail' ? 'vacuous' : report.verdict,
      vacuous: [...report.vacuous, { kind: 'no-assertion', detail }],
    };
  }

  #remember({ failure }: Report): void {
    if (this.#isToFail || this.#token !== undefined) return;
    const mended = this.#search?.mended ?? [];
    try {
      const scope = isExploring ? asked().scope : {};
      const failed = failure === undefined ? {} : { failed: { ...failure, scope } };
      this.#store.update(this.#name, { ...failed, mended });
    } catch (error) {
      // A project that cannot be written to is no reason to hide the verdict.
      process.emitWarning(`straddle: ${(error as Error).message}`);
    }
  }

  /** The time-out came before the exploration had ended by itself. */
  #timedOut(): string | undefined {
    const { budgetMs = Infinity, runs } = this.#settings;
    const elapsed = now.call(performance) - this.#began;
    if (this.#timeout <= 0 || elapsed < this.#timeout || budgetMs <= this.#timeout) return undefined;
    return (
      `Test timed out in ${this.#timeout}ms, after ${this.#executions} of ${runs} executions.\n` +
      `Ask for fewer (runs), say how long to explore (budgetMs), or allow more time (timeout).`
    );
  }

  #error(name: string, message: string): TaskError {
    return { name, message, stack: `${name}: ${message}\n${this.#definition.stack ?? ''}` };
  }
}

/** The name by which a test's failures are stored. */
export function nameOf(test: Task, root: string, by: TestName['by']): TestName {
  const { filepath, projectName } = test.file;
  const file = relative(root, filepath).split(sep).join('/');
  const name = fullNameOf(test);
  return { file, name, by, ...(projectName === undefined || projectName === '' ? {} : { project: projectName }) };
}
