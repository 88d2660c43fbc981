import { EventEmitter, once } from 'node:events';
import * as promised from 'node:timers/promises';
import fc from 'fast-check';

/** A random program over everything that the drain and the event loop order. */
export type Statement =
  | { readonly do: 'log' }
  | { readonly do: 'await'; readonly what: Awaited; readonly hops: number; readonly delay: number }
  | { readonly do: 'call'; readonly body: Program; readonly wait: boolean }
  | { readonly do: 'tick' | 'microtask' | 'immediate'; readonly body: Program; readonly clear: boolean }
  | { readonly do: 'timer'; readonly delay: number; readonly body: Program; readonly clear: 'no' | 'turn' | 'sibling' }
  | { readonly do: 'refresh'; readonly delay: number; readonly body: Program }
  | { readonly do: 'interval'; readonly delay: number; readonly times: number; readonly body: Program }
  | { readonly do: 'post'; readonly port: number; readonly body: Program }
  | { readonly do: 'close'; readonly port: number };
export type Program = readonly Statement[];

/** What an await waits for; a `later` promise is settled by a callback of that kind. */
export type Awaited =
  | 'value'
  | 'settled'
  | 'rejected'
  | 'thenable'
  | 'late thenable'
  | 'all'
  | 'race'
  | 'generator'
  | 'tick'
  | 'microtask'
  | 'immediate'
  | 'timer'
  | 'promised immediate'
  | 'promised timer'
  | 'event'
  | 'subclass';

const PORTS = 4;

const awaited: fc.Arbitrary<Awaited> = fc.constantFrom(
  'value',
  'settled',
  'rejected',
  'thenable',
  'late thenable',
  'all',
  'race',
  'generator',
  'tick',
  'microtask',
  'immediate',
  'timer',
  'promised immediate',
  'promised timer',
  'event',
  'subclass',
);

const port = fc.nat(PORTS - 1);
/** In units. Few sums of these are equal. */
const delay = fc.integer({ min: 1, max: 12 });

const { statement } = fc.letrec<{ program: Program; statement: Statement }>((tie) => ({
  program: fc.array(tie('statement'), { maxLength: 4, size: 'max', depthIdentifier: 'program' }),
  statement: fc.oneof(
    { depthIdentifier: 'program', maxDepth: 4, depthSize: 'max' },
    fc.constant<Statement>({ do: 'log' }),
    fc.record<Statement & { do: 'await' }>({ do: fc.constant('await'), what: awaited, hops: fc.nat(3), delay }),
    fc.record<Statement & { do: 'call' }>({ do: fc.constant('call'), body: tie('program'), wait: fc.boolean() }),
    fc.record<Statement & { do: 'tick' }>({
      do: fc.constantFrom('tick', 'microtask', 'immediate') as fc.Arbitrary<'tick'>,
      body: tie('program'),
      clear: fc.boolean(),
    }),
    fc.record<Statement & { do: 'timer' }>({
      do: fc.constant('timer'),
      delay,
      body: tie('program'),
      clear: fc.constantFrom('no', 'turn', 'sibling'),
    }),
    fc.record<Statement & { do: 'refresh' }>({ do: fc.constant('refresh'), delay, body: tie('program') }),
    fc.record<Statement & { do: 'interval' }>({
      do: fc.constant('interval'),
      delay,
      times: fc.integer({ min: 1, max: 3 }),
      body: tie('program'),
    }),
    fc.record<Statement & { do: 'post' }>({ do: fc.constant('post'), port, body: tie('program') }),
    fc.record<Statement & { do: 'close' }>({ do: fc.constant('close'), port }),
  ),
}));

export const programs: fc.Arbitrary<Program> = fc.array(statement, { minLength: 3, maxLength: 8, size: 'max' });

/** One timer, as it was armed: two that are due together, but were not armed together, race in Node. */
interface Armed {
  readonly macrotask: number;
  readonly due: number;
}

export interface Outcome {
  readonly log: readonly string[];
  /** Node's own order is a race: neither answer would be wrong. */
  readonly racy: boolean;
  /** A timer fired so late that its order against others says nothing. */
  readonly late: boolean;
}

/** Runs a program with whatever timers the globals are, to its end. `unit`: milliseconds of a unit of delay. */
export function run(program: Program, unit: number): Promise<Outcome> {
  return new Run(unit).toEnd(program);
}

