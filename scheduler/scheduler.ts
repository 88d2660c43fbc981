import { AsyncResource } from 'node:async_hooks';
import { naturalOrder } from './chooser.ts';
import { Health } from './health.ts';
import type { RunSpec } from './run.ts';
import { Steps } from './steps.ts';
import { messageOf } from './thrown.ts';

/** How far what is left after a failure is driven on. */
const ABANDONED_STEPS = 1_000;

/** The life of one execution at a time: its beginning, its failure, and what is left then. */
export class Scheduler extends Steps {
  readonly health = new Health();
  readonly #atEnd: (() => void)[] = [];
  #bodyLabel = -1;
  #body: ((sim: unknown) => unknown) | undefined;
  #sim: unknown;
  /** The async context of bodies; another one when a body has left something in it. */
  #scope: AsyncResource | undefined;

  // Made once, not for each execution.
  readonly #callBody = (): unknown => this.#body!(this.#sim);
  readonly #failMain = (error: unknown): void => this.fail('error', error);
  readonly #runMain = (): void => this.runBody(this.current, this.#callBody, noResult, this.#failMain);

  /** Before an exploration: forgets the one before. */
  renew(): void {
    this.labels.clear();
    this.#bodyLabel = this.labels.idOf('start');
    this.points.renew();
    this.health.clear();
  }

  begin(spec: RunSpec): void {
    this.spec = spec;
    this.generation++;
    this.isRetired = false;
    this.isLeft = false;
    this.isLasting = this.host !== undefined && spec.execution === 1;
    this.tasks.clear();
    this.points.clear();
    this.offers.reset(spec.stallMs);
    if (this.enabled.length > 0) this.enabled.length = 0;
    this.requests = 0;
    this.plainAwaits = 0;
    this.drains = 0;
    this.open = 0;
    this.currentStep = 0;
    this.current = this.tasks.main();
    this.beginSteps(spec);
    if (this.observer !== undefined) this.observer.begin();
  }

  /** Starts the body as step 0; its end, and that of every spawned task, ends the execution. */
  start(body: (sim: unknown) => unknown, sim: unknown): void {
    const main = this.current;
    this.trace.push(main.id, this.#bodyLabel, 0, 0, 0);
    main.steps = 1;
    this.opened(main);
    this.#body = body;
    this.#sim = sim;
    // A context of its own: what the body enters there ends with it.
    this.#scope ??= new AsyncResource('straddle.execution');
    this.within(this.#scope, main, this.#runMain);
    this.hasRun();
  }

  /** Makes an unhandled rejection the failure; it explains a deadlock that it caused. */
  failWithRejection(reason: unknown, task: string, spawned: boolean): void {
    const message = messageOf(reason);
    this.failure = spawned
      ? { kind: 'error', message, error: reason }
      : { kind: 'unhandled-rejection', message: `${message} (rejected in ${task}, handled by nobody)`, error: reason };
  }

  /** After a failure: lets what is left run on in natural order, so that `finally` blocks run. */
  abandon(): void {
    this.abandoned = true;
    this.ended = false;
    this.open++;
    this.chooser = naturalOrder;
    this.elastic = false;
    this.maxSteps = this.trace.length + ABANDONED_STEPS;
    this.trace.freeze();
    this.points.openAll();
    this.finish();
    this.hasRun();
  }

  /** The next body begins in a context that nobody has left anything in. */
  renewScope(): void {
    this.#scope = undefined;
  }

  /** Calls `then` once, when the execution has ended or failed. */
  onEnd(then: () => void): void {
    this.#atEnd.push(then);
  }

  /** Tells those who asked that the execution is over. */
  finish(): void {
    if (this.#atEnd.length > 0) for (const then of this.#atEnd.splice(0)) then();
  }
}

function noResult(): void {
  // The body's value is nobody's business.
}
