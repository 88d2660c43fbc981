import type { Session } from 'node:inspector';
import { syncBuiltinESMExports } from 'node:module';
import * as bindings from 'node:timers';
import timers from 'node:timers';
import type { Patches } from './patch.ts';

/** So often all are told, before the way to tell fewer is worth being looked for: to find it takes as long. */
const SYNCS_BEFORE_LOOKING = 100;

/** One of Node's own modules, as Node sees it. */
interface BuiltinModule {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly exportKeys?: readonly string[];
  /** What named imports refer to; undefined until there is one. */
  readonly module?: { setExport(name: string, value: unknown): void };
}

/**
 * Named imports of Node's modules: that a module's object has another function under a name they do not see until
 * they are told. Node's own function for that goes through all exports of all modules, which takes longer than
 * everything else with which an exploration begins and ends. So in a process of many explorations only those are told
 * that are patched.
 */
export class NamedImports {
  readonly #patches: Patches;
  #syncs = 0;
  #patched: readonly { readonly builtin: BuiltinModule; readonly names: readonly string[] }[] | undefined;

  constructor(patches: Patches) {
    this.#patches = patches;
  }

  /** Before an exploration. */
  prepare(): void {
    if (this.#syncs < SYNCS_BEFORE_LOOKING || this.#patched !== undefined) return;
    this.#patched = findBuiltins()
      .map((builtin) => {
        const names = this.#patches.namesIn(builtin.exports);
        return { builtin, names: names.filter((name) => builtin.exportKeys?.includes(name)) };
      })
      .filter(({ names }) => names.length > 0);
  }

  /** Makes them follow, unless they do. */
  sync(): void {
    if (areSynced()) return;
    this.#syncs++;
    for (const { builtin, names } of this.#patched ?? []) {
      const { exports, module } = builtin;
      if (module !== undefined) for (const name of names) module.setExport(name, exports[name]);
    }
    if (!areSynced()) syncBuiltinESMExports();
  }
}

function areSynced(): boolean {
  return bindings.setTimeout === timers.setTimeout;
}

/** Through which the inspector hands over what it shows. */
interface Shown {
  readonly sync: () => void;
  builtins?: ReadonlyMap<string, BuiltinModule>;
}

/** What it answers, as far as it matters. */
interface Answer {
  readonly result: { readonly objectId: string } & readonly { readonly value: { readonly objectId: string } }[];
  readonly internalProperties: readonly { readonly name: string; readonly value: { readonly objectId: string } }[];
}

/**
 * All of Node's modules. Only Node's own code refers to them, but the inspector shows what a function closes over.
 * None where there is no inspector, where it may not be used, or where Node has changed.
 */
export function findBuiltins(): readonly BuiltinModule[] {
  const global = globalThis as unknown as Record<symbol, Shown>;
  const key = Symbol.for('straddle.builtins.v1');
  const shown = `globalThis[Symbol.for('${key.description}')]`;
  const handed: Shown = (global[key] = { sync: syncBuiltinESMExports });
  try {
    const session = new (process.getBuiltinModule('node:inspector').Session)();
    session.connect();
    try {
      const { objectId } = ask(session, 'Runtime.evaluate', { expression: `${shown}.sync` }).result;
      const { internalProperties } = ask(session, 'Runtime.getProperties', { objectId });
      const scopes = internalProperties.find(({ name }) => name === '[[Scopes]]')!.value;
      const [innermost] = ask(session, 'Runtime.getProperties', { objectId: scopes.objectId }).result;
      ask(session, 'Runtime.callFunctionOn', {
        objectId: innermost!.value.objectId,
        functionDeclaration: `function () { ${shown}.builtins = this.object.BuiltinModule.map; }`,
      });
    } finally {
      session.disconnect();
    }
  } catch {
    // Without it, all are told.
  } finally {
    Reflect.deleteProperty(globalThis, key);
  }
  return [...(handed.builtins?.values() ?? [])];
}

/** It answers before the call returns. */
function ask(session: Session, method: string, parameters: object): Answer {
  let answer: unknown;
  session.post(method, parameters, (_error, given) => {
    answer = given;
  });
  return answer as Answer;
}