function usesPorts(program: Program): boolean {
  return program.some(
    (statement) =>
      statement.do === 'post' || statement.do === 'close' || ('body' in statement && usesPorts(statement.body)),
  );
}

class Derived extends Promise<unknown> {}

class Run {
  readonly #unit: number;
  readonly #log: string[] = [];
  readonly #armed: Armed[] = [];
  readonly #ports: InstanceType<typeof MessageChannel>['port1'][] = [];
  /** What a message says must be done; a message carries its number. */
  readonly #messages: (() => void)[] = [];
  #pending = 1;
  #macrotask = 0;
  #late = false;
  #lines = 0;
  #done!: () => void;

  constructor(unit: number) {
    this.#unit = unit;
  }

  async toEnd(program: Program): Promise<Outcome> {
    const finished = new Promise<void>((resolve) => (this.#done = resolve));
    for (let i = 0; i < PORTS && usesPorts(program); i += 2) {
      const { port1, port2 } = new MessageChannel();
      for (const port of [port1, port2]) {
        this.#ports.push(port);
        const number = this.#ports.length - 1;
        port.addEventListener('message', (event) => {
          const { data } = event as unknown as { data: number };
          this.#macro(() => this.#messages[data]!());
        });
        port.addEventListener('close', () => this.#macro(() => this.#say(`port ${number} closed`)));
        port.start();
      }
    }
    this.#start(program, 'main');
    this.#settled();
    await finished;
    const log = [...this.#log];
    for (const port of this.#ports) port.close();
    return { log, racy: this.#isRacy(), late: this.#late };
  }

  #isRacy(): boolean {
    return this.#armed.some((one, i) =>
      this.#armed.some((other, j) => j < i && one.due === other.due && one.macrotask !== other.macrotask),
    );
  }

  #say(what: string): void {
    this.#log.push(what);
  }

  #name(): string {
    return `${++this.#lines}`;
  }

  #settled(): void {
    if (--this.#pending === 0) this.#done();
  }

  #macro(run: () => void): void {
    this.#macrotask++;
    run();
  }

  /** Something that will call back. */
  #expect(run: () => void): () => void {
    this.#pending++;
    return () => {
      run();
      this.#settled();
    };
  }

  /** An immediate. If it is late, so may be what was to run before a timer. */
  #immediate(run: () => void): void {
    const asked = performance.now();
    setImmediate(() => {
      if (performance.now() > asked + this.#unit / 6) this.#late = true;
      run();
    });
  }

