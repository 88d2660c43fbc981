/** A property of the host that is replaced while the engine holds the loop. */
interface Replaced {
  readonly owner: Record<PropertyKey, unknown>;
  readonly name: PropertyKey;
  /** What code under test finds there when an execution begins. */
  inside: PropertyDescriptor;
  /** Nothing of ours: what the host has there is what code under test finds. */
  readonly guarded: boolean;
  /** What the host finds there; undefined if nothing. */
  outside: PropertyDescriptor | undefined;
  /** What code under test has put there instead, while the host has its turn. */
  theirs: PropertyDescriptor | undefined | typeof NOTHING;
}

const NOTHING = Symbol('nothing');

/** Where every fake clock puts something, whatever else it replaces. */
const PLACES = new Set<object>([globalThis, Math, performance, process]);

/**
 * A set of replaced properties that is put in place and taken back as a whole. What code under test does to
 * them (fake timers, for instance) stays until its execution ends, is out of sight while the host has a turn,
 * and is undone then.
 */
export class Patches {
  readonly #replaced: Replaced[] = [];
  #installed = false;
  /** In place for good. */
  #kept = false;
  /** Something of code under test is out of the host's sight. */
  #hidden = false;
  /** What the host itself has put in the place of ours before this execution: fake timers of a hook. */
  #hosts: Map<Replaced, unknown> | undefined;
  /** Made anew when a property is added. */
  #looker: (() => boolean) | undefined;

  /** Replaces `owner[name]` by a data property. */
  replace(owner: object, name: PropertyKey, value: unknown): void {
    // Some globals become plain properties when they are first read.
    Reflect.get(owner, name);
    const outside = Object.getOwnPropertyDescriptor(owner, name);
    const enumerable = outside?.enumerable ?? true;
    this.#add(owner, name, { value, configurable: true, enumerable, writable: true }, outside);
  }

  /** Replaces the getter of an accessor. */
  replaceGetter(owner: object, name: PropertyKey, get: (this: unknown) => unknown): void {
    const outside = Object.getOwnPropertyDescriptor(owner, name);
    const setter = outside?.set === undefined ? {} : { set: outside.set };
    const enumerable = outside?.enumerable ?? true;
    this.#add(owner, name, { get, ...setter, enumerable, configurable: true }, outside);
  }

  /** Replaces nothing; only undoes what code under test does to the property. */
  guard(owner: object, name: PropertyKey): void {
    const outside = Object.getOwnPropertyDescriptor(owner, name);
    if (outside !== undefined) this.#add(owner, name, outside, outside, true);
  }

