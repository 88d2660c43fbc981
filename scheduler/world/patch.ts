import { StraddleError } from '../error.ts';
import { lookerFor, swapperFor, type Swapper, type Swaps } from './swaps.ts';

/** A property of the host that is replaced while the engine holds the loop. */
interface Replaced {
  readonly owner: Record<PropertyKey, unknown>;
  readonly name: string;
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
  /** Code under test has put something in the place of ours, and is going to find it there again. */
  #areTheirs = false;
  /** These are made anew when a property is added. */
  #looker: (() => boolean) | undefined;
  #swapping: Swapping | undefined;

  /** Replaces `owner[name]` by a data property. */
  replace(owner: object, name: string, value: unknown): void {
    // Some globals become plain properties when they are first read.
    Reflect.get(owner, name);
    const outside = Object.getOwnPropertyDescriptor(owner, name);
    const enumerable = outside?.enumerable ?? true;
    this.#add(owner, name, { value, configurable: true, enumerable, writable: true }, outside);
  }

  /** Replaces the getter of an accessor. */
  replaceGetter(owner: object, name: string, get: (this: unknown) => unknown): void {
    const outside = Object.getOwnPropertyDescriptor(owner, name);
    const setter = outside?.set === undefined ? {} : { set: outside.set };
    const enumerable = outside?.enumerable ?? true;
    this.#add(owner, name, { get, ...setter, enumerable, configurable: true }, outside);
  }

  /** Replaces nothing; only undoes what code under test does to the property. */
  guard(owner: object, name: string): void {
    const outside = Object.getOwnPropertyDescriptor(owner, name);
    if (outside !== undefined) this.#add(owner, name, outside, outside, true);
  }

  #add(
    owner: object,
    name: string,
    inside: PropertyDescriptor,
    outside: PropertyDescriptor | undefined,
    guarded = false,
  ): void {
    const entry: Replaced = { owner: owner as never, name, inside, guarded, outside, theirs: NOTHING };
    this.#replaced.push(entry);
    this.#looker = undefined;
    this.#swapping = undefined;
    if (this.#kept) define(owner, name, inside);
    else if (this.#installed) this.#putIn(entry);
  }

  /** What is replaced in an object. */
  namesIn(owner: object): string[] {
    return this.#replaced.filter((entry) => (entry.owner as object) === owner).map(({ name }) => name);
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
    if (this.#kept) {
      if (this.#hidden) this.#show();
      return;
    }
    if (this.#areTheirs) {
      for (const entry of this.#replaced) this.#putIn(entry);
      return;
    }
    const { swapper, swapped, others } = (this.#swapping ??= swappingOf(this.#replaced));
    for (const i of swapper.putIn()) this.#putIn(swapped[i]!);
    for (const entry of others) this.#putIn(entry);
  }

  #putIn(entry: Replaced): void {
    const { owner, name, inside, theirs } = entry;
    const current = Object.getOwnPropertyDescriptor(owner, name);
    const isNew = current !== entry.outside && (current === undefined || !isSame(entry.outside, current));
    entry.outside = current;
    if (!entry.guarded || theirs !== NOTHING) define(owner, name, theirs === NOTHING ? inside : theirs);
    else if (current !== undefined && !isSame(current, inside)) {
      // The host has changed it since, and may.
      entry.inside = current;
      this.#looker = undefined;
    }
    if (isNew) this.#adjust(entry);
  }

  /** Other values are swapped from now on. */
  #adjust(entry: Replaced): void {
    if (this.#swapping === undefined) return;
    const { swapped, swaps } = this.#swapping;
    const at = swapped.indexOf(entry);
    if (at >= 0 && isSwap(entry.inside, entry.outside)) {
      swaps.inside[at] = entry.inside.value;
      swaps.outside[at] = entry.outside.value;
    } else if (at >= 0 || isSwap(entry.inside, entry.outside)) this.#swapping = undefined;
  }

  /** Takes everything back. */
  uninstall(): void {
    if (!this.#installed) return;
    this.#installed = false;
    if (this.#kept) {
      if (this.isForeign) this.#hide();
      return;
    }
    if (this.#areTheirs) {
      this.#areTheirs = false;
      for (const entry of this.#replaced) entry.theirs = NOTHING;
    }
    const { swapper, swapped, others } = (this.#swapping ??= swappingOf(this.#replaced));
    for (let i = others.length - 1; i >= 0; i--) this.#takeOut(others[i]!);
    for (const i of swapper.takeOut()) this.#takeOut(swapped[i]!);
  }

  #takeOut(entry: Replaced): void {
    const { owner, name, inside, outside, guarded } = entry;
    const current = Object.getOwnPropertyDescriptor(owner, name);
    const isOurs = isSame(current, inside);
    if (!isOurs) {
      entry.theirs = current;
      this.#areTheirs = true;
    }
    if (!isOurs || !guarded) define(owner, name, outside);
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
    return (this.#looker ??= lookerFor(
      swapsOf(this.#replaced.filter(({ owner, inside }) => PLACES.has(owner) && inside.get === undefined)),
    ))();
  }

  /** Undoes what code under test has done. */
  renew(): void {
    for (const entry of this.#replaced) {
      const { owner, name, inside } = entry;
      if (inside.get !== undefined || !this.#isHosts(entry, owner[name])) define(owner, name, inside);
    }
  }
}

/** What is swapped by assignments, and what takes definitions, which are ten times as dear. */
interface Swapping {
  readonly swapped: readonly Replaced[];
  readonly swaps: Swaps;
  readonly swapper: Swapper;
  readonly others: readonly Replaced[];
}

function swappingOf(replaced: readonly Replaced[]): Swapping {
  const defined = replaced.filter(({ inside, outside, guarded }) => !isSwap(inside, outside) && !guarded);
  // A definition makes the next assignment to the same object dear.
  const owners = new Set(defined.map(({ owner }) => owner));
  const swapped = replaced.filter(({ owner, inside, outside }) => isSwap(inside, outside) && !owners.has(owner));
  const swaps = swapsOf(swapped);
  return { swapped, swaps, swapper: swapperFor(swaps), others: replaced.filter((entry) => !swapped.includes(entry)) };
}

function swapsOf(replaced: readonly Replaced[]): Swaps {
  return {
    owners: replaced.map(({ owner }) => owner),
    names: replaced.map(({ name }) => name),
    inside: replaced.map(({ inside }) => inside.value as unknown),
    outside: replaced.map(({ outside }) => outside?.value as unknown),
  };
}

function isSame(one: PropertyDescriptor | undefined, other: PropertyDescriptor): boolean {
  return one !== undefined && one.value === other.value && one.get === other.get;
}

/** Both sides are plain data properties. */
function isSwap(inside: PropertyDescriptor, outside: PropertyDescriptor | undefined): outside is PropertyDescriptor {
  return inside.get === undefined && outside?.writable === true && outside.enumerable === inside.enumerable;
}

function define(owner: object, name: string, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor === undefined) Reflect.deleteProperty(owner, name);
  else if (!Reflect.defineProperty(owner, name, descriptor)) {
    throw new StraddleError(
      'usage',
      `'${name}' cannot be replaced, because it was frozen: load 'straddle/register' or the Vite plugin before that, and freeze no globals in a test body.`,
    );
  }
}
