import { delimiter } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Command, Found } from './child.ts';
import { freshProcess, type Runtime } from './fresh-process.ts';

const SEED = 11;
const DEEP = process.env['STRADDLE_DEEP'] === '1';

/** Other Nodes, by their paths; `npm run test:nodes` gives those that are supported. */
const nodes = process.env['STRADDLE_NODES']?.split(delimiter) ?? [];
const runtimes: [string, Runtime][] = [
  ['the fall-back drain', { env: { STRADDLE_DRAIN: 'turn' } }],
  ...nodes.flatMap((node): [string, Runtime][] => [
    [node, { node }],
    [`${node}, the fall-back drain`, { node, env: { STRADDLE_DRAIN: 'turn' } }],
  ]),
];

const BODIES = [
  ...['timers', 'filesInParallel', 'httpRequests', 'keptConnections', 'fetches', 'sockets', 'threadPool'],
  ...['tlsSockets', 'httpsRequests', 'webCrypto', 'datagrams', 'watchedFolder', 'watchedFile', 'signals'],
  'sharedMemory',
];
/** In what they give back a small deviation shows. */
const RACES = ['timers', 'filesInRace', 'poolInRace', 'httpInRace', 'sockets'];
/** Other processes and threads take long to start. */
const isSlow = nodes.length > 0 || DEEP;
const SLOW = isSlow ? ['processes', 'workers'] : [];
const SLOW_RACES = isSlow ? ['processesInRace', 'workersInRace'] : [];

describe('the same seed gives the same executions everywhere', { timeout: 300_000 }, () => {
  const fresh = freshProcess();
  const seed = SEED;
  const digests = { name: 'digests', bodies: [...BODIES, ...SLOW], runs: DEEP ? 100 : 2, seed } as const;
  const tokens = { name: 'tokens', bodies: [...RACES, ...SLOW_RACES], runs: 100, seed } as const;
  const here = fresh(digests);
  const found = fresh(tokens);

  test.each(runtimes)('the same traces and results: %s', async (_, runtime) => {
    expect(await fresh(digests, runtime)).toEqual(await here);
  });

  test.each(runtimes)('a token that was found here replays: %s', async (_, runtime) => {
    const failures = Object.entries(await found).map(([name, one]) => [name, JSON.parse(one) as Found] as const);
    const replays = { name: 'replays', tokens: Object.fromEntries(failures.map(([name, { token }]) => [name, token])) };
    const messages = Object.fromEntries(failures.map(([name, { message }]) => [name, message]));
    expect(await fresh(replays as Command, runtime)).toEqual(messages);
  });
});
