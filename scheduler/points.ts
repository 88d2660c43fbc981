import { BarrierRegistry } from './barriers.ts';
import { Gate, type GateHost, type HoldOptions } from './gates.ts';
import type { Op } from './op.ts';
import type { Labels } from './schedule.ts';

/** What the points need of their scheduler. */
export interface PointHost extends GateHost {
  readonly labels: Labels;
  readonly generation: number;
  letGo(op: Op): void;
}

/** How often a site was reached and straddled, counted once per execution. */
interface SiteCount {
  executions: number;
  straddled: number;
  lastReached: number;
  lastStraddled: number;
}

/** What happens at named points: counts of arrivals and departures, gates, barriers, straddling. */
export class Points {
  readonly gates: Gate[] = [];
  barriers: BarrierRegistry<Op>;
  /** Whether the current execution counts for the straddling of sites; replays do not. */
  counting = false;
  readonly #host: PointHost;
  readonly #arrived: number[] = [];
  readonly #departed: number[] = [];
  readonly #keyed = new Map<number, Map<unknown, { arrived: number; departed: number }>>();
  readonly #sites: (SiteCount | undefined)[] = [];
  #barriersUsed = false;
  #open = false;

  constructor(host: PointHost) {
    this.#host = host;
    this.barriers = this.#newRegistry();
  }

  clear(): void {
    for (let label = 0; label < this.#arrived.length; label++) {
      this.#arrived[label] = 0;
      this.#departed[label] = 0;
    }
    if (this.#keyed.size > 0) this.#keyed.clear();
    if (this.gates.length > 0) this.gates.length = 0;
    if (this.#barriersUsed) this.barriers = this.#newRegistry();
    this.#barriersUsed = false;
    this.#open = false;
  }

  #newRegistry(): BarrierRegistry<Op> {
    return new BarrierRegistry<Op>((op) => this.admit(op, 0));
  }

  /** The barriers, noting that they are in use. */
  useBarriers(): BarrierRegistry<Op> {
    this.#barriersUsed = true;
    return this.barriers;
  }

  /** The points of the barriers installed in this execution, and whether somebody reached them. */
  installedBarriers(): Iterable<{ name: string; arrived: boolean }> {
    return this.#barriersUsed ? this.barriers.installed() : [];
  }

  hold(pattern: string | RegExp, options: HoldOptions): Gate {
    const gate = new Gate(this.#host, this.gates.length, pattern, options);
    this.gates.push(gate);
    return gate;
  }

  look(): void {
    for (const gate of this.gates) gate.look();
  }

  /** An operation has reached its point: it parks at a barrier, is held by a gate, or becomes enabled. */
  arrive(op: Op): void {
    const { label } = op;
    this.#grow(label);
    this.#arrived[label]!++;
    if (op.key !== undefined) this.#counts(label, op.key).arrived++;
    if (this.#barriersUsed && !this.#open && this.barriers.arrive(op.name, op.key, op)) return;
    this.admit(op, 0);
  }

  /** Passes the gates from the given one on. */
  admit(op: Op, from: number): void {
    if (!this.#open) {
      for (let i = from; i < this.gates.length; i++) if (this.gates[i]!.keeps(op)) return;
    }
    this.#host.letGo(op);
  }

  departed(op: Op, step: number): void {
    const { label } = op;
    this.#departed[label]!++;
    if (op.key !== undefined) this.#counts(label, op.key).departed++;
    if (!this.counting) return;
    const site = (this.#sites[label] ??= { executions: 0, straddled: 0, lastReached: -1, lastStraddled: -1 });
    const execution = this.#host.generation;
    if (site.lastReached !== execution) {
      site.lastReached = execution;
      site.executions++;
    }
    // Another task ran between suspension and resumption if the step is not the very next one.
    if (step > op.created + 1 && site.lastStraddled !== execution) {
      site.lastStraddled = execution;
      site.straddled++;
    }
  }

  arrivals(name: string, key: unknown): number {
    return this.#count(name, key, 'arrived', this.#arrived);
  }

  departures(name: string, key: unknown): number {
    return this.#count(name, key, 'departed', this.#departed);
  }

  /** Every site met so far, over all executions. */
  straddles(): { site: string; executions: number; straddled: number }[] {
    return this.#sites.flatMap((count, label) =>
      count === undefined
        ? []
        : [{ site: this.#host.labels.nameOf(label), executions: count.executions, straddled: count.straddled }],
    );
  }

  /** Opens every gate and barrier for good. */
  openAll(): void {
    this.#open = true;
    for (const gate of this.gates) gate.release();
    if (this.#barriersUsed) this.barriers.shutdown();
  }

  get anyParked(): boolean {
    return this.gates.some((gate) => gate.held.length > 0) || (this.#barriersUsed && !this.barriers.held().next().done);
  }

  *parked(): Generator<Op> {
    for (const gate of this.gates) for (const { op } of gate.held) yield op;
    if (this.#barriersUsed) for (const { parked } of this.barriers.held()) yield* parked;
  }

  /** One sentence about the gates and barriers that keep somebody, or `undefined`. */
  stalled(): string | undefined {
    const parts: string[] = [];
    for (const gate of this.gates) {
      if (gate.held.length === 0) continue;
      const why = gate.conditional ? 'its condition is false and nothing can change that' : 'nobody releases it';
      parts.push(`hold(${show(gate.pattern)}) keeps ${names(gate.held.map(({ op }) => op))}: ${why}`);
    }
    if (this.#barriersUsed) {
      for (const { name, parked } of this.barriers.held()) {
        parts.push(`the barrier at '${name}' keeps ${names(parked)}: nobody releases it`);
      }
    }
    if (parts.length === 0) return undefined;
    return `${parts.join('; ')}. ${this.#census()}`;
  }

  #census(): string {
    const counts = this.#arrived.flatMap((arrived, label) =>
      arrived === 0 ? [] : [`${this.#host.labels.nameOf(label)} ${arrived}/${this.#departed[label] ?? 0}`],
    );
    return `Arrived/let through so far: ${counts.join(', ')}.`;
  }

  #count(name: string, key: unknown, which: 'arrived' | 'departed', totals: readonly number[]): number {
    const label = this.#host.labels.find(name);
    if (label < 0) return 0;
    return key === undefined ? (totals[label] ?? 0) : (this.#keyed.get(label)?.get(key)?.[which] ?? 0);
  }

  #grow(label: number): void {
    while (this.#arrived.length <= label) {
      this.#arrived.push(0);
      this.#departed.push(0);
      this.#sites.push(undefined);
    }
  }

  #counts(label: number, key: unknown): { arrived: number; departed: number } {
    let keys = this.#keyed.get(label);
    if (keys === undefined) this.#keyed.set(label, (keys = new Map<unknown, { arrived: number; departed: number }>()));
    let counts = keys.get(key);
    if (counts === undefined) keys.set(key, (counts = { arrived: 0, departed: 0 }));
    return counts;
  }
}

function show(pattern: string | RegExp): string {
  return typeof pattern === 'string' ? `'${pattern}'` : String(pattern);
}

function names(ops: readonly Op[]): string {
  const all = ops.map((op) => `${op.task.name} at ${op.name}`);
  return all.length <= 5 ? all.join(', ') : `${all.slice(0, 5).join(', ')} and ${all.length - 5} more`;
}
