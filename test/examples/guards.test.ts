import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CASES } from '../../examples/catalogue/cases.ts';
import { defineCase } from '../../examples/catalogue/define-case.ts';
import { findGuards } from '../../examples/catalogue/find-guards.ts';
import { allGuards, begin, declareGuards, without } from '../../examples/catalogue/guards.ts';
import { measureGuards } from '../../examples/catalogue/measure-guards.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, EXAMPLES), 'utf8');
const removalsOf = (code: string): string[] =>
  findGuards(code, 'one.js', './guards.js').guards.map(({ removal }) => removal);

test.each([
  ['lock.runExclusive(body);', ['unlocked lock.runExclusive(…)']],
  ['await mutex.run(sim, who, body);', ['unlocked mutex.run(…)']],
  ['return map.run(body);', []],
  ['if (seen) return;', ['always if (seen)', 'never if (seen)']],
  ['return seen ? 1 : 2;', ['always ?: (seen)', 'never ?: (seen)']],
  ['while (seen) ;', ['never while (seen)']],
  ['return a && b && c;', ['without c, of a && b && c', 'without a, of a && b', 'without b, of a && b']],
  ['return a ?? b;', ['without ?? b']],
  ['owner ??= me;', ['without owner ??= me', 'always owner = me']],
  ['return () => void sim.hold(p).until(q);', ['without sim.hold(p).until(q)']],
  ['await escalation;', ['without await escalation']],
  ['flag = true;', ['without flag = true']],
  ['try { f = 1 } catch { }', ['without f = 1', 'not caught']],
  ['return dup(fd, true);', ['false in dup(fd, true)']],
  ['return { polls: true, late: false };', ['without polls']],
  ['return all([a, b]);', ['without a, of all([a, b])', 'without b, of all([a, b])']],
  ["await point('p'); sim.branch('b'); await thread.at('p');", []],
])('%s', (body, removals) => {
  const code = `async function f() { ${body} }`;
  expect(removalsOf(`/** Fixed: here. */\n${code}`)).toEqual(removals);
  expect(removalsOf(`/** Half a fix. Fixed elsewhere. */\n${code}`)).toEqual([]);
});

test('a guarded module does what it did, but for the guard that is removed', async () => {
  const code = `
    /** Fixed */
    async function f(lock, seen) {
      if (seen && lock.free) return 'seen';
      try { await lock.runExclusive(() => { lock.log.push('inside'); }); } catch { lock.log.push('caught'); }
      return lock.name ?? 'nameless';
    }
    export { f };`;
  const switches = new URL('../../dist/examples/catalogue/guards.js', import.meta.url).href;
  const guarded = findGuards(code, 'one.js', switches);
  // Both from the same place: Vitest has modules of its own.
  const module = `${guarded.code}\nexport { without } from '${switches}';`;
  const { f, without: removing } = (await import(
    /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(module)}`
  )) as { f: (lock: object, seen: boolean) => Promise<string>; without: typeof without };
  const outcome = async (guard: number | undefined, seen: boolean, throws = false): Promise<unknown> => {
    const log: string[] = [];
    const runExclusive = (body: () => void): void => {
      log.push('locked');
      if (throws) throw new Error('broken');
      body();
    };
    try {
      const [value] = await removing(guard, () => f({ log, free: true, runExclusive }, seen));
      return [value, ...log];
    } catch (error) {
      return (error as Error).message;
    }
  };
  const index = (removal: string): number => guarded.guards.findIndex((one) => one.removal.startsWith(removal));
  expect(await outcome(undefined, false)).toEqual(['nameless', 'locked', 'inside']);
  expect(await outcome(undefined, false, true)).toEqual(['nameless', 'locked', 'caught']);
  expect(await outcome(undefined, true)).toEqual(['seen']);
  expect(await outcome(index('always if'), false)).toEqual(['seen']);
  expect(await outcome(index('never if'), true)).toEqual(['nameless', 'locked', 'inside']);
  expect(await outcome(index('without seen'), false)).toEqual(['seen']);
  expect(await outcome(index('unlocked'), false)).toEqual(['nameless', 'inside']);
  expect(await outcome(index("without lock.log.push('inside')"), false)).toEqual(['nameless', 'locked']);
  expect(await outcome(index('not caught'), false, true)).toBe('broken');
  expect(await outcome(index('without ??'), false)).toEqual([undefined, 'locked', 'inside']);
});

test('the runner tells of a guard that nobody misses, of one that nobody reaches, and of a loop', async () => {
  const guard = (removal: string) => ({ file: 'none.js', where: 'f', removal });
  const isOn = declareGuards([guard('missed'), guard('idle'), guard('unreached'), guard('endless')]);
  const race = defineCase({
    id: 'C99',
    title: 'a race',
    source: 'none',
    file: 'none.ts',
    invariant: 'none',
    points: ['p'],
    branches: ['reached'],
    buggy: { buggy: { body: () => Promise.resolve(), fails: /never/ } },
    fixed: {
      fixed: {
        async body(sim) {
          await Promise.all(['a', 'b'].map((name) => sim.spawn(name, () => sim.point('p'))));
          if (!isOn(0)) throw new Error('it is missed');
          isOn(1);
          while (!isOn(3));
          sim.branch('reached');
        },
      },
    },
  });
  const { guards, removed, problems } = await measureGuards([race], { allGuards, begin, without } as never, true);
  expect(guards).toBe(4);
  expect(removed.map(({ guard: { removal }, outcome }) => [removal, outcome])).toEqual([
    ['missed', 'error: it is missed'],
    ['endless', 'error: goes round in circles'],
  ]);
  expect(problems).toEqual(['none.js: f: idle: nothing fails.', 'none.js: f: unreached: no fixed variant reaches it.']);
});

test('one case, as the deep profile runs it', () => {
  const main = new URL('../../dist/examples/catalogue/main.js', import.meta.url).pathname;
  const out = execFileSync(process.execPath, [main, '--deep', '--json', '--only', 'C40'], { encoding: 'utf8' });
  const { guards, problems } = JSON.parse(out) as {
    guards: { guards: number; removed: unknown[] };
    problems: string[];
  };
  expect(problems).toEqual([]);
  expect(guards.guards).toBe(findGuards(read('paging/c40-close-once.ts'), 'c40.ts', '').guards.length);
  expect(guards.removed).toHaveLength(guards.guards);
});

test('docs/cases-deep.md has every guard of the fixed code', () => {
  const docs = readFileSync(new URL('../../docs/cases-deep.md', import.meta.url), 'utf8');
  const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('catalogue/'));
  let all = 0;
  for (const file of files) {
    const { guards } = findGuards(read(file), file, '');
    const rows = docs.split('\n').filter((line) => line.startsWith(`| [${file.replace(/\.ts$/, '')}](`));
    expect([file, rows.length]).toEqual([file, guards.length]);
    all += guards.length;
  }
  expect(docs).toContain(`Guards found: ${all}. Removed: ${all}. A failure each time.`);
});

test('the fixed code of every case is marked', () => {
  const isMarked = (code: string): boolean => /^\/\*\*[\s*]*Fixed\b/m.test(code);
  for (const { id, file } of CASES) {
    const code = read(file);
    const imported = [...code.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => new URL(path!, new URL(file, EXAMPLES)));
    const near = imported.filter(({ pathname }) => /\/(?!catalogue\/|os\/)[^/]+\/[^/]+$/.test(pathname));
    expect([id, [code, ...near.map((url) => readFileSync(url, 'utf8'))].some(isMarked)]).toEqual([id, true]);
  }
});
