import { expect, test as base, type ExpectStatic, type TestAPI, type TestContext as VitestContext } from 'vitest';
import { StraddleError } from '../../scheduler/error.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { watchAnnotations } from './annotations.ts';
import { Conductor } from './conductor.ts';
import { define, type Definition, type InterleavingsOptions } from './definition.ts';
import { exploreInside } from './inside.ts';
import { Interleavings } from './interleavings.ts';
import { hasHooks, type Runner, type Task, type TestContext } from './internals.ts';
import { collecting, conductWith, runAlone } from './runner-hooks.ts';
import { parameterOf } from './parameters.ts';
import { watchMocks } from './tidy.ts';
import { prepareWorker } from './worker.ts';

/** What the body of `test.interleavings` is given: the simulation, and Vitest's own context with its fixtures. */
export type InterleavingsContext<Fixtures = object> = VitestContext &
  Fixtures & { readonly sim: Sim; readonly expect: ExpectStatic };

interface Register<Args extends unknown[]> {
  (name: string, body: (...args: Args) => unknown): void;
  (name: string, options: InterleavingsOptions, body: (...args: Args) => unknown): void;
}

/**
 * Declares a test whose body is explored: one execution after the other, each in another order of what runs when.
 *
 * `beforeEach`, `afterEach`, fixtures and `onTestFinished` run around every execution; mocks, spies, stubs and
 * fake timers are as they were before the next one. It fails with the body's own error, the shortest failing
 * schedule and a token; it also fails, as vacuous, if passing proves nothing.
 *
 * @throws StraddleError `usage` while tests are collected, if an option is wrong.
 */
