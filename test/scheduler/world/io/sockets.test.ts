import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explore, type Sim } from '../../../../src/index.ts';
import { fetches, httpRequests, keptConnections, sockets, threadPool, webSocket } from './bodies.ts';
import { explored } from './explored.ts';
import { httpsRequests, tlsSockets, webCrypto } from './encrypted.ts';

const SEED = 11;
const RUNS = process.env['STRADDLE_DEEP'] === '1' ? 1_000 : 12;

describe('completions are offered in the order of their requests: the same seed, the same executions', () => {
  test.each([
    ['httpRequests', httpRequests, 4],
    ['keptConnections', keptConnections, 2],
    ['fetches', fetches, 4],
    ['sockets', sockets, 2],
    ['threadPool', threadPool, 10],
    ['tlsSockets', tlsSockets, 2],
    ['httpsRequests', httpsRequests, 3],
    ['webCrypto', webCrypto, 8],
    // There are none before version 22.
    ['webSocket', webSocket, 'WebSocket' in globalThis ? 2 : 1],
  ] as const)('again with the same seed: %s', async (_, body, results) => {
    const first = await explored(body, { runs: RUNS, seed: SEED, leaks: 'off' });
    expect(first.report).toMatchObject({ verdict: 'pass', executions: RUNS, warnings: [] });
    // The order in which the kernel answers is a choice here.
    expect(new Set(first.results).size).toBeGreaterThanOrEqual(results);
    const again = await explored(body, { runs: RUNS, seed: SEED, leaks: 'off' });
    expect(again.traces).toEqual(first.traces);
    expect(again.results).toEqual(first.results);
  });
});

test('a request on loopback takes few turns of the loop: that bounds its cost', async () => {
  let turns = 0;
  const runs = 20;
  const { executions } = await explore(httpRequests, {
    strategy: 'random',
    runs,
    seed: SEED,
    vacuity: 'off',
    onProgress: () => turns++,
  });
  expect(executions).toBe(runs);
  // Connect, accept, ask and answer of three requests; a turn takes some 0.1 ms.
  expect(turns / runs).toBeLessThan(25);
});

describe('what lives long neither hangs an execution nor hides a deadlock', () => {
  const stuck = (): Promise<never> => new Promise<never>(() => undefined);

  test('open servers and kept connections beside a task that waits for ever', async () => {
    const { failure } = await explore(
      async (sim) => {
        await keptConnections();
        await sim.spawn('waiter', stuck);
      },
      { strategy: 'natural' },
    );
    expect(failure).toMatchObject({ kind: 'deadlock', message: expect.stringContaining('waiter') as string });
  });

  test('a server that never answers', async () => {
    const { failure } = await explore(
      async () => {
        const server = http.createServer(() => undefined).listen(0, '127.0.0.1');
        await once(server, 'listening');
        await once(http.get({ port: (server.address() as AddressInfo).port }), 'response');
      },
      { strategy: 'natural' },
    );
    expect(failure).toMatchObject({ kind: 'deadlock', waiting: [{ task: 'main' }] });
  });

  test('a time-out fires in virtual time while a server keeps silent', async () => {
    let error: unknown;
    const { verdict, executions } = await explore(
      async () => {
        const server = net.createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const signal = AbortSignal.timeout(30_000);
        error = await fetch(`http://127.0.0.1:${port}`, { signal }).catch((reason: unknown) => reason);
      },
      { strategy: 'random', runs: 5, seed: SEED, vacuity: 'off', leaks: 'off' },
    );
    expect({ verdict, executions }).toEqual({ verdict: 'pass', executions: 5 });
    expect(error).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a server outside of the execution is best effort', () => {
  const server = http.createServer((_, response) => void setTimeout(() => response.end('late'), 30));
  let port = 0;
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => server.close());
  const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

  test('it is waited for', async () => {
    const texts: string[] = [];
    const body = async (sim: Sim): Promise<void> => {
      // Would be first if the engine went on without the answer.
      const late = sim.spawn('timer', async () => {
        await sim.sleep(1_000);
        return 'timer';
      });
      texts.push(await Promise.race([get('/'), late]));
    };
    const { verdict, warnings } = await explore(body, { strategy: 'natural', leaks: 'off', vacuity: 'off' });
    expect({ verdict, warnings, texts }).toEqual({ verdict: 'pass', warnings: [], texts: ['late'] });
  });
});
