import { expect, test } from 'vitest';
import { Branches } from '../../properties/branches.ts';
import { settle } from '../../properties/options.ts';
import { Search } from '../../properties/search.ts';
import type { Report } from '../../properties/report.ts';
import { Session } from '../../scheduler/control.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { explore, replay, type ExploreOptions } from '../../src/index.ts';

const lostUpdate = (check: boolean) => async (sim: Sim) => {
  let counter = 0;
  const increment = async () => {
    const seen = counter;
    await sim.point('between');
    counter = seen + 1;
  };
  await Promise.all([sim.spawn('a', increment), sim.spawn('b', increment)]);
  if (check) expect(counter).toBe(2);
  return counter;
};

/** Drives a session as a runner does; `after` is what it does when an execution has ended. */
async function drive(
  body: (sim: Sim) => unknown,
  options: ExploreOptions,
  after: (session: Session<Report>) => void | Promise<void> = () => undefined,
  first: readonly string[] = [],
) {
  const settings = settle(options);
  const branches = new Branches(settings.branches);
  const search = new Search(body, settings, branches, first);
  const session = new Session<Report>({ onBranch: branches.hit }, (engine) => search.plan(engine));
  let executions = 0;
  do {
    await session.execute();
    executions++;
    await after(session);
  } while (session.advance());
  return { report: session.result!, executions, mended: search.mended };
}

const comparable = (report: Report) => ({
  ...report,
  elapsedMs: 0,
  failure: { ...report.failure, error: undefined },
});

test('a session explores as explore does', async () => {
  const options = { seed: 3, runs: 50 };
  const { report } = await drive(lostUpdate(true), options);
  expect(report.verdict).toBe('fail');
  expect(comparable(report)).toEqual(comparable(await explore(lostUpdate(true), options)));
});

test('what the host does after an execution belongs to it', async () => {
  let counter: unknown;
  const body = async (sim: Sim) => void (counter = await lostUpdate(false)(sim));
  const { report } = await drive(body, { seed: 3, runs: 50 }, async (session) => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (counter !== 2) session.fail(new Error(`the hook found ${String(counter)}`));
  });
  expect(report.failure?.message).toBe('the hook found 1');
  const passing = await replay(body, report.failure!.token);
  expect(passing.verdict).toBe('pass');
  expect(counter).toBe(1);
});

test('between two executions the host has its own globals', async () => {
  const { setTimeout } = globalThis;
  const { executions } = await drive(lostUpdate(false), { seed: 3, runs: 5 }, () => {
    expect(globalThis.setTimeout).toBe(setTimeout);
  });
  expect(executions).toBeGreaterThanOrEqual(5);
});

test('earlier failures are tried first, and those that pass are told', async () => {
  const { failure } = await explore(lostUpdate(true), { seed: 3 });
  const again = await drive(lostUpdate(true), { seed: 9 }, undefined, [failure!.token]);
  expect(again.report.failure?.message).toBe(failure!.message);
  expect(again.report.failure?.foundBy).toBe('an earlier failure');
  expect(again.report.executions).toBe(1);
  const mended = await drive(lostUpdate(false), { seed: 9, runs: 3 }, undefined, [failure!.token]);
  expect(mended.report.verdict).toBe('pass');
  expect(mended.mended).toEqual([failure!.token]);
});

test('a budget ends a session', async () => {
  const body = lostUpdate(false);
  const settings = settle({ runs: 1e9 });
  const branches = new Branches(settings.branches);
  const search = new Search(body, settings, branches);
  const session = new Session<Report>({ budgetMs: 250, onBranch: branches.hit }, (engine) => search.plan(engine));
  do await session.execute();
  while (session.advance());
  expect(session.result!.executions).toBeGreaterThan(1);
});
