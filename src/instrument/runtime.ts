import type { Site } from '../../scheduler/point.ts';

/**
 * The names that instrumented code uses for what it carries with it. All of it is appended to the module, so
 * that no line moves; hoisted functions and `var` work before the module's body, and its imports, have run
 * (import cycles, `vi.hoisted`). Nothing is imported: the slot of `straddle/point` is found by its symbol,
 * so packages that cannot resolve straddle, CommonJS and virtual modules need no special case.
 */
export interface Names {
  /** `await e` → `await hop(e, 0)` */
  readonly hop: string;
  /** `p.then(f)` → `reaction(p, 0).then(f)`: a native promise is replaced by one that the engine settles. */
  readonly reaction: string;
  /** `for await (x of e)` → `for await (x of each(e, 0))` */
  readonly each: string;
  /** `await using x = e` → `const x = e; await using _ = disposal(x, 0)` */
  readonly disposal: string;
  /** Identity; begins an expression with a name where a parenthesis would join the line before. */
  readonly value: string;
  /** The object that an optional link was applied to, and the receiver of an optional method call. */
  readonly link: string;
  readonly self: string;
  readonly resource: string;
  readonly site: string;
  /** The engine's hook while it holds the loop, else undefined. */
  readonly hook: string;
  readonly slot: string;
  readonly table: string;
}

/** The parts that a module may do without. */
export type Part = 'reaction' | 'each' | 'disposal' | 'value';

/** Names that do not occur in the code. */
export function freeNames(code: string): Names {
  let prefix = '__straddle_';
  for (let number = 1; code.includes(prefix); number += 1) prefix = `__straddle${number}_`;
  const keys = 'hop reaction each disposal value link self resource site hook slot table'.split(' ');
  return Object.fromEntries(keys.map((key) => [key, prefix + key])) as unknown as Names;
}

/** Whether the code has been instrumented before. */
export function isInstrumented(code: string): boolean {
  return /^function __straddle\d*_site\(/m.test(code);
}

/** What is appended to an instrumented module: the table of its sites and the parts it uses. */
export function runtimeSource(names: Names, parts: ReadonlySet<Part>, sites: readonly Site[]): string {
  const row = (site: Site) => `  ${JSON.stringify(site)},\n`;
  const variables = [names.slot, names.table, ...(parts.has('value') ? [names.link, names.self] : [])];
  const pieces = [
    `var ${variables.join(', ')};`,
    `function ${names.site}(index) { return (${names.table} ??= [\n${sites.map(row).join('')}])[index]; }`,
    hookSource(names),
    hopSource(names),
  ];
  if (parts.has('reaction')) pieces.push(reactionSource(names));
  if (parts.has('each')) pieces.push(eachSource(names));
  if (parts.has('disposal')) pieces.push(disposalSource(names));
  if (parts.has('value')) pieces.push(`function ${names.value}(value) { return value; }`);
  return `/* straddle */ ${pieces.join('\n')}\n`;
}

const hookSource = ({ hook, slot }: Names) => `\
function ${hook}() {
  return (${slot} ??= globalThis[globalThis.Symbol.for('straddle.slot.v1')] ??= { hook: undefined }).hook;
}`;

const hopSource = (names: Names) => `\
function ${names.hop}(value, index) {
  const hook = ${names.hook}();
  return hook === undefined ? value : hook.hop(value, ${names.site}(index));
}`;

/** Subclasses, thenables and promises with methods of their own keep their own \`then\`. */
const reactionSource = (names: Names) => `\
function ${names.reaction}(value, index) {
  const hook = ${names.hook}();
  if (hook === undefined || typeof value !== 'object' || value === null) return value;
  const { Object, Promise } = globalThis;
  if (Object.getPrototypeOf(value) !== Promise.prototype) return value;
  if (['then', 'catch', 'finally', 'constructor'].some((own) => Object.hasOwn(value, own))) return value;
  return hook.hop(value, ${names.site}(index));
}`;

/** A sync iterable stays one: the loop itself awaits its values, which the engine settles. */
const eachSource = (names: Names) => `\
function ${names.each}(source, index) {
  if (${names.hook}() === undefined || source === null || source === undefined) return source;
  const { Object, Reflect, Symbol } = globalThis;
  const asyncOpen = source[Symbol.asyncIterator];
  const isAsync = asyncOpen !== undefined && asyncOpen !== null;
  const open = isAsync ? asyncOpen : source[Symbol.iterator];
  if (typeof open !== 'function') return source;
  return {
    [isAsync ? Symbol.asyncIterator : Symbol.iterator]() {
      const inner = Reflect.apply(open, source, []);
      if (Object(inner) !== inner) return inner;
      const { next } = inner;
      const result = isAsync
        ? (method) => ${names.hop}(Reflect.apply(method, inner, []), index)
        : (method) => {
            const step = Reflect.apply(method, inner, []);
            if (Object(step) !== step) return step;
            return { done: step.done, value: ${names.hop}(step.value, index) };
          };
      return {
        next: () => result(next),
        get return() {
          const close = inner.return;
          return close === undefined || close === null ? close : () => result(close);
        },
      };
    },
  };
}`;

const disposalSource = (names: Names) => `\
function ${names.disposal}(resource, index) {
  if (${names.hook}() === undefined || resource === null || resource === undefined) return resource;
  const { Reflect, Symbol } = globalThis;
  const dispose = resource[Symbol.asyncDispose];
  if (typeof dispose !== 'function') return resource;
  return { [Symbol.asyncDispose]: () => ${names.hop}(Reflect.apply(dispose, resource, []), index) };
}`;
