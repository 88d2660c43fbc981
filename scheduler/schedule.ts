import type { Tasks } from './task.ts';
import { DEVIATED, JOINED, type Trace } from './trace.ts';

/** A choice that differs from natural order. It names its operation, so that it survives edits of the code. */
export interface Deviation {
  /** 0-based step. */
  readonly step: number;
  readonly task: string;
  readonly op: string;
  /** Its place among the enabled operations, as a hint. */
  readonly index: number;
  /** Settled together with the step before, with no drain between. */
  readonly joined: boolean;
  /** Virtual milliseconds that it took before it ran. */
  readonly took: number;
}

/** The deviations of a recorded execution. */
export function deviationsOf(trace: Trace, tasks: Tasks, labels: Labels): Deviation[] {
  const deviations: Deviation[] = [];
  for (let step = 0; step < trace.length; step++) {
    if (!trace.has(step, DEVIATED)) continue;
    deviations.push({
      step,
      task: tasks.all[trace.taskAt(step)]!.name,
      op: labels.nameOf(trace.labelAt(step)),
      index: trace.indexAt(step),
      joined: trace.has(step, JOINED),
      took: trace.took.get(step) ?? 0,
    });
  }
  return deviations;
}

/** Names of operations as small numbers; grows over one exploration. */
export class Labels {
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  #lastName = '';
  #lastId = -1;

  get size(): number {
    return this.#names.length;
  }

  idOf(name: string): number {
    if (name === this.#lastName && this.#lastId >= 0) return this.#lastId;
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.#names.length;
      this.#names.push(name);
      this.#ids.set(name, id);
    }
    this.#lastName = name;
    this.#lastId = id;
    return id;
  }

  /** The id of a name already met, or −1. */
  find(name: string): number {
    return this.#ids.get(name) ?? -1;
  }

  nameOf(id: number): string {
    return this.#names[id]!;
  }
}
