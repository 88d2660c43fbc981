import { EventEmitter, on, once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { PassThrough, Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { hop, type Site } from '../../../scheduler/point.ts';
import { inside, later, Log, sameAsNode } from './controlled.ts';

const site = (text: string): Site => ({ file: 'a.ts', line: 1, column: 1, text, fn: 'f' });

describe('promises', () => {
  sameAsNode('reactions of one promise keep their order, whoever adds them', async () => {
    const log = new Log();
    let resolve!: (value: number) => void;
    const promise = new Promise<number>((done) => (resolve = done));
    void promise.then((value) => log.say(`then ${value}`));
    const waiting = (async () => log.say(`await ${await promise}`))();
    void promise.finally(() => log.say('finally'));
    void promise.then((value) => log.say(`last then ${value}`));
    setTimeout(resolve, 1, 7);
    await waiting;
    await later(1);
    return log.lines;
  });

  sameAsNode('thenables: called a microtask later, once, and the first settling counts', async () => {
    const log = new Log();
    const thenable = {
      then(resolve: (value: string) => void, reject: (reason: unknown) => void): void {
        log.say('then called');
        resolve('first');
        resolve('second');
        reject(new Error('third'));
        throw new Error('fourth');
      },
    };
    const value = (async () => log.say(await thenable))();
    log.say('after');
    await value;
    const throwing = {
      get then(): never {
        throw new Error('getter');
      },
    };
    await Promise.resolve()
      .then(() => throwing)
      .catch((error: Error) => log.say(error.message));
    return log.lines;
  });

  sameAsNode('subclasses: species, statics and instanceof', async () => {
    const log = new Log();
    class Traced extends Promise<unknown> {
      override then(...reactions: Parameters<Promise<unknown>['then']>): Promise<never> {
        log.say('then');
        return super.then(...reactions) as Promise<never>;
      }
    }
    const traced = Traced.resolve(1);
    log.say(traced instanceof Traced);
    log.say(traced.then(() => 2) instanceof Traced);
    log.say(await traced);
    log.say(await Traced.all([traced, 3]));
    log.say(Traced.reject(0).catch(() => 4) instanceof Traced);
    await later(1);
    return log.lines;
  });

  sameAsNode('Promise.all, any, race, allSettled over timers, thenables and values', async () => {
    const in_ = <T>(ms: number, value: T): Promise<T> => later(ms).then(() => value);
    const fails = (ms: number): Promise<never> => later(ms).then(() => Promise.reject(new Error(`after ${ms}`)));
    return [
      await Promise.all([in_(30, 'a'), 'b', { then: (done: (value: string) => void) => done('c') }]),
      await Promise.race([in_(30, 'slow'), in_(5, 'fast')]),
      await Promise.any([fails(5), in_(30, 'ok')]),
      (await Promise.allSettled([fails(5), in_(1, 1)])).map(({ status }) => status),
      await Promise.all([fails(1), fails(20)]).catch((error: Error) => error.message),
      await Promise.any([fails(1), fails(5)]).catch((error: AggregateError) => error.errors.map(String)),
    ];
  });

  sameAsNode('Promise.withResolvers and Promise.try, where the host has them', async () => {
    const { withResolvers, try: attempt } = Promise as unknown as {
      withResolvers?: () => { promise: Promise<string>; resolve: (value: string) => void };
      try?: (run: () => string) => Promise<string>;
    };
    if (withResolvers === undefined) return 'not here';
    const { promise, resolve } = withResolvers.call(Promise);
    setTimeout(resolve, 3, 'resolved');
    return [await promise, await attempt?.call(Promise, () => 'tried')];
  });

  sameAsNode('async generators, for await, return and throw', async () => {
    const log = new Log();
    async function* numbers(): AsyncGenerator<number, unknown, unknown> {
      try {
        for (let i = 0; ; i++) {
          await later(1);
          log.say(`got ${yield i}`);
        }
      } finally {
        await later(1);
        log.say('closed');
      }
    }
    for await (const value of numbers()) if (value === 2) break;
    for await (const value of [later(3).then(() => 'a'), 'b', Promise.resolve('c')]) log.say(value);
    const generator = numbers();
    log.say(JSON.stringify(await generator.next('x')));
    log.say(JSON.stringify(await Promise.all([generator.next('y'), generator.next('z'), generator.return('end')])));
    await numbers()
      .throw(new Error('thrown'))
      .catch((error: Error) => log.say(error.message));
    return log.lines;
  });

  sameAsNode('microtasks, ticks and immediates interleave as in Node', async () => {
    const log = new Log();
    setImmediate(() => log.say('immediate'));
    process.nextTick(() => {
      log.say('tick');
      queueMicrotask(() => log.say('microtask of tick'));
      process.nextTick(() => log.say('tick of tick'));
    });
    queueMicrotask(() => {
      log.say('microtask');
      process.nextTick(() => log.say('tick of microtask'));
      queueMicrotask(() => log.say('microtask of microtask'));
    });
    await Promise.resolve();
    log.say('after await');
    await later(2);
    return log.lines;
  });

  test('instrumented awaits of one promise keep their order under every seed; those of two do not', async () => {
    const same: string[] = [];
    const two = new Set<string>();
    await inside(
      async () => {
        const order: string[] = [];
        const wait = async (name: string, promise: Promise<void>): Promise<void> => {
          await hop(promise, site(name));
          order.push(name);
        };
        const [one, other] = [later(1), later(1)];
        await Promise.all([wait('a', one), wait('b', one), wait('c', one), wait('d', other)]);
        same.push(order.filter((name) => name !== 'd').join(''));
        two.add(order.join(''));
      },
      { strategy: 'random', runs: 100, seed: 1 },
    );
    expect(new Set(same)).toEqual(new Set(['abc']));
    expect(two.size).toBe(4);
  });

  test('an await of a plain value is no scheduling point, unless the code polls for another step', async () => {
    const plain = site('plain');
    const awaited = async (count: number): Promise<unknown> =>
      inside(async (sim) => {
        let other = false;
        void sim.spawn('other', () => (other = true));
        for (let i = 0; i < count && !other; i++) await hop(null, plain);
        return other;
      });
    expect(await awaited(1_000)).toBe(false);
    expect(await awaited(1e6)).toBe(true);
    const polling = inside(async () => {
      for (;;) await hop(null, plain);
    });
    await expect(polling).rejects.toThrow(/^livelock/);
  });
});

describe('events', () => {
  sameAsNode('events.once and events.on, with values, errors and signals', async () => {
    const log = new Log();
    const emitter = new EventEmitter();
    setTimeout(() => emitter.emit('ready', 1, 2), 1);
    log.say(await once(emitter, 'ready'));
    setTimeout(() => emitter.emit('error', new Error('bad')), 1);
    await once(emitter, 'ready').catch((error: Error) => log.say(error.message));
    const controller = new AbortController();
    const ticking = setInterval(() => emitter.emit('tick', 't'), 2);
    try {
      let ticks = 0;
      for await (const [value] of on(emitter, 'tick', { signal: controller.signal })) {
        log.say(value);
        if (++ticks === 2) controller.abort();
      }
    } catch (error) {
      log.say((error as Error).name);
    }
    clearInterval(ticking);
    return log.lines;
  });

  sameAsNode('EventTarget: listeners run within the dispatch, once, signal and handleEvent', async () => {
    const log = new Log();
    const target = new EventTarget();
    const controller = new AbortController();
    target.addEventListener('x', () => log.say('first'), { once: true });
    target.addEventListener('x', { handleEvent: () => log.say('object') });
    target.addEventListener('x', () => log.say('signalled'), { signal: controller.signal });
    target.dispatchEvent(new Event('x'));
    log.say('dispatched');
    controller.abort();
    setTimeout(() => target.dispatchEvent(new Event('x')), 1);
    await once(target, 'x');
    return log.lines;
  });
});

describe('streams', () => {
  sameAsNode('node:stream: pipeline, backpressure, for await, finish and errors', async () => {
    const log = new Log();
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 2,
      write(chunk, _encoding, done) {
        log.say(`write ${chunk}`);
        setTimeout(done, 1);
      },
    });
    const double = new Transform({
      objectMode: true,
      transform: (chunk: number, _encoding, done) => setImmediate(done, null, chunk * 2),
    });
    await pipeline(Readable.from([1, 2, 3, 4, 5]), double, slow);
    const through = new PassThrough();
    setTimeout(() => through.write('a'), 1);
    setTimeout(() => through.end('b'), 3);
    for await (const chunk of through) log.say(chunk);
    await pipeline(
      Readable.from([1]),
      async function* (source: AsyncIterable<number>) {
        for await (const chunk of source) yield chunk;
        throw new Error('broken');
      },
      new PassThrough({ objectMode: true }),
    ).catch((error: Error) => log.say(error.message));
    return log.lines;
  });

  sameAsNode('web streams: pull, backpressure, tee, TransformStream and cancel', async () => {
    const log = new Log();
    let next = 0;
    const source = new ReadableStream<number>({
      async pull(controller) {
        await later(1);
        log.say(`pull ${next}`);
        if (next === 3) controller.close();
        else controller.enqueue(next++);
      },
      cancel: (reason) => log.say(`cancel ${reason}`),
    });
    const [left, right] = source.tee();
    const double = new TransformStream<number, number>({ transform: (chunk, out) => out.enqueue(chunk * 2) });
    const reading = (async () => {
      for await (const chunk of left.pipeThrough(double) as unknown as AsyncIterable<number>) log.say(`left ${chunk}`);
    })();
    const reader = right.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      log.say(`right ${value}`);
    }
    await reading;
    return log.lines;
  });

  test('producer and consumer run in different orders, none of which loses a chunk', async () => {
    const orders = new Set<string>();
    await inside(
      async (sim) => {
        const through = new PassThrough({ objectMode: true, highWaterMark: 1 });
        const log: string[] = [];
        const produce = sim.spawn('producer', async () => {
          for (const chunk of ['a', 'b', 'c']) {
            await sim.point('write');
            log.push(`+${chunk}`);
            if (!through.write(chunk)) await once(through, 'drain');
          }
          through.end();
        });
        const consume = sim.spawn('consumer', async () => {
          const got: string[] = [];
          for await (const chunk of through) {
            got.push(chunk as string);
            await sim.point('read');
            log.push(`-${chunk}`);
          }
          expect(got).toEqual(['a', 'b', 'c']);
        });
        await Promise.all([produce, consume]);
        orders.add(log.join());
      },
      { strategy: 'random', runs: 100, seed: 1 },
    );
    expect(orders.size).toBeGreaterThan(1);
  });
});

