import { afterEach, expect, test, vi } from 'vitest';
import { guideProcess } from '../../properties/guide.ts';
import type { Report } from '../../properties/report.ts';
import { explore, replay } from '../../src/index.ts';
import { Stepper } from '../../src/step/stepper.ts';
import { BRANCHES, explored, lostUpdate } from '../report/explored.ts';

afterEach(() => guideProcess(undefined));

/** Replays the lost update under a stepper that reads these lines; what the terminal shows, and the report. */
async function stepped(lines: string[], body = lostUpdate, token?: string): Promise<{ shown: string; report: Report }> {
  const left = [...lines];
  let shown = '';
  const terminal = {
    columns: 100,
    write: (text: string) => void (shown += text),
    readLine: () => {
      const line = left.shift();
      if (line !== undefined) shown += `${line}\n`;
      return line;
    },
    close: () => void (shown += '<closed>'),
  };
  const failed = token ?? (await explored()).failure!.token;
  guideProcess(new Stepper(() => terminal));
  const report = await replay(body, failed, { branches: BRANCHES });
  return { shown, report };
}

test('shows who may run, who waits, and what is suggested; Enter runs it', async () => {
  const { shown, report } = await stepped(['', '', '', '', '', 'q']);
  expect(shown).toMatchInlineSnapshot(`
    "
    step 1 of 5, virtual time 0 ms
      can run now:
      > 1  first   starts  test/report/explored.ts:18:26
        2  second  starts  test/report/explored.ts:18:57
      waiting:
          main  on an await  test/report/explored.ts:18:17
    step 1> 

    step 2 of 5, virtual time 0 ms
      can run now:
      > 1  second  starts                  test/report/explored.ts:18:57  (a deviation)
        2  first   between read and write  test/report/explored.ts:11:15
      waiting:
          main  on an await  test/report/explored.ts:18:17
    step 2> 

    step 3 of 5, virtual time 0 ms
      can run now:
        1  first   between read and write  test/report/explored.ts:11:15
      > 2  second  prepare                 test/report/explored.ts:15:15
      waiting:
          main  on an await  test/report/explored.ts:18:17
    step 3> 

    step 4 of 5, virtual time 0 ms
      can run now:
        1  first   between read and write  test/report/explored.ts:11:15
      > 2  second  between read and write  test/report/explored.ts:11:15
      waiting:
          main  on an await  test/report/explored.ts:18:17
    step 4> 

    step 5 of 5, virtual time 0 ms
      can run now:
      > 1  first  between read and write  test/report/explored.ts:11:15
      waiting:
          main  on an await  test/report/explored.ts:18:17
    step 5> 

    The execution has ended after 6 steps.
    error: counted 1 of 2
    ended (b back, q quit)> q
    <closed>"
  `);
  expect(report.failure!.message).toBe('counted 1 of 2');
});

test('goes back by running again, and continues to a step, a text or the next deviation', async () => {
  const { shown, report } = await stepped(['c 4', 'b 2', 'c between', 'b 9', 'd', 'c end', 'b', 'q']);
  const prompts = [...shown.matchAll(/^step (\d+)> |^ended/gm)].map(([text, step]) => step ?? text);
  expect(prompts).toEqual(['1', '4', '2', '4', '1', '2', 'ended', '5']);
  expect(report.failure!.message).toBe('counted 1 of 2');
});

test('another operation may be chosen; from there natural order is followed', async () => {
  const { shown, report } = await stepped(['n', 'o 7', 'o 2', 'c end', 'q']);
  expect(shown).toContain('There is no operation 7: they are 1 to 2.');
  expect(shown).toContain('step 3, off the recorded schedule');
  expect(shown).toMatch(/ended after 6 steps, off the recorded schedule\.\nIt passes\./);
  expect(report.verdict).toBe('pass');
});

test('a schedule that was left and fails has a token of its own, which replays it', async () => {
  const { report } = await stepped(['o 2', 'c end', 'q']);
  const { token, trace } = report.failure!;
  expect(token).not.toBe((await explored()).failure!.token);
  guideProcess(undefined);
  const again = await replay(lostUpdate, token, { branches: BRANCHES });
  expect(again.failure!.trace).toEqual(trace);
  expect(trace[1]!.task).toBe('second');
});

test('what the code prints is shown between the steps, once', async () => {
  const body: typeof lostUpdate = async (sim) => {
    await sim.point('one');
    console.log('after one');
    await sim.point('two');
    console.log('after two');
    throw new Error('no');
  };
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const { failure } = await explore(body, { strategy: 'natural', runs: 1 });
  const { shown } = await stepped(['n', 'b', 'n', 'n', 'q'], body, failure!.token);
  expect(shown.match(/\| after one/g)).toHaveLength(2);
  expect(shown).toMatch(/\| after two\n\nThe execution has ended after 3 steps\.\nerror: no/);
  log.mockRestore();
});

test('the end of input ends the questions, not the execution', async () => {
  const { shown, report } = await stepped([]);
  expect(shown).toMatch(/step 1> <closed>$/);
  expect(report.failure!.message).toBe('counted 1 of 2');
});
