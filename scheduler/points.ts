import { BarrierRegistry } from './barriers.ts';
import { Gate, type GateHost, type HoldOptions } from './gates.ts';
import type { Op } from './op.ts';
import type { Labels } from './schedule.ts';

/** What the points need of their scheduler. */
export interface PointHost extends GateHost {
  readonly labels: Labels;
  letGo(op: Op): void;
  /** How many operations of this label were let through so far. */
  departed(label: number): number;
  /** How many are enabled now. */
  enabledAt(label: number): number;
}

/** What happens at named points: gates, barriers, counts of arrivals and departures. */
export class Points {
  readonly gates: Gate[] = [];
  barriers: BarrierRegistry<Op>;
  /** Somebody watches: a gate or a barrier stands, or counts were asked for. Until then arrivals cost nothing. */
  watched = false;
  readonly #host: PointHost;
  readonly #arrived: number[] = [];
  readonly #departed: number[] = [];
  readonly #keyed = new Map<string, Map<unknown, { arrived: number; departed: number }>>();
  #barriersUsed = false;
  #open = false;

  constructor(host: PointHost) {
    this.#host = host;
    this.barriers = this.#newRegistry();
  }

  /** Labels are numbered anew. */
  renew(): void {
    this.#arrived.length = 0;
    this.#departed.length = 0;
  }

  clear(): void {
    if (this.#keyed.size > 0) this.#keyed.clear();
    this.#open = false;
    if (!this.watched) return;
    this.watched = false;
    this.gates.length = 0;
    if (this.#barriersUsed) this.barriers = this.#newRegistry();
    this.#barriersUsed = false;
  }

  #newRegistry(): BarrierRegistry<Op> {
    return new BarrierRegistry<Op>((op) => this.admit(op, 0));
  }

  /** The barriers, noting that they are in use. */
  useBarriers(): BarrierRegistry<Op> {
    this.watch();
    this.#barriersUsed = true;
    return this.barriers;
  }

  /** The points of the barriers installed in this execution, and whether somebody reached them. */
  installedBarriers(): Iterable<{ name: string; arrived: boolean }> {
    return this.#barriersUsed ? this.barriers.installed() : [];
  }

  hold(pattern: string | RegExp, options: HoldOptions): Gate {
    this.watch();
    const gate = new Gate(this.#host, this.gates.length, pattern, options);
    this.gates.push(gate);
    return gate;
  }

  look(): void {
    for (const gate of this.gates) gate.look();
  }

  /** A watched operation has reached its point: it parks, is held by a gate, or becomes enabled. */
  arrive(op: Op): void {
    this.#arrived[op.label] = (this.#arrived[op.label] ?? 0) + 1;
    if (this.#barriersUsed && !this.#open && this.barriers.arrive(op.name, op.key, op)) return;
    this.admit(op, 0);
  }

  /** A watched operation was chosen. */
  depart(op: Op): void {
    this.#departed[op.label] = (this.#departed[op.label] ?? 0) + 1;
  }

  /** Counts an operation that has a key, watched or not: the trace does not know keys. */
  arrivedWithKey(op: Op): void {
    this.#counts(op.name, op.key).arrived++;
  }

  departedWithKey(op: Op): void {
    this.#counts(op.name, op.key).departed++;
  }

  /** Passes the gates from the given one on. */
  admit(op: Op, from: number): void {
    if (!this.#open) {
      for (let i = from; i < this.gates.length; i++) if (this.gates[i]!.keeps(op)) return;
    }
    this.#host.letGo(op);
  }

  arrivals(name: string, key: unknown): number {
    if (key !== undefined) return this.#keyed.get(name)?.get(key)?.arrived ?? 0;
    this.watch();
    return this.#arrived[this.#host.labels.find(name)] ?? 0;
  }

  departures(name: string, key: unknown): number {
    if (key !== undefined) return this.#keyed.get(name)?.get(key)?.departed ?? 0;
    this.watch();
    return this.#departed[this.#host.labels.find(name)] ?? 0;
  }

  /** From now on arrivals are counted; those so far have departed or are enabled. */
  watch(): void {
    if (this.watched) return;
    this.watched = true;
    for (let label = 0; label < this.#host.labels.size; label++) {
      const departed = this.#host.departed(label);
      this.#departed[label] = departed;
      this.#arrived[label] = departed + this.#host.enabledAt(label);
    }
  }

  /** Opens every gate and barrier for good. */
  openAll(): void {
    this.#open = true;
    for (const gate of this.gates) gate.release();
    if (this.#barriersUsed) this.barriers.shutdown();
  }

  get anyParked(): boolean {
    if (!this.watched) return false;
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
    return `${parts.join('; ')}.`;
  }

  /** One sentence about all points that were reached. */
  census(): string {
    const counts = this.#arrived.flatMap((arrived, label) =>
      arrived === 0 ? [] : [`${this.#host.labels.nameOf(label)} ${arrived}/${this.#departed[label] ?? 0}`],
    );
    return `Arrived/let through so far: ${counts.sort().join(', ')}.`;
  }

  #counts(name: string, key: unknown): { arrived: number; departed: number } {
    let keys = this.#keyed.get(name);
    if (keys === undefined) this.#keyed.set(name, (keys = new Map<unknown, { arrived: number; departed: number }>()));
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
