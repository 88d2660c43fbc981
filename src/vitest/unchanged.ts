import { Branches } from '../../properties/branches.ts';
import { settle, type Settings } from '../../properties/options.ts';
import { replaying, TokenMismatchError } from '../../properties/replay.ts';
import type { Report } from '../../properties/report.ts';
import { Survey, type Surveyed } from '../../properties/survey.ts';
import { naturalOrder } from '../../scheduler/chooser.ts';
import type { Engine, Limits, Plan } from '../../scheduler/control.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { Executions } from '../../properties/executions.ts';
import { savedReport } from '../report/document.ts';
import { Store, type TestName } from '../store/store.ts';
import type { Asked } from './asked.ts';
import type { Exploration } from './conductor.ts';
import { nameOf } from './interleavings.ts';
import type { Runner, Task, TaskError, TaskResult } from './internals.ts';
import { host } from './worker.ts';

let isStoring: boolean | undefined;
/** The same for every test of a worker. */
let common: { readonly settings: Settings; readonly store: Store } | undefined;

/** The exploration of a test that knows nothing of straddle. Its verdict for Vitest is that of natural order. */
export class UnchangedTest implements Exploration<Surveyed> {
  readonly limits: Limits;
  readonly #test: Task;
  readonly #asked: Asked;
  readonly #isToFail: boolean;
  readonly #settings: Settings;
  readonly #budgetMs: number | undefined;
  readonly #branches = new Branches(undefined);
  readonly #store: Store;
  readonly #root: string;
  #survey: Survey | undefined;
  #natural: Pick<TaskResult, 'state' | 'errors'> | undefined;

  /** @param budgetMs for all its executions. */
  constructor(test: Task, runner: Runner, asked: Asked, isToFail: boolean, budgetMs: number | undefined) {
    this.#isToFail = isToFail;
    const { runs, seed, time, granularity, root } = asked;
    common ??= {
      settings: settle({ runs, seed, time, granularity, vacuity: 'off', leaks: 'off' }),
      store: new Store(root),
    };
    this.#test = test;
    this.#root = root;
    this.#asked = asked;
    this.#settings = common.settings;
    this.#store = common.store;
    this.#budgetMs = budgetMs;
    const signal = {
      get aborted() {
        return runner.cancelRun === true;
      },
    };
    this.limits = { host, signal, onBranch: this.#branches.hit };
  }

  get mayRetry(): boolean {
    return this.#survey?.isNatural === true;
  }

  get #name(): TestName {
    return nameOf(this.#test, this.#root, 'explore');
  }

  plan(engine: Engine, body: (sim: Sim) => unknown): Plan<Surveyed> {
    const { token } = this.#asked;
    // Asked once: of most suites nothing is stored, and every test would look for its file.
    const hasStore = (isStoring ??= this.#store.exists);
    if (token !== undefined) return this.#replay(engine, body, token);
    this.#survey = new Survey(
      body,
      this.#settings,
      this.#branches,
      hasStore ? this.#store.tokens(this.#name) : [],
      this.#budgetMs,
    );
    return this.#survey.plan(engine);
  }

  /** The first execution may warm something up that the recorded one found warm. */
  *#replay(engine: Engine, body: (sim: Sim) => unknown, token: string): Plan<Surveyed> {
    yield new Executions(body, this.#settings).next(naturalOrder, 1, 0, false);
    try {
      return { report: yield* replaying(engine, body, token, this.#settings, this.#branches) };
    } catch (error) {
      if (!(error instanceof TokenMismatchError)) throw error;
      return { report: error.report, remark: { kind: 'uncontrolled', detail: error.message } };
    }
  }

  closed(failed: boolean, errors: readonly TaskError[]): void {
    this.#natural ??= failed ? { state: 'fail', errors: [...errors] } : { state: 'pass', errors: undefined };
  }

  conclude({ report: found, remark }: Surveyed): Pick<TaskResult, 'state' | 'errors'> {
    const report = this.#isToFail ? reversed(found) : found;
    if (this.#asked.token === undefined) this.#remember(report);
    this.#test.meta['straddle'] = { report: savedReport(report), ...(remark === undefined ? {} : { remark }) };
    return this.#natural!;
  }

  #remember({ failure }: Report): void {
    const mended = this.#survey?.mended ?? [];
    if (failure === undefined && mended.length === 0) return;
    // What fails in natural order needs no schedule to be kept.
    const failed =
      failure === undefined || failure.foundBy === 'natural'
        ? {}
        : { failed: { ...failure, scope: this.#asked.scope } };
    try {
      this.#store.update(this.#name, { ...failed, mended });
    } catch (error) {
      process.emitWarning(`straddle: ${(error as Error).message}`);
    }
  }
}

/** A test that is to fail, and does in natural order, is explored no further. */
function reversed(report: Report): Report {
  const { failure, ...rest } = report;
  return failure === undefined ? { ...rest, verdict: 'fail' } : { ...rest, verdict: 'pass' };
}