  #start(program: Program, name: string): void {
    this.#pending++;
    void this.#body(program, name).finally(() => this.#settled());
  }

  async #body(program: Program, name: string): Promise<void> {
    this.#say(`${name} begins`);
    for (const statement of program) await this.#statement(statement, name);
    this.#say(`${name} ends`);
  }

  /** A promise only where the program waits. */
  #statement(statement: Statement, name: string): unknown {
    const inner = `${name}.${this.#name()}`;
    switch (statement.do) {
      case 'log':
        this.#say(inner);
        return undefined;
      case 'await':
        return this.#await(statement, inner);
      case 'call': {
        if (statement.wait) return this.#body(statement.body, inner);
        this.#start(statement.body, inner);
        return undefined;
      }
      case 'tick':
        process.nextTick(this.#expect(() => this.#start(statement.body, inner)));
        return undefined;
      case 'microtask':
        queueMicrotask(this.#expect(() => this.#start(statement.body, inner)));
        return undefined;
      case 'immediate': {
        if (statement.clear) clearImmediate(setImmediate(() => this.#say(`${inner} was cleared`)));
        this.#immediate(this.#expect(() => this.#macro(() => this.#start(statement.body, inner))));
        return undefined;
      }
      case 'timer': {
        const cleared = (): void => this.#say(`${inner} was cleared`);
        if (statement.clear === 'turn') {
          const timer = setTimeout(cleared, this.#unit);
          this.#immediate(this.#expect(() => clearTimeout(timer)));
        }
        this.#timer(statement.delay, () => {
          clearTimeout(sibling);
          this.#start(statement.body, inner);
        });
        // Due together with the one that clears it.
        const sibling = statement.clear === 'sibling' ? setTimeout(cleared, statement.delay * this.#unit) : undefined;
        return undefined;
      }
      case 'refresh': {
        const timer = this.#timer(statement.delay, () => this.#start(statement.body, inner));
        const armed = this.#armed.at(-1)!;
        this.#immediate(
          this.#expect(() =>
            this.#macro(() => {
              this.#say(`${inner} refreshed`);
              this.#disarmed(armed);
              this.#arming(statement.delay);
              timer.refresh();
            }),
          ),
        );
        return undefined;
      }
      case 'interval':
        return this.#interval(statement.delay, statement.times, statement.body, inner);
      case 'post':
        return this.#post(statement.port, () => this.#start(statement.body, inner));
      case 'close':
        this.#say(`${inner} closes ${statement.port}`);
        this.#ports[statement.port]!.close();
        return undefined;
    }
  }

  #timer(delay: number, run: () => void): NodeJS.Timeout {
    this.#arming(delay);
    return setTimeout(
      this.#expect(() => this.#macro(run)),
      delay * this.#unit,
    );
  }

  #disarmed(armed: Armed): void {
    this.#armed.splice(this.#armed.indexOf(armed), 1);
  }

  #arming(delay: number): void {
    const now = performance.now();
    this.#armed.push({ macrotask: this.#macrotask, due: Math.round(now / this.#unit) + delay });
    // Armed at the same time, with the same delay: if this one is late, those around it are. Each timer of a chain
    // may be as late as the sixth part of a unit: together they stay below a unit.
    const due = now + delay * this.#unit;
    setTimeout(
      this.#expect(() => {
        if (performance.now() > due + this.#unit / 6) this.#late = true;
      }),
      delay * this.#unit,
    );
  }

  #interval(delay: number, times: number, body: Program, name: string): void {
    let left = times;
    this.#arming(delay);
    const run = this.#expect(() => undefined);
    const interval = setInterval(() => {
      this.#macro(() => {
        if (--left === 0) clearInterval(interval);
        else this.#arming(delay);
        this.#start(body, name);
        if (left === 0) run();
      });
    }, delay * this.#unit);
  }

  /** A message may be lost with its port, so nobody waits for it: a timer does, beyond all others. */
  #post(port: number, run: () => void): void {
    this.#messages.push(run);
    this.#ports[port]!.postMessage(this.#messages.length - 1);
    this.#immediate(
      this.#expect(() => this.#immediate(this.#expect(() => this.#immediate(this.#expect(() => undefined))))),
    );
  }

  async #await({ what, hops, delay }: Statement & { do: 'await' }, name: string): Promise<void> {
    try {
      let promise: unknown = this.#awaited(what, delay);
      for (let i = 0; i < hops; i++) promise = Promise.resolve(promise).then((value) => value);
      this.#say(`${name} awaits ${what}`);
      await promise;
      this.#say(`${name} got ${what}`);
    } catch (error) {
      this.#say(`${name} caught ${String(error)}`);
    }
  }

  #awaited(what: Awaited, delay: number): unknown {
    const later = (arm: (done: () => void) => unknown): Promise<void> => new Promise((resolve) => void arm(resolve));
    switch (what) {
      case 'value':
        return 1;
      case 'settled':
        return Promise.resolve();
      case 'rejected':
        return Promise.reject(new Error('no'));
      case 'thenable':
        return { then: (resolve: () => void) => resolve() };
      case 'late thenable':
        return { then: (resolve: () => void) => queueMicrotask(resolve) };
      case 'all':
        return Promise.all([1, Promise.resolve(2), this.#awaited('thenable', delay)]);
      case 'race':
        return Promise.race([this.#awaited('immediate', delay), this.#awaited('tick', delay)]);
      case 'generator':
        return this.#generated();
      case 'tick':
        return later((done) => process.nextTick(done));
      case 'microtask':
        return later((done) => queueMicrotask(done));
      case 'immediate':
        return later((done) => this.#immediate(() => this.#macro(done)));
      case 'timer':
        return later((done) => this.#timer(delay, done));
      case 'promised immediate':
        return promised.setImmediate();
      case 'event': {
        const emitter = new EventEmitter();
        this.#immediate(() => this.#macro(() => emitter.emit('ready', 1)));
        return once(emitter, 'ready');
      }
      case 'subclass':
        return Derived.resolve(1).then((value) => value);
      case 'promised timer':
        this.#arming(delay);
        return promised.setTimeout(delay * this.#unit);
    }
  }

  async #generated(): Promise<void> {
    async function* values(): AsyncGenerator<number> {
      yield 1;
      yield await Promise.resolve(2);
    }
    for await (const value of values()) this.#say(`value ${value}`);
  }
}
