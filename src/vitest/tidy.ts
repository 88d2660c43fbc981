import { vi, type Mock } from 'vitest';
import type { Task } from './internals.ts';

/** A spy or function of Vitest's, whatever it stands for. */
type AnyMock = Mock<(...args: never[]) => unknown>;

/** Everything that was made through `vi` in one execution, to be undone before the next one. */
const made = { spies: new Set<AnyMock>(), undo: [] as (() => void)[] };
/** Functions made by `vi.fn`, for as long as anybody uses them. */
const functions = new Set<WeakRef<AnyMock>>();

let isWatching = false;

/** Watches from now on what is made through `vi`. */
export function watchMocks(): void {
  if (isWatching) return;
  isWatching = true;
  const { fn, spyOn, stubEnv, stubGlobal } = vi as unknown as Record<string, (...args: unknown[]) => unknown>;
  Object.assign(vi, {
    fn(this: unknown, ...args: unknown[]) {
      const mock = fn!.apply(this, args) as AnyMock;
      functions.add(new WeakRef(mock));
      return mock;
    },
    spyOn(this: unknown, ...args: unknown[]) {
      const spy = spyOn!.apply(this, args) as AnyMock;
      made.spies.add(spy);
      return spy;
    },
    stubEnv(this: unknown, name: string, ...args: unknown[]) {
      const before = process.env[name];
      made.undo.push(() => {
        if (before === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before;
      });
      return stubEnv!.call(this, name, ...args);
    },
    stubGlobal(this: unknown, name: PropertyKey, ...args: unknown[]) {
      const before = Object.getOwnPropertyDescriptor(globalThis, name);
      made.undo.push(() => {
        if (before === undefined) Reflect.deleteProperty(globalThis, name);
        else Object.defineProperty(globalThis, name, before);
      });
      return stubGlobal!.call(this, name, ...args);
    },
  });
}

/**
 * What one execution of a test leaves behind in Vitest, and puts back as it was before the first one: calls and
 * implementations of mocks, spies, fake timers and mocked time, stubbed environment and globals, `task.meta`,
 * annotations, and what was put on the context.
 */
export class Tidy {
  readonly #test: Task;
  readonly #contextKeys: ReadonlySet<string>;
  readonly #meta: Record<string, unknown>;
  readonly #annotations: number;
  readonly #implementations = new Map<AnyMock, unknown>();
  readonly #spies: ReadonlySet<AnyMock>;
  readonly #hadFakeTimers = vi.isFakeTimers();
  readonly #mockedTime = vi.getMockedSystemTime();

  /** Before the first execution, and before its hooks. */
  constructor(test: Task) {
    this.#test = test;
    this.#contextKeys = new Set(Object.keys(test.context));
    this.#meta = { ...test.meta };
    this.#annotations = test.annotations?.length ?? 0;
    this.#spies = new Set(made.spies);
    made.undo.length = 0;
    for (const mock of [...liveFunctions(), ...this.#spies]) {
      this.#implementations.set(mock, mock.getMockImplementation());
    }
  }

  /** Between two executions, after the hooks of the first and before those of the second. */
  restore(): void {
    for (const undo of made.undo.splice(0).reverse()) undo();
    if (made.spies.size > this.#spies.size) {
      for (const spy of made.spies) {
        if (this.#spies.has(spy)) continue;
        made.spies.delete(spy);
        spy.mockRestore();
      }
    }
    vi.clearAllMocks();
    for (const [mock, implementation] of this.#implementations) {
      if (mock.getMockImplementation() === implementation) continue;
      if (implementation === undefined) mock.mockReset();
      else mock.mockImplementation(implementation as never);
    }
    if (!this.#hadFakeTimers && vi.isFakeTimers()) vi.useRealTimers();
    else if (this.#mockedTime === null && vi.getMockedSystemTime() !== null) vi.useRealTimers();
    this.#restoreTask();
  }

  #restoreTask(): void {
    const { context, meta, annotations } = this.#test;
    for (const key of Object.keys(context)) {
      if (!this.#contextKeys.has(key)) Reflect.deleteProperty(context, key);
    }
    for (const key of Object.keys(meta)) if (!(key in this.#meta)) Reflect.deleteProperty(meta, key);
    Object.assign(meta, this.#meta);
    if (annotations !== undefined && annotations.length > this.#annotations) annotations.length = this.#annotations;
    if (context._local === true) {
      context.expect.setState({
        assertionCalls: 0,
        isExpectingAssertions: false,
        isExpectingAssertionsError: null,
        expectedAssertionsNumber: null,
        expectedAssertionsNumberErrorGen: null,
      });
    }
  }
}

function* liveFunctions(): Generator<AnyMock> {
  for (const ref of functions) {
    const mock = ref.deref();
    if (mock === undefined) functions.delete(ref);
    else yield mock;
  }
}
