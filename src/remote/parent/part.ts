import { StraddleError } from '../../../scheduler/error.ts';
import type { Running } from '../../../scheduler/running.ts';
import type { Scheduler } from '../../../scheduler/scheduler.ts';
import { siteOfStack } from '../../../scheduler/sites.ts';
import type { Task } from '../../../scheduler/task.ts';
import { originals } from '../../../scheduler/world/originals.ts';
import type { OutsideWork, Source } from '../../../scheduler/world/outside.ts';
import { decode } from '../codec.ts';
import type { Connection } from '../connection.ts';
import { STEER, type Reached, type WorkerId } from '../steering.ts';

/** Milliseconds of waiting for the code of a child to come to rest. */
const PATIENCE_MS = 10_000;

/**
 * The part that a child takes in one execution of an exploration. Whatever is asked of it leaves in the host's turn of
 * the loop; the next choice waits until the child's code has come to rest; then each worker that is parked there is an
 * operation of the task that called it, and so is each answer.
 */
export class Part implements Source {
  /** Of several children's answers, those of the one that took part first come first. */
  readonly order: number;
  readonly name: string;
  readonly announces = true;
  readonly #scheduler: Scheduler;
  readonly #outside: OutsideWork;
  readonly #generation: number;
  readonly #onEnd: () => void;
  readonly #tasks = new Map<WorkerId, Task>();
  /** To be done in the host's turn. */
  #errands: (() => void)[] = [];
  /** Becomes operations when everything outside has settled. */
  #arrived: (() => void)[] = [];
  /** Errands whose end the next choice waits for. */
  #underWay = 0;
  #connection: Connection | undefined;
  /** Calls that were sent before steering began. */
  #before = 0;
  #goes = 0;
  #seen = -1;
  #since = 0;
  #isOver = false;
  #hasLeft = false;

  /** @param onEnd called in the host's turn when the execution is over. */
  constructor({ scheduler, outside }: Running, child: string, onEnd: () => void) {
    this.name = child;
    this.#scheduler = scheduler;
    this.#outside = outside;
    this.#generation = scheduler.generation;
    this.#onEnd = onEnd;
    this.order = outside.nextOrder();
    outside.add(this);
    // Whether somebody watches may become known only when points over there have been passed.
    scheduler.points.watch();
    this.#endWithExecution();
  }

  isOf({ scheduler }: Running): boolean {
    return !this.#isOver && scheduler === this.#scheduler && scheduler.generation === this.#generation;
  }

  /** From now on every point of the child keeps whoever reaches it, until that is chosen. */
  steer(connection: Connection): void {
    this.#errand(() => {
      this.#connection = connection;
      this.#before = connection.sent;
      connection.tell(STEER.begin, this.#scheduler.observer !== undefined);
    });
  }

  /** What the child said: it has seen so much of what was sent, has come to rest, and these are parked. */
  settled(seen: number, reached: readonly Reached[]): void {
    if (this.#isOver) return;
    this.#seen = seen;
    for (const one of reached) this.#arrived.push(() => this.#park(one));
    this.#outside.stir();
  }

  /** Asks the child something. The answer may need choices; nothing waits for it but the caller. */
  ask<Result>(name: string, send: () => Promise<Result>): Promise<Result> {
    return this.#operation(name, (task) => {
      const before = this.#sent;
      const answer = send();
      // What could not be sent has no number.
      if (this.#sent > before) this.#tasks.set(this.#sent, task);
      return answer;
    });
  }

  /** Does something outside that ends by itself; the next choice waits for it. */
  outside<Result>(name: string, job: () => Promise<Result>): Promise<Result> {
    return this.#operation(name, async () => {
      this.#underWay++;
      try {
        return await job();
      } finally {
        this.#underWay--;
      }
    });
  }

  expects(at: number): boolean {
    if (this.#errands.length > 0 || this.#underWay > 0) return true;
    if (this.#connection === undefined || this.#connection.cause !== undefined || this.#seen === this.#sent)
      return false;
    if (at - this.#since < PATIENCE_MS) return true;
    const why = `remote child '${this.name}' did not come to rest within ${PATIENCE_MS} ms`;
    const remedy = 'put a point into its loop, or unref its timers';
    this.#scheduler.fail('error', new StraddleError('remote-unsettled', `${why}: ${remedy}.`));
    this.#connection = undefined;
    return false;
  }

  /** What is parked or blocked there cannot answer by itself. */
  patienceMs(): number {
    return 0;
  }

  land(): void {
    if (this.#arrived.length > 0) for (const become of this.#arrived.splice(0)) become();
  }

  end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#arrived = [];
    originals.setImmediate(() => {
      this.leave();
    });
    return false;
  }

  /** The execution is over: lets the child go, unless that is done. In the host's turn. */
  leave(): void {
    if (!this.#isOver || this.#hasLeft) return;
    this.#hasLeft = true;
    this.#connection?.tell(STEER.end);
    this.#onEnd();
  }

  /** The number of requests and `go`s since steering began. */
  get #sent(): number {
    return this.#connection === undefined ? 0 : this.#connection.sent - this.#before + this.#goes;
  }

  /** What is left after a failure still runs to its end. */
  #endWithExecution(): void {
    this.#scheduler.onEnd(() => {
      if (this.#scheduler.ended) this.end();
      else this.#endWithExecution();
    });
  }

  /** An operation of the current task that can be chosen when the work outside has come to an end. */
  #operation<Result>(name: string, work: (task: Task) => Promise<Result>): Promise<Result> {
    const op = this.#scheduler.ask(name, nothing);
    return new Promise((resolve, reject) => {
      const answered = (settle: () => void): void => {
        if (this.#isOver) return;
        this.#arrived.push(() => {
          op.run = settle;
          this.#outside.land(op, this.order);
        });
        this.#outside.stir();
      };
      this.#errand(() => {
        work(op.task).then(
          (value) => answered(() => resolve(value)),
          (error: unknown) => answered(() => reject(error as Error)),
        );
      });
    });
  }

  #errand(run: () => void): void {
    this.#errands.push(run);
    this.#outside.stir();
    if (this.#errands.length > 1) return;
    originals.setImmediate(() => {
      this.#since = this.#outside.waitedMs;
      for (const errand of this.#errands.splice(0)) errand();
    });
  }

  #park({ id, name, key, worker, stack }: Reached): void {
    const go = (): void => {
      this.#errand(() => {
        this.#goes++;
        this.#connection?.tell(STEER.go, id);
      });
    };
    this.#scheduler.reached(name, decode(key), this.#taskOf(worker), go, siteIn(stack));
  }

  /** Whose step it is: the task that made the call, or one for each worker that the server has spawned. */
  #taskOf(worker: WorkerId): Task {
    let task = this.#tasks.get(worker);
    if (task === undefined) {
      task = this.#scheduler.newTask(typeof worker === 'string' ? `${this.name}:${worker}` : this.name);
      this.#tasks.set(worker, task);
    }
    return task;
  }
}

function siteIn(
  stack: string | undefined,
): { file: string; line: number; column: number; text: ''; fn: '' } | undefined {
  const match = /^(.*):(\d+):(\d+)$/.exec(siteOfStack(stack) ?? '');
  return match === null
    ? undefined
    : { file: match[1]!, line: Number(match[2]), column: Number(match[3]), text: '', fn: '' };
}

function nothing(): void {
  // Replaced when the answer comes.
}
