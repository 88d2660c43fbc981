import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { explore } from '../src/index.ts';
import type { Row } from './main.ts';

const ROUNDS = 5;
const EXECUTIONS = 50;

/**
 * HTTP on loopback, beside plain Node: a server is started, asked and closed in every execution. The aim: at least 100
 * executions a second, which is 10,000,000 ns. In wall time, since the engine waits for the system; of the fastest
 * round, since other processes take their share.
 */
export async function loopback(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, body] of [
    ['one request by http.get', (port: number) => get(port)],
    ['three requests at once by http.get', (port: number) => Promise.all([get(port), get(port), get(port)])],
    ['one request by fetch', async (port: number) => (await fetch(`http://127.0.0.1:${port}`)).text()],
  ] as const) {
    let straddleNs = Infinity;
    let peerNs = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      straddleNs = Math.min(straddleNs, await controlled(body));
      peerNs = Math.min(peerNs, await plain(body));
    }
    rows.push({ name: `loopback HTTP, ${name}`, straddleNs, peer: 'plain Node', peerNs, ratio: straddleNs / peerNs });
  }
  return rows;
}

type Body = (port: number) => Promise<unknown>;

/** Nanoseconds of an execution. */
async function controlled(body: Body): Promise<number> {
  const options = { strategy: 'random', seed: 3, runs: EXECUTIONS, vacuity: 'off', leaks: 'off' } as const;
  const { failure, elapsedMs } = await explore(() => withServer(body), options);
  if (failure !== undefined) throw new Error(failure.message);
  return (elapsedMs * 1e6) / EXECUTIONS;
}

async function plain(body: Body): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < EXECUTIONS; i++) await withServer(body);
  return ((performance.now() - started) * 1e6) / EXECUTIONS;
}

async function withServer(body: Body): Promise<void> {
  const server = http.createServer((_, response) => void response.end('answer'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await body((server.address() as AddressInfo).port);
  server.closeAllConnections();
  server.close();
}

async function get(port: number): Promise<string> {
  const [response] = (await once(http.get({ host: '127.0.0.1', port, agent: false }), 'response')) as [
    http.IncomingMessage,
  ];
  return text(response);
}