describe('what Node builds of all that', () => {
  sameAsNode('node:readline: lines, questions and the end', async () => {
    const log = new Log();
    const input = new PassThrough();
    const output = new PassThrough();
    const lines = createInterface({ input, output });
    lines.on('line', (line) => log.say(`line ${line}`)).on('close', () => log.say('close'));
    const answer = lines.question('name? ');
    input.write('Ada\nsecond\n');
    log.say(`answer ${await answer}`);
    input.write('third\n');
    await later(1);
    input.end('last');
    await once(lines, 'close');
    log.say(String(output.read()));
    const rest: string[] = [];
    for await (const line of createInterface({ input: Readable.from(['a\nb', '\nc']) })) rest.push(line);
    return [log.lines, rest];
  });

  // Since version 24.
  sameAsNode('navigator.locks: one after the other, shared ones together, and if available', async () => {
    const { locks } = (globalThis as { navigator?: { locks?: Locks } }).navigator ?? {};
    const log = new Log();
    if (locks === undefined) return log.lines;
    const hold = (name: string, mode: 'exclusive' | 'shared' = 'exclusive'): Promise<unknown> =>
      locks.request('lock', { mode }, async () => {
        log.say(`${name} in`);
        await later(5);
        log.say(`${name} out`);
      });
    const all = Promise.all([hold('one'), hold('two', 'shared'), hold('three', 'shared'), hold('four')]);
    await locks.request('lock', { ifAvailable: true }, (lock) => log.say(lock === null ? 'taken' : 'free'));
    await all;
    return log.lines;
  });

  // Since version 22.
  sameAsNode('node:sqlite: at once', () => {
    const { DatabaseSync } = (process.getBuiltinModule('node:sqlite') ?? {}) as { DatabaseSync?: Database };
    if (DatabaseSync === undefined) return [];
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE words (word TEXT)');
    for (const word of ['a', 'b']) database.prepare('INSERT INTO words VALUES (?)').run(word);
    return database.prepare('SELECT word FROM words').all().length;
  });
});

interface Locks {
  request(name: string, options: object, run: (lock: object | null) => unknown): Promise<unknown>;
}

interface Statement {
  run(...values: unknown[]): unknown;
  all(): unknown[];
}

type Database = new (path: string) => { exec(sql: string): void; prepare(sql: string): Statement };
