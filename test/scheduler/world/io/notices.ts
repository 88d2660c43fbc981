import dgram from 'node:dgram';
import { once } from 'node:events';
import { unwatchFile, watch, watchFile, writeFileSync } from 'node:fs';
import { mkdir, rename, watch as watched, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inFolder } from './bodies.ts';

async function bound(): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Two clients of a socket that sends everything back. */
export async function datagrams(): Promise<unknown> {
  const heard: string[] = [];
  const echo = await bound();
  echo.on('message', (message, { port, address }: AddressInfo) => void echo.send(`re ${message}`, port, address));
  await Promise.all(
    ['one', 'two'].map(async (word) => {
      const socket = await bound();
      socket.send(word, echo.address().port, '127.0.0.1');
      heard.push(String((await once(socket, 'message'))[0]));
      socket.close();
    }),
  );
  echo.close();
  await once(echo, 'close');
  return heard;
}

/** A folder is watched while two tasks change it; which change is told first is a choice. */
export function watchedFolder(): Promise<unknown> {
  return inFolder(async (folder) => {
    const told: string[] = [];
    const watcher = watch(folder, (event, name) => told.push(`${event} ${name}`));
    const watching = (async () => {
      const seen: string[] = [];
      for await (const { eventType } of watched(folder)) if (seen.push(eventType) === 4) break;
      return seen;
    })();
    await Promise.all([
      mkdir(join(folder, 'a')),
      writeFile(join(folder, 'b'), 'b').then(() => rename(join(folder, 'b'), join(folder, 'c'))),
    ]);
    const seen = await watching;
    await sleep(1);
    watcher.close();
    return [told, seen];
  });
}

/** A file is looked at every 20 ms. */
export function watchedFile(): Promise<unknown> {
  return inFolder(async (folder) => {
    const file = join(folder, 'a');
    const told: unknown[] = [];
    watchFile(file, { interval: 20 }, (now, before) => told.push([before.size, now.size, performance.now()]));
    await sleep(30);
    writeFileSync(file, 'text');
    await sleep(30);
    writeFileSync(file, 'other text');
    await sleep(30);
    unwatchFile(file);
    writeFileSync(file, '');
    await sleep(100);
    return told;
  });
}

/** A signal that this process sends to itself. */
export async function signals(): Promise<unknown> {
  const order: string[] = [];
  const arrived = once(process, 'SIGUSR2').then(([name]) => order.push(String(name)));
  const listener = (): void => void order.push('again');
  process.on('SIGUSR2', listener);
  process.kill(process.pid, 'SIGUSR2');
  await Promise.all([arrived, sleep(0).then(() => order.push('timer'))]);
  return order;
}

interface Waiting {
  readonly async: boolean;
  readonly value: Promise<string>;
}

/** Newer than the library that the compiler knows. */
const atomics = Atomics as unknown as {
  waitAsync(array: Int32Array, index: number, value: number, timeout?: number): Waiting;
};

/** Three wait at one place of shared memory; the first gives up, and his turn goes to the next. */
export async function sharedMemory(): Promise<unknown> {
  const array = new Int32Array(new SharedArrayBuffer(8));
  const order: unknown[] = [];
  const wait = async (name: string, timeout?: number): Promise<void> => {
    const outcome = await atomics.waitAsync(array, 1, 0, timeout).value;
    order.push([name, outcome, performance.now()]);
  };
  const all = Promise.all([wait('impatient', 10), wait('one'), wait('two', 1_000)]);
  await sleep(20);
  order.push(Atomics.notify(array, 1, 1));
  await sleep(20);
  order.push(Atomics.notify(array, 1));
  await all;
  return order;
}
