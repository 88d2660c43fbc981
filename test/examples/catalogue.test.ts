import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CASES } from '../../examples/catalogue/cases.ts';
import { defineCase, together, type Body, type RaceCase } from '../../examples/catalogue/define-case.ts';
import { measure, PROFILES } from '../../examples/catalogue/measure.ts';
import { toMarkdown } from '../../examples/catalogue/table.ts';
import type { Sim } from '../../src/index.ts';

const isDeep = (process.env['STRADDLE_DEEP'] ?? '') !== '';

test.each(CASES)(
  '$id $title',
  async (race) => {
    const { problems } = await measure(race, isDeep ? PROFILES.deep : PROFILES.fast);
    expect(problems).toEqual([]);
  },
  isDeep ? 600_000 : 60_000,
);

test('every case has a number of its own and a file that tells it', () => {
  const ids = CASES.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  for (const { id, file } of CASES) {
    expect(readFileSync(new URL(`../../examples/${file}`, import.meta.url), 'utf8')).toContain(
      `defineCase({\n  id: '${id}'`,
    );
  }
});

test('docs/cases.md has the cases and variants of the catalogue', () => {
  const docs = readFileSync(new URL('../../docs/cases.md', import.meta.url), 'utf8');
  for (const { id, title, buggy, halfFixed, fixed } of CASES) {
    expect(docs).toContain(`[${id}](`);
    expect(docs).toContain(title);
    for (const name of Object.keys(buggy)) expect(docs).toContain(`| buggy: ${name} |`);
    for (const name of Object.keys(halfFixed ?? {})) expect(docs).toContain(`| half-fixed: ${name} |`);
    const rows = docs.split('\n').filter((line) => line.startsWith(`| [${id}](`));
    for (const name of Object.keys(fixed)) expect(rows.some((row) => row.includes(` | ${name} | `))).toBe(true);
  }
  expect(docs.match(/^\| \[C\d\d\]/gm)?.length).toBe(
    CASES.reduce((rows, { buggy, halfFixed = {}, fixed }) => {
      const broken = [...Object.values(buggy), ...Object.values(halfFixed)];
      const lacking = broken.filter(({ without }) => without !== undefined);
      return rows + 1 + broken.length + Object.keys(fixed).length + lacking.length;
    }, 0),
  );
});

describe('the runner tells what is wrong with a case', () => {
  /** Two tasks, and a failure if the second one runs between the two points of the first. */
  const racy =
    (fails: boolean): Body =>
    async (sim) => {
      let inside = false;
      await together(sim, {
        async first() {
          await sim.point('in');
          inside = true;
          await sim.point('out');
          inside = false;
        },
        async second() {
          await sim.point('look');
          sim.branch(inside ? 'inside' : 'outside');
          if (inside && fails) throw new Error('caught inside');
        },
      });
    };
  const sound: RaceCase = {
    id: 'C99',
    title: 'a race',
    source: 'none',
    file: 'none.ts',
    invariant: 'Nobody is caught.',
    points: ['in', 'look'],
    branches: ['inside', 'outside'],
    buggy: { racy: { body: racy(true), fails: /caught inside/, forced: { script: ['in', 'look', 'out'] } } },
    fixed: { calm: { body: racy(false) } },
  };
  const late = (sim: Sim): void => void sim.hold('look').until(() => sim.departures('out') > 0);
  const problemsOf = async (changes: Partial<RaceCase>, profile: keyof typeof PROFILES = 'fast'): Promise<string[]> => [
    ...(await measure({ ...sound, ...changes }, PROFILES[profile])).problems,
  ];
  const buggy = (changes: Partial<RaceCase['buggy'][string]>): Partial<RaceCase> => ({
    buggy: { racy: { body: racy(true), fails: /caught inside/, ...changes } },
  });

  test('nothing, where all holds', async () => {
    const measured = await measure(sound, PROFILES.fast);
    expect(measured.problems).toEqual([]);
    expect(measured.found).toMatchObject([{ kind: 'buggy', outcome: 'error: caught inside', forced: true }]);
    expect(measured.proven[0]!.report.branches['inside']!.executions).toBeGreaterThan(0);
    expect(toMarkdown([measured])).toContain('| buggy: racy |');
  });

  test.each([
    [
      'a buggy variant that is not found',
      buggy({ body: racy(false) }),
      /^C99 buggy 'racy' was not found in \d+ executions/,
    ],
    ['one that fails otherwise', buggy({ fails: /deadlock/ }), /fails otherwise than told: error: caught inside/],
    ['a fixed variant that fails', { fixed: { calm: { body: racy(true) } } }, /fixed 'calm' fails: error: caught/],
    [
      'a branch never seen',
      { branches: ['inside', 'outside', 'above'] },
      /is vacuous: The branch 'above' (was never|is unreachable)/,
    ],
    ['a point that nobody reaches', { points: ['in', 'up'] }, /no variant ever reached the point 'up'/],
    ['a script that forces nothing', buggy({ forced: { script: ['in', 'out', 'look'] } }), /does not make it fail/],
    ['gates that force nothing', buggy({ forced: { gates: { late } } }), /gates do not make it fail/],
  ])('%s', async (_, changes, problem) => {
    expect(await problemsOf(changes)).toEqual([expect.stringMatching(problem)]);
  });

  test('in the deep profile: a gate that is idle', async () => {
    const forced = {
      gates: {
        needed: (sim: Sim) => void sim.hold('look').until(() => sim.arrivals('out') > 0),
        'the way out': (sim: Sim) => void sim.hold('out').until(() => sim.departures('look') > 0),
        idle: (sim: Sim) => void sim.hold('in').until(() => true),
      },
    };
    expect(await problemsOf({ ...buggy({ forced }), fixed: {} }, 'deep')).toEqual([
      expect.stringMatching(/fails in every order without the gate 'idle' too/),
    ]);
  });

  test('a case without a fixed variant is none', () => {
    expect(() => defineCase({ ...sound, fixed: {} })).toThrow('C99 has no fixed.');
  });
});
