import { execFile, fork, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import dns from 'node:dns';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, type Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setInterval as ticks, setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import zlib from 'node:zlib';

/** In memory where there is such a place. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder of its own for one execution; gone with it. */
export async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(base, 'straddle-io-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Eight writers replace one file each in two steps, while each reads its neighbour's. */
export function filesInParallel(): Promise<unknown> {
  return inFolder(async (folder) => {
    const at = (name: string): string => join(folder, name);
    const seen = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        await writeFile(at(`new-${i}`), `text ${i}`);
        await rename(at(`new-${i}`), at(`file-${i % 4}`));
        return readFile(at(`file-${(i + 1) % 4}`), 'utf8').catch((error: NodeJS.ErrnoException) => error.code);
      }),
    );
    return [seen, readdirSync(folder).sort(), await readFile(at('file-0'), 'utf8')];
  });
}

/** Two write the same file. */
export function filesInRace(): Promise<unknown> {
  return inFolder(async (folder) => {
    const file = join(folder, 'file');
    await Promise.all(['one', 'two'].map((text) => writeFile(file, text)));
    return readFile(file, 'utf8');
  });
}

/** Starts a server on loopback, asks it, and leaves it to the end of the execution. */
export async function withServer<T>(server: net.Server, ask: (port: number) => Promise<T>): Promise<T> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return ask((server.address() as AddressInfo).port);
}

/** Counts its requests: the answers tell in which order they arrived. */
function countingServer(): Server {
  let count = 0;
  return http.createServer((request, response) => {
    request.resume().on('end', () => response.end(`${request.url} ${count++}`));
  });
}

function request(port: number, path: string, options: http.RequestOptions = {}, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = http.request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      text(response).then(resolve, reject);
    });
    asking.on('error', reject).end(body);
  });
}

/** Three requests at once; the server is closed. */
export function httpRequests(): Promise<unknown> {
  const server = countingServer();
  return withServer(server, async (port) => {
    const answers = await Promise.all(['/a', '/b', '/c'].map((path) => request(port, path)));
    server.close();
    return answers;
  });
}

/** Two requests: which is counted first? */
export function httpInRace(): Promise<unknown> {
  return withServer(countingServer(), (port) => Promise.all(['/a', '/b'].map((path) => request(port, path))));
}

/** Large bodies over connections that are kept; neither they nor the server are ever closed. */
export function keptConnections(): Promise<unknown> {
  const agent = new http.Agent({ keepAlive: true });
  const send = (port: number, path: string): Promise<string> =>
    request(port, path, { agent, method: 'POST' }, 'x'.repeat(150_000));
  return withServer(countingServer(), (port) =>
    Promise.all(['/a', '/b'].map(async (path) => [await send(port, path), await send(port, `${path}2`)])),
  );
}

/** Web streams and Node's own client for `fetch`. */
export function fetches(): Promise<unknown> {
  return withServer(countingServer(), (port) =>
    Promise.all(
      ['/a', '/b', '/c'].map(async (path) =>
        (await fetch(`http://127.0.0.1:${port}${path}`, { body: path, method: 'POST' })).text(),
      ),
    ),
  );
}

/** Two clients of an echo server; each end of each connection is closed by its owner. */
export function sockets(): Promise<unknown> {
  const order: string[] = [];
  const server = net.createServer((socket) => {
    socket.on('data', (data) => socket.write(data)).on('end', () => socket.end());
  });
  return withServer(server, async (port) => {
    const say = async (word: string): Promise<void> => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('data', (data) => order.push(String(data)));
      await once(socket, 'connect');
      socket.end(word);
      await once(socket, 'close');
    };
    await Promise.all([say('one'), say('two')]);
    server.close();
    await once(server, 'close');
    return order;
  });
}

const scrypt = promisify<string, string, number, crypto.ScryptOptions, Buffer>(crypto.scrypt);

/** Everything that Node gives to the thread pool besides files. */
export async function threadPool(): Promise<unknown> {
  const order: string[] = [];
  const noted = async (name: string, work: Promise<unknown>): Promise<unknown> => {
    const value = await work.catch(({ code }: NodeJS.ErrnoException) => code);
    order.push(name);
    return Buffer.isBuffer(value) ? value.toString('hex') : value;
  };
  const values = await Promise.all([
    noted('gzip', promisify(zlib.gzip)('text').then(promisify(zlib.gunzip))),
    noted('bad', promisify(zlib.inflate)(Buffer.from('bad'))),
    noted('brotli', promisify(zlib.brotliCompress)('text')),
    noted('pbkdf2', promisify(crypto.pbkdf2)('a', 'b', 100, 8, 'sha256')),
    noted('scrypt', scrypt('a', 'b', 8, { N: 16 })),
    noted(
      'key',
      promisify(crypto.generateKeyPair)('ec', { namedCurve: 'P-256' }).then(() => 'made'),
    ),
    noted(
      'lookup',
      dns.promises.lookup('localhost', { family: 4 }).then(({ address }) => address),
    ),
    noted('digest', crypto.webcrypto.subtle.digest('SHA-256', Buffer.from('text')).then(Buffer.from)),
    noted('stream', pipelined(['a', 'b'], zlib.createGzip(), zlib.createGunzip())),
  ]);
  return [order, values];
}

