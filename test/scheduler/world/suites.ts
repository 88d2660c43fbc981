import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { transform } from '../../../src/instrument/transform.ts';

/** One test of a Mocha suite, with the hooks around it. */
export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

type Done = (error?: unknown) => void;
type Body = (this: object, done: Done) => unknown;

interface Group {
  readonly name: string;
  readonly parent: Group | undefined;
  readonly before: Body[];
  readonly after: Body[];
}

/** What a suite calls `this`. */
const context = { timeout: () => context, slow: () => context };

/**
 * Loads every file of a folder of a package as Mocha would, and gives its tests without running them.
 *
 * @param instrumented with every await and every reaction of the suite as a scheduling point.
 * @param globals what the suite's files find as globals while they are loaded.
 */
export function casesOf(
  folder: string,
  { instrumented, globals }: { instrumented: boolean; globals: Readonly<Record<string, unknown>> },
): Case[] {
  const cases: Case[] = [];
  let group: Group | undefined;
  const describe = (name: string, body: () => void): void => {
    group = { name, parent: group, before: [], after: [] };
    body.call(context);
    group = group.parent;
  };
  const it = (name: string, body?: Body): void => {
    // Without a body it is pending.
    if (body !== undefined) cases.push(caseOf(name, body, group));
  };
  const hooks = {
    beforeEach: (body: Body) => group!.before.push(body),
    afterEach: (body: Body) => group!.after.push(body),
  };
  const all: Record<string, unknown> = { ...globals, describe, it, specify: it, ...hooks };
  const global = globalThis as unknown as Record<string, unknown>;
  const saved = Object.entries(all).map(([name]) => [name, Object.getOwnPropertyDescriptor(global, name)] as const);
  Object.assign(global, all);
  try {
    const load = loader(instrumented, all);
    for (const file of readdirSync(folder).sort()) if (file.endsWith('.js')) load(join(folder, file));
  } finally {
    for (const [name, descriptor] of saved) {
      Reflect.deleteProperty(global, name);
      if (descriptor !== undefined) Object.defineProperty(global, name, descriptor);
    }
  }
  return cases;
}

/** Loads CommonJS files of a suite anew; what they require from other packages is loaded as ever. */
function loader(instrumented: boolean, globals: Readonly<Record<string, unknown>>): (file: string) => unknown {
  const loaded = new Map<string, { exports: unknown }>();
  return function load(file) {
    const known = loaded.get(file);
    if (known !== undefined) return known.exports;
    const module: { exports: unknown } = { exports: {} };
    loaded.set(file, module);
    const text = readFileSync(file, 'utf8');
    const code = instrumented ? (transform(text, { file, commonjs: true })?.code ?? text) : text;
    const outer = createRequire(file);
    const require = (name: string): unknown => (name.startsWith('.') ? load(outer.resolve(name)) : outer(name));
    const scope = { ...globals, exports: module.exports, require, module, __dirname: dirname(file) };
    const run = new Function(...Object.keys(scope), code) as (...values: unknown[]) => void;
    run(...Object.values(scope));
    return module.exports;
  };
}

function caseOf(title: string, body: Body, group: Group | undefined): Case {
  const groups: Group[] = [];
  for (let one = group; one !== undefined; one = one.parent) groups.unshift(one);
  return {
    name: [...groups.map(({ name }) => name), title].join(' '),
    async run() {
      for (const { before } of groups) for (const hook of before) await call(hook);
      try {
        await call(body);
      } finally {
        for (const { after } of groups.toReversed()) for (const hook of after) await call(hook);
      }
    },
  };
}

/** A body that takes an argument is done when it says so. */
function call(body: Body): Promise<unknown> {
  if (body.length === 0) return Promise.resolve().then(() => body.call(context, () => undefined));
  return new Promise<void>((resolve, reject) => {
    body.call(context, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