export interface InterleavingsApi<Fixtures = object> extends Register<[InterleavingsContext<Fixtures>]> {
  readonly only: InterleavingsApi<Fixtures>;
  readonly skip: InterleavingsApi<Fixtures>;
  /** The test is to fail: some schedule must be found that fails. */
  readonly fails: InterleavingsApi<Fixtures>;
  /** A table, a row for each case: the body is given the row as an object, and the context. */
  each<Row = Readonly<Record<string, unknown>>>(
    table: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Register<[Row, InterleavingsContext<Fixtures>]>;
  /** The body is given the case, spread if all cases are arrays, and then the context. */
  each<Case extends readonly unknown[]>(cases: readonly Case[]): Register<[...Case, InterleavingsContext<Fixtures>]>;
  each<Case>(cases: readonly Case[]): Register<[Case, InterleavingsContext<Fixtures>]>;
  /** The body is given the case as it is, and the context. */
  for<Case>(cases: readonly Case[]): Register<[Case, InterleavingsContext<Fixtures>]>;
}

/** Vitest's `test`, with `interleavings`. */
export type StraddleTest<Fixtures = object> = Extension<Fixtures> & TestAPI<Fixtures>;

interface Extension<Fixtures> {
  readonly interleavings: InterleavingsApi<Fixtures>;
  extend<More extends object>(fixtures: FixturesOf<More, Fixtures>): StraddleTest<Fixtures & More>;
  /** From Vitest 4.1 on. */
  extend<Name extends string, Value>(
    name: Name,
    fixture: NamedFixture<Value, Fixtures>,
  ): StraddleTest<Fixtures & Record<Name, Awaited<Value>>>;
  extend<Name extends string, Value>(
    name: Name,
    options: FixtureOptions,
    fixture: NamedFixture<Value, Fixtures>,
  ): StraddleTest<Fixtures & Record<Name, Awaited<Value>>>;
}

/** Vitest has these types, too, and does not export them. */
type FixturesOf<More, Known> = {
  [Name in keyof More]:
    | Fixture<More[Name], Omit<More, Name> & Known & VitestContext>
    | [Fixture<More[Name], Omit<More, Name> & Known & VitestContext>, FixtureOptions?];
};
type Fixture<Value, Context> = Value | ((context: Context, use: (value: Value) => Promise<void>) => unknown);
type NamedFixture<Value, Known> = (
  context: Known & VitestContext,
  helpers: { onCleanup(cleanup: () => unknown): void },
) => Value;
type FixtureOptions = {
  readonly auto?: boolean;
  readonly injected?: boolean;
  readonly scope?: 'test' | 'file' | 'worker';
};

type Modifier = 'only' | 'skip' | 'fails';
type AnyTest = TestAPI & { extend(...fixtures: unknown[]): AnyTest };

const definitions = new WeakMap<Task, Definition>();
/** Tests that explore themselves, with the runner that runs them. */
const inside = new WeakMap<Task, Runner>();

conductWith((test, runner) => {
  const definition = definitions.get(test);
  if (definition === undefined) return undefined;
  watchMocks();
  watchAnnotations(runner);
  prepareWorker();
  if (definition.extended || hasHooks(test)) {
    // What the test is to do is read before it is hidden from Vitest.
    const isToFail = test.fails === true;
    return new Conductor(test, () => new Interleavings(test, runner, definition, isToFail));
  }
  inside.set(test, runner);
  return undefined;
});

/** Runs one execution, or all of them if nothing of Vitest's is to run around each. */
function run(context: TestContext, body: () => unknown): unknown {
  const { task } = context;
  const runner = inside.get(task);
  if (runner === undefined) return body();
  return exploreInside(
    task,
    runner,
    new Interleavings(task, runner, definitions.get(task)!, task.fails === true),
    body,
  );
}

function interleavingsOf(on: AnyTest, extended: boolean, modifiers: readonly Modifier[] = []): InterleavingsApi {
  type Args = [name: string, optionsOrBody: unknown, maybeBody?: unknown];

  /** `declare` registers the test; `position` is that of the context among the body's parameters. */
  function register(
    args: Args,
    caller: (...args: never[]) => unknown,
    declare: (name: string, options: object, body: (...args: never[]) => unknown) => void,
  ): void {
    const [name, second, third] = args;
    const [options, body] = typeof second === 'function' ? [third ?? {}, second] : [second ?? {}, third];
    if (typeof body !== 'function') {
      throw new StraddleError('usage', `test.interleavings('${name}') needs a function: the body of the test.`);
    }
    const here: { stack?: string } = {};
    Error.captureStackTrace(here, caller);
    const stack = here.stack?.split('\n').slice(1).join('\n');
    const definition = define(typeof options === 'number' ? { timeout: options } : options, { extended, stack });
    const { tags, meta, retry = 0 } = definition.vitest;
    const own = { retry, ...(tags === undefined ? {} : { tags }), ...(meta === undefined ? {} : { meta }) };
    const marks = Object.fromEntries(modifiers.map((modifier) => [modifier, true]));
    collecting(
      (test) => {
        definitions.set(test, definition);
        runAlone(test);
      },
      // Its time is kept here: Vitest cannot say how far it came.
      () => declare(name, { ...own, ...marks, timeout: 0 }, body as (...args: never[]) => unknown),
    );
  }

  const api = (...args: Args): void => {
    register(args, api, (name, options, body) => {
      const handler = (context: TestContext): unknown => run(context, () => body(context as never));
      on(name, options, withSource(handler, () => `(${parameterOf(body, 0)}) => {}`) as never);
    });
  };
  const forEach = (
    position: (cases: readonly unknown[]) => number,
    spread: (one: unknown, all: boolean) => unknown[],
  ) =>
    function (...cases: [readonly unknown[], ...unknown[]]) {
      const declared = (...args: Args): void => {
        register(args, declared, (name, options, body) => {
          const areLists = Array.isArray(cases[0]) && cases.length === 1 && cases[0].every(Array.isArray);
          const handler = (one: unknown, context: TestContext): unknown =>
            run(context, () => body(...([...spread(one, areLists), context] as never[])));
          const at = areLists ? position(cases[0]) : 1;
          on.for(...(cases as [never[]]))(
            name,
            options,
            withSource(handler, () => `(one, ${parameterOf(body, at)}) => {}`) as never,
          );
        });
      };
      return declared;
    };
  const withMark = (modifier: Modifier): PropertyDescriptor => ({
    get: () => interleavingsOf(on, extended, [...modifiers, modifier]),
  });
  const longest = (cases: readonly unknown[]): number => (cases[0] as unknown[] | undefined)?.length ?? 0;
  Object.defineProperties(api, {
    only: withMark('only'),
    skip: withMark('skip'),
    fails: withMark('fails'),
    each: { value: forEach(longest, (one, areLists) => (areLists ? (one as unknown[]) : [one])) },
    for: {
      value: forEach(
        () => 1,
        (one) => [one],
      ),
    },
  });
  return api as unknown as InterleavingsApi;
}

/** Vitest reads in a function's source which fixtures it wants. */
function withSource<F extends (...args: never[]) => unknown>(handler: F, source: () => string): F {
  return Object.defineProperty(handler, 'toString', { value: source });
}

/** Adds `interleavings` to a `test` of Vitest's, and to those that extend it. */
function withInterleavings(on: AnyTest, extended: boolean): StraddleTest {
  if ('interleavings' in on) return on as unknown as StraddleTest;
  const { extend } = on;
  Object.defineProperties(on, {
    interleavings: { value: interleavingsOf(on, extended) },
    extend: {
      configurable: true,
      writable: true,
      value: function (this: AnyTest, ...fixtures: unknown[]) {
        return withInterleavings(extend.apply(on, fixtures), true);
      },
    },
  });
  return on as unknown as StraddleTest;
}

export const test: StraddleTest = withInterleavings(base as unknown as AnyTest, false);
export { expect };