/** Who is first? */
export async function poolInRace(): Promise<unknown> {
  const order: string[] = [];
  const say = (word: string) => (): void => void order.push(word);
  await Promise.all([
    promisify(zlib.gzip)('text').then(say('gzip')),
    promisify(crypto.pbkdf2)('a', 'b', 1, 8, 'sha256').then(say('pbkdf2')),
    crypto.webcrypto.subtle.digest('SHA-256', Buffer.from('text')).then(say('digest')),
    dns.promises.lookup('localhost').then(say('lookup')),
  ]);
  return order;
}

function pipelined(chunks: string[], first: Duplex, second: Duplex): Promise<string> {
  return text(Readable.from(chunks).pipe(first).pipe(second));
}

/** Three processes at once; which one ends first is a choice. */
export async function processes(): Promise<unknown> {
  const order: string[] = [];
  const run = promisify(execFile);
  await Promise.all(
    ['one', 'two', 'three'].map(async (word) => {
      const { stdout } = await run('echo', [word]);
      order.push(stdout.trim());
    }),
  );
  const failed: unknown = await run('no-such-program').catch(({ code }: NodeJS.ErrnoException) => code);
  return [order, failed];
}

/** Which of two processes is heard first? */
export async function processesInRace(): Promise<unknown> {
  const order: string[] = [];
  const hear = async (word: string): Promise<void> =>
    void order.push((await promisify(execFile)('echo', [word])).stdout);
  await Promise.all([hear('one'), hear('two')]);
  return order;
}

/** A process that answers line by line. */
export async function conversation(): Promise<unknown> {
  const child = spawn('cat');
  child.stdout.setEncoding('utf8');
  const heard: unknown[] = [];
  for (const word of ['a', 'b']) {
    child.stdin.write(word);
    heard.push(...(await once(child.stdout, 'data')));
  }
  child.stdin.end();
  heard.push(...(await once(child, 'close')));
  return heard;
}

/** A process with a channel for messages. */
export function forked(): Promise<unknown> {
  return inFolder(async (folder) => {
    const file = join(folder, 'child.cjs');
    writeFileSync(file, `process.on('message', (n) => process.send(n + 1, () => n === 2 && process.disconnect()));`);
    const child = fork(file, { execArgv: [] });
    const closed = once(child, 'close');
    const heard: unknown[] = [];
    for (const n of [1, 2]) {
      const answer = once(child, 'message');
      child.send(n);
      heard.push((await answer)[0]);
    }
    return [heard, await closed];
  });
}

/** Which of two worker threads is heard first? */
export async function workersInRace(): Promise<unknown> {
  const order: unknown[] = [];
  const hear = async (word: string): Promise<void> => {
    const worker = new Worker(`require('node:worker_threads').parentPort.postMessage('${word}')`, { eval: true });
    order.push(...(await once(worker, 'message')));
  };
  await Promise.all([hear('one'), hear('two')]);
  return order;
}

/** Two worker threads, each of which answers thrice and ends. */
export async function workers(): Promise<unknown> {
  const order: string[] = [];
  const code = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (n) => {
      parentPort.postMessage(n + 1);
      if (n === 2) parentPort.close();
    });`;
  await Promise.all(
    ['x', 'y'].map(async (name) => {
      const worker = new Worker(code, { eval: true });
      const ended = once(worker, 'exit');
      for (let n = 0; n < 3; n++) {
        worker.postMessage(n);
        order.push(`${name}${String(await once(worker, 'message'))}`);
      }
      await ended;
    }),
  );
  return order;
}

/** Timers of every kind, immediates, ticks and a channel. */
export async function timers(): Promise<unknown> {
  const order: string[] = [];
  const say = (word: string) => (): void => void order.push(word);
  const { port1, port2 } = new MessageChannel();
  const heard = once(port2, 'message').then(say('message'));
  setImmediate(say('immediate'));
  process.nextTick(say('tick'));
  port1.postMessage(1);
  const counting = async (): Promise<void> => {
    let count = 0;
    for await (const name of ticks(4, 'interval')) {
      order.push(name);
      if (++count === 3) break;
    }
  };
  await Promise.all([counting(), heard, sleep(5).then(say('five')), sleep(10).then(say('ten'))]);
  port1.close();
  return [order, Math.random(), crypto.randomUUID()];
}

/** A page's socket to a server that greets and says good-bye; nothing where there are none (before version 22). */
export function webSocket(): Promise<unknown> {
  const { WebSocket } = globalThis as unknown as { WebSocket?: new (url: string) => EventTarget & { close(): void } };
  const server = http.createServer().on('upgrade', ({ headers }, socket) => {
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = crypto.createHash('sha1').update(key).digest('base64');
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
    // One frame of text; then whatever comes is the other's good-bye.
    socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]));
    socket.on('data', () => socket.end(Buffer.from([0x88, 0])));
  });
  return withServer(server, async (port) => {
    if (WebSocket === undefined) return [];
    const order: unknown[] = [];
    const talk = async (name: string): Promise<void> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`);
      const closed = once(socket, 'close');
      const [{ data }] = (await once(socket, 'message')) as [{ data: unknown }];
      order.push(`${name} ${String(data)}`);
      socket.close();
      await closed;
      order.push(`${name} closed`);
    };
    await Promise.all([talk('one'), talk('two')]);
    server.close();
    return order;
  });
}
