import fc from 'fast-check';
import { currentSim, interleavedModelRun } from '../../src/fast-check.ts';
import type { BarrierRegistry, Token } from './registry.ts';

export const BRANCHES = [
  'released-current',
  'released-superseded',
  'released-unknown',
  'worker-parked',
  'worker-passed',
] as const;

/** What the registry ought to do. */
interface Model {
  /** Of all installed ones, in order; a released one stays, marked. */
  readonly installed: { readonly token: Token; released: boolean; parked: number }[];
  readonly held: Set<Token>;
  readonly expectedHeld: Set<Token>;
}

type Command = fc.AsyncCommand<Model, BarrierRegistry>;

/** The barrier in force: the latest of that name, unless it was released. */
function inForce({ installed }: Model, name: string): Model['installed'][number] | undefined {
  const latest = installed.findLast(({ token }) => token.name === name);
  return latest?.released === false ? latest : undefined;
}

class Install implements Command {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, registry: BarrierRegistry): Promise<void> {
    model.installed.push({ token: registry.install(this.name), released: false, parked: 0 });
  }
  toString(): string {
    return `install(${this.name})`;
  }
}

class Release implements Command {
  readonly which: number;
  constructor(which: number) {
    this.which = which;
  }
  check({ installed }: Model): boolean {
    return this.which < installed.length;
  }
  async run(model: Model, registry: BarrierRegistry): Promise<void> {
    const barrier = model.installed[this.which]!;
    const sim = currentSim();
    if (barrier.released) sim.branch('released-unknown');
    else sim.branch(inForce(model, barrier.token.name) === barrier ? 'released-current' : 'released-superseded');
    const was = registry.release(barrier.token);
    if (was === barrier.released) throw new Error(`release(#${barrier.token.id}) returned ${was}`);
    barrier.released = true;
  }
  toString(): string {
    return `release(#${this.which + 1})`;
  }
}

class Hit implements Command {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, registry: BarrierRegistry): Promise<void> {
    const barrier = inForce(model, this.name);
    const { parkedAt, passed } = registry.hit(this.name);
    if (parkedAt !== barrier?.token) {
      const ought = barrier === undefined ? 'to pass' : `to park at #${barrier.token.id}`;
      throw new Error(
        `a worker at ${this.name} ought ${ought}, and ${parkedAt ? `parked at #${parkedAt.id}` : 'passed'}`,
      );
    }
    currentSim().branch(barrier === undefined ? 'worker-passed' : 'worker-parked');
    if (barrier === undefined) return;
    barrier.parked++;
    // The one who waits for it is a task of its own: this command must not wait for what a later one does.
    void passed.then(() => barrier.parked--);
  }
  toString(): string {
    return `hit(${this.name})`;
  }
}

class WaitHeld implements Command {
  readonly which: number;
  constructor(which: number) {
    this.which = which;
  }
  check({ installed }: Model): boolean {
    return installed[this.which]?.released === false;
  }
  async run(model: Model, registry: BarrierRegistry): Promise<void> {
    const { token } = model.installed[this.which]!;
    model.expectedHeld.add(token);
    void registry.waitHeld(token).then(() => model.held.add(token));
  }
  toString(): string {
    return `waitHeld(#${this.which + 1})`;
  }
}

const names = fc.constantFrom('k', 'l');
const numbers = fc.nat(2);

/** Installs, releases, hits and waits in any order, against the model; in the end everybody is let go. */
export function registryProperty(create: () => BarrierRegistry) {
  const commands = fc.commands(
    [
      names.map((name) => new Install(name)),
      numbers.map((which) => new Release(which)),
      names.map((name) => new Hit(name)),
      numbers.map((which) => new WaitHeld(which)),
    ],
    { maxCommands: 12 },
  );
  return fc.asyncProperty(commands, async (list) => {
    const model: Model = { installed: [], held: new Set(), expectedHeld: new Set() };
    const registry = create();
    await interleavedModelRun(model, registry, list);
    await currentSim().point('all done');
    for (const { token, parked, released } of model.installed) {
      if (model.expectedHeld.has(token) && !released && parked > 0 && !model.held.has(token))
        throw new Error(`waitHeld(#${token.id}) still waits, although a worker is parked there`);
    }
    registry.releaseAll();
    await currentSim().point('all released');
    const stuck = model.installed.filter(({ parked }) => parked > 0);
    if (stuck.length > 0)
      throw new Error(`workers are still parked at #${stuck.map(({ token }) => token.id).join(', #')}`);
  });
}
