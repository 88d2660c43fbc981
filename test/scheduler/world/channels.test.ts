import { createRequire } from 'node:module';
import * as workerThreads from 'node:worker_threads';
import { BroadcastChannel as NamedBroadcastChannel, receiveMessageOnPort } from 'node:worker_threads';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { inside, later, Log, sameAsNode } from './controlled.ts';

const originalNow = performance.now.bind(performance);

type Port = workerThreads.MessagePort;
const channel = (): { port1: Port; port2: Port } => new workerThreads.MessageChannel();

describe('MessageChannel', () => {
  sameAsNode('delivers in order, one message to a turn of the microtask queue', async () => {
    const log = new Log();
    const { port1, port2 } = channel();
    const done = new Promise<void>((resolve) => {
      port2.on('message', (value: number) => {
        log.say(`got ${value}`);
        process.nextTick(() => log.say(`tick ${value}`));
        queueMicrotask(() => log.say(`microtask ${value}`));
        if (value === 3) resolve();
      });
    });
    for (const value of [1, 2, 3]) port1.postMessage(value);
    log.say('posted');
    await done;
    port1.close();
    return log.lines;
  });

  sameAsNode('onmessage, addEventListener, start and MessageEvent', async () => {
    const log = new Log();
    const { port1, port2 } = channel();
    const done = new Promise<void>((resolve) => {
      (port1 as { onmessage?: unknown }).onmessage = (event: MessageEvent) => {
        log.say(`${event.constructor.name} ${event.type} ${event.data} ${event.target === (port1 as unknown)}`);
        if (event.data === 'there') port1.postMessage('back');
      };
      port2.addEventListener('message', ((event: MessageEvent) => {
        log.say(String(event.data));
        resolve();
      }) as never);
    });
    port2.postMessage('there');
    await done;
    port1.close();
    return log.lines;
  });

  sameAsNode('serves channels that a listener makes in the order in which they were made', async () => {
    const log = new Log();
    const outer = channel();
    const made: Port[] = [];
    const listener = (name: string, done: () => void): Port => {
      const { port1, port2 } = channel();
      made.push(port1);
      port2.on('message', () => {
        log.say(name);
        done();
      });
      return port1;
    };
    await new Promise<void>((resolve) => {
      outer.port2.on('message', () => {
        let left = 3;
        const done = (): void => void (--left === 0 && resolve());
        const senders = ['first', 'second', 'third'].map((name) => listener(name, done));
        for (const sender of senders.reverse()) sender.postMessage('');
      });
      outer.port1.postMessage('');
    });
    for (const port of [outer.port1, ...made]) port.close();
    return log.lines;
  });

  sameAsNode('clones what is sent, as the host does', async () => {
    const { port1, port2 } = channel();
    const sent = {
      date: new Date(0),
      map: new Map([[1, new Set([2])]]),
      bytes: new Uint8Array([1, 2]),
      loop: null as unknown,
    };
    sent.loop = sent;
    const got = once(port2, 'message');
    port1.postMessage(sent);
    const [value] = (await got) as [typeof sent];
    port1.close();
    let refused = '';
    try {
      channel().port1.postMessage(() => undefined);
    } catch (error) {
      refused = (error as Error).name;
    }
    return [
      value !== sent,
      value.loop === value,
      value.date.getTime(),
      [...value.map.get(1)!],
      [...value.bytes],
      refused,
    ];
  });

  sameAsNode('transfers buffers and ports', async () => {
    const log = new Log();
    const { port1, port2 } = channel();
    const inner = channel();
    const buffer = new ArrayBuffer(4);
    const got = once(port2, 'message');
    port1.postMessage({ port: inner.port2, buffer }, [inner.port2, buffer]);
    log.say(buffer.byteLength);
    const [value] = (await got) as [{ port: Port; buffer: ArrayBuffer }];
    log.say(value.buffer.byteLength);
    const echo = once(value.port, 'message');
    inner.port1.postMessage('through');
    log.say(String(await echo));
    inner.port1.close();
    port1.close();
    return log.lines;
  });

  sameAsNode('close: what was sent before arrives, both ends hear of it, later messages are lost', async () => {
    const log = new Log();
    const { port1, port2 } = channel();
    port2.on('message', (value) => log.say(`got ${value}`));
    const closed = [port1, port2].map(
      (port, i) =>
        new Promise<void>((resolve) => {
          port.on('close', () => {
            log.say(`closed ${i + 1}`);
            resolve();
          });
        }),
    );
    port1.postMessage('before');
    await later(5);
    port1.close();
    port1.postMessage('after');
    await Promise.all(closed);
    await later(5);
    return log.lines;
  });

  sameAsNode('receiveMessageOnPort takes a message at once', () => {
    const { port1, port2 } = channel();
    port1.postMessage('a');
    port1.postMessage('b');
    const seen = [receiveMessageOnPort(port2), receiveMessageOnPort(port2), receiveMessageOnPort(port2) ?? 'none'];
    port1.close();
    return seen;
  });

  sameAsNode('once, off and unref of a port', async () => {
    const log = new Log();
    const { port1, port2 } = channel();
    const off = (): void => log.say('off');
    port2.on('message', off);
    port2.off('message', off);
    port2.once('message', () => log.say('once'));
    port2.unref();
    port2.ref();
    port1.postMessage(1);
    port1.postMessage(2);
    await later(10);
    port1.close();
    return log.lines;
  });

  test('by global, by name and with require', async () => {
    const required = createRequire(import.meta.url)('worker_threads') as typeof workerThreads;
    await inside(async (sim) => {
      for (const Channel of [globalThis.MessageChannel, workerThreads.MessageChannel, required.MessageChannel]) {
        const { port1, port2 } = new Channel() as unknown as { port1: Port; port2: Port };
        const got = once(port2, 'message');
        port1.postMessage('hello');
        expect(await got).toEqual(['hello']);
        port1.close();
      }
      expect(sim.now()).toBe(0);
    });
  });

  test('a delivery competes with other enabled work; the messages of one port keep their order', async () => {
    const orders = new Set<string>();
    await inside(
      async (sim) => {
        const { port1, port2 } = channel();
        const order: string[] = [];
        const done = new Promise<void>((resolve) => {
          port2.on('message', (value: string) => {
            order.push(value);
            if (value === '2') resolve();
          });
        });
        port1.postMessage('1');
        port1.postMessage('2');
        await Promise.all([done, sim.spawn('work', () => sim.point('p').then(() => void order.push('p')))]);
        orders.add(order.join(' '));
      },
      { strategy: 'random', runs: 100, seed: 1 },
    );
    expect([...orders].sort()).toEqual(['1 2 p', '1 p 2', 'p 1 2']);
  });

  test('a port left open neither hangs the execution nor reaches the next one', async () => {
    const seen: unknown[] = [];
    await inside(
      async (sim) => {
        const { port1, port2 } = channel();
        port2.on('message', (value) => seen.push(value));
        port1.postMessage(sim.execution);
        await later(1);
        port1.postMessage('late');
      },
      { strategy: 'random', runs: 3, seed: 1, time: 'idle' },
    );
    await later(5);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('a turn of the real loop delivers nothing by itself', async () => {
    const seen: string[] = [];
    await inside(async (sim) => {
      // Longer than the engine holds the loop: it will let it turn after one of the next steps.
      for (const until = originalNow() + 100; originalNow() < until;);
      const open: { close(): void }[] = [];
      for (let i = 0; i < 70; i++) {
        const [from, to] = [new BroadcastChannel(`straddle ${i}`), new BroadcastChannel(`straddle ${i}`)];
        from.postMessage(`broadcast ${i}`);
        to.onmessage = (event) => seen.push(String((event as MessageEvent).data));
        const { port1, port2 } = channel();
        // Sent before anybody listens: it waits in the host's queue, where a turn of the loop finds it.
        port1.postMessage(`message ${i}`);
        port2.on('message', (value) => seen.push(String(value)));
        open.push(port1, from, to);
        await sim.point('p');
      }
      seen.push('no step is enabled');
      await later(1);
      for (const one of open) one.close();
    });
    const all = Array.from({ length: 70 }, (_, i) => [`broadcast ${i}`, `message ${i}`]).flat();
    expect(seen).toEqual(['no step is enabled', ...all]);
  });

  test('waiting for a message that nobody sends is a deadlock', async () => {
    await expect(inside(() => once(channel().port1, 'message'))).rejects.toThrow(/deadlock/);
  });
});

describe('BroadcastChannel', () => {
  sameAsNode('reaches every other channel of its name, and not itself', async () => {
    const log = new Log();
    const name = 'straddle-test';
    const channels = [1, 2, 3].map((i) => {
      const one = new NamedBroadcastChannel(name);
      one.onmessage = (event) => log.say(`${i}: ${(event as MessageEvent).data} ${(event as MessageEvent).type}`);
      return one;
    });
    const other = new BroadcastChannel('straddle-other');
    other.onmessage = () => log.say('wrong channel');
    channels[0]!.postMessage('hello');
    channels[1]!.postMessage('again');
    await later(20);
    for (const one of [...channels, other]) one.close();
    return log.lines.sort();
  });

  sameAsNode('is silent after close', async () => {
    const log = new Log();
    const [one, two] = [new BroadcastChannel('straddle-test'), new BroadcastChannel('straddle-test')];
    two.onmessage = () => log.say('got it');
    two.close();
    one.postMessage('hello');
    await later(10);
    one.close();
    try {
      one.postMessage('closed');
    } catch (error) {
      log.say((error as Error).name);
    }
    return log.lines;
  });

  test('a message competes with other enabled work', async () => {
    const orders = new Set<string>();
    await inside(
      async (sim) => {
        const [one, two] = [new BroadcastChannel('straddle-test'), new BroadcastChannel('straddle-test')];
        const order: string[] = [];
        const got = new Promise<void>((resolve) => {
          two.onmessage = () => resolve(void order.push('message'));
        });
        one.postMessage('hello');
        await Promise.all([got, sim.spawn('work', () => void order.push('work'))]);
        one.close();
        two.close();
        orders.add(order.join(' '));
      },
      { strategy: 'random', runs: 50, seed: 1 },
    );
    expect([...orders].sort()).toEqual(['message work', 'work message']);
  });
});