  #add(
    owner: object,
    name: PropertyKey,
    inside: PropertyDescriptor,
    outside: PropertyDescriptor | undefined,
    guarded = false,
  ): void {
    const entry: Replaced = { owner: owner as never, name, inside, guarded, outside, theirs: NOTHING };
    this.#replaced.push(entry);
    this.#looker = undefined;
    if (this.#kept) define(owner, name, inside);
    else if (this.#installed) this.#putIn(entry);
  }

  /** Puts everything in place for good: from now on this is what the host finds, too. */
  keep(): void {
    if (this.#kept) return;
    this.#kept = true;
    for (const { owner, name, inside, guarded } of this.#replaced) if (!guarded) define(owner, name, inside);
  }

  /** Puts everything in place, as code under test left it. */
  install(): void {
    if (this.#installed) return;
    this.#installed = true;
    if (!this.#kept) for (const entry of this.#replaced) this.#putIn(entry);
    else if (this.#hidden) this.#show();
  }

  #putIn(entry: Replaced): void {
    const { owner, name, inside, outside, theirs } = entry;
    // An assignment takes a tenth of the time of a definition.
    if (isSwap(inside, outside) && theirs === NOTHING) {
      const value = owner[name];
      if (value === outside.value && (value === inside.value || Reflect.set(owner, name, inside.value))) return;
    }
    const current = (entry.outside = Object.getOwnPropertyDescriptor(owner, name));
    if (!entry.guarded || theirs !== NOTHING) define(owner, name, theirs === NOTHING ? inside : theirs);
    else if (current !== undefined && !isSame(current, inside)) {
      // The host has changed it since, and may.
      entry.inside = current;
      this.#looker = undefined;
    }
  }

  /** Takes everything back. */
  uninstall(): void {
    if (!this.#installed) return;
    this.#installed = false;
    if (this.#kept) {
      if (this.isForeign) this.#hide();
      return;
    }
    for (let i = this.#replaced.length - 1; i >= 0; i--) {
      const entry = this.#replaced[i]!;
      const { owner, name, inside, outside } = entry;
      entry.theirs = NOTHING;
      if (isSwap(inside, outside) && owner[name] === inside.value) {
        if (outside.value === inside.value || Reflect.set(owner, name, outside.value)) continue;
      }
      const current = Object.getOwnPropertyDescriptor(owner, name);
      const isOurs = isSame(current, inside);
      if (!isOurs) entry.theirs = current;
      if (!isOurs || !entry.guarded) define(owner, name, outside);
    }
  }

  /** Where ours is in place for good: what code under test has put there is taken away while the host has a turn. */
  #hide(): void {
    this.#hidden = true;
    for (const entry of this.#replaced) {
      const { owner, name, inside } = entry;
      const current = Object.getOwnPropertyDescriptor(owner, name);
      if (isSame(current, inside) || this.#isHosts(entry, current?.value)) continue;
      entry.theirs = current;
      define(owner, name, inside);
    }
  }

  #show(): void {
    this.#hidden = false;
    for (const entry of this.#replaced) {
      if (entry.theirs === NOTHING) continue;
      define(entry.owner, entry.name, entry.theirs);
      entry.theirs = NOTHING;
    }
  }

  /** Before an execution: what is there in the place of ours stays there. */
  begin(): void {
    this.#hosts = undefined;
    if (!this.#kept || !this.#looksForeign()) return;
    const hosts = new Map<Replaced, unknown>();
    for (const entry of this.#replaced) {
      const { owner, name, inside } = entry;
      if (inside.get === undefined && owner[name] !== inside.value) hosts.set(entry, owner[name]);
    }
    this.#hosts = hosts;
  }

  /** The values that code under test has put in the place of ours. */
  *foreign(): Generator<unknown> {
    for (const entry of this.#replaced) {
      const { owner, name, inside } = entry;
      if (inside.get !== undefined) continue;
      const value = owner[name];
      if (value !== inside.value && !this.#isHosts(entry, value)) yield value;
    }
  }

  #isHosts(entry: Replaced, value: unknown): boolean {
    return this.#hosts !== undefined && this.#hosts.has(entry) && this.#hosts.get(entry) === value;
  }

  /** Whether code under test has put something in the place of ours. Getters are not looked at: too slow. */
  get isForeign(): boolean {
    return this.#looksForeign() && (this.#hosts === undefined || this.foreign().next().done !== true);
  }

  #looksForeign(): boolean {
    return (this.#looker ??= lookerFor(this.#replaced))();
  }

  /** Undoes what code under test has done. */
  renew(): void {
    for (const entry of this.#replaced) {
      const { owner, name, inside } = entry;
      if (inside.get !== undefined || !this.#isHosts(entry, owner[name])) define(owner, name, inside);
    }
  }
}

/**
 * Looks at the properties in one function made for them, in which each has an inline cache of its own: asked after
 * every execution, a loop over the list would cost as much as the execution.
 */
function lookerFor(replaced: readonly Replaced[]): () => boolean {
  const watched = replaced.filter(
    ({ owner, name, inside }) => PLACES.has(owner) && typeof name === 'string' && inside.get === undefined,
  );
  const owners = [...new Set(watched.map(({ owner }) => owner))];
  const looks = watched.map(({ owner, name }, i) => {
    const from = owner === globalThis ? 'globalThis' : `o${owners.indexOf(owner)}`;
    return `${from}[${JSON.stringify(name)}] !== v${i}`;
  });
  const parameters = [...owners.map((_, i) => `o${i}`), ...watched.map((_, i) => `v${i}`)];
  const make = new Function(...parameters, `return () => ${looks.join(' || ') || 'false'};`) as (
    ...values: unknown[]
  ) => () => boolean;
  return make(...owners, ...watched.map(({ inside }) => inside.value));
}

function isSame(one: PropertyDescriptor | undefined, other: PropertyDescriptor): boolean {
  return one !== undefined && one.value === other.value && one.get === other.get;
}

/** Both sides are plain data properties. */
function isSwap(inside: PropertyDescriptor, outside: PropertyDescriptor | undefined): outside is PropertyDescriptor {
  return inside.get === undefined && outside?.writable === true && outside.enumerable === inside.enumerable;
}

function define(owner: object, name: PropertyKey, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor === undefined) Reflect.deleteProperty(owner, name);
  else Object.defineProperty(owner, name, descriptor);
}
