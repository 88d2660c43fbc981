import type { Op } from './op.ts';
import type { Deviation, Occurrences, OpName } from './schedule.ts';

interface Entry {
  readonly deviation: Deviation;
  /** Place in the order of the recording. */
  readonly order: number;
}

/** The deviations that are to be made at one place, found by what they run: there may be thousands. */
export class Place {
  readonly #entries: Entry[] = [];
  #first = 0;
  readonly #byName = new Map<string, Entry>();
  readonly #byTask = new Map<string, Entry[]>();

  add(deviation: Deviation): void {
    const entry = { deviation, order: this.#entries.length };
    this.#entries.push(entry);
    const { joined, task } = deviation;
    this.#byName.set(nameKey(deviation, joined), entry);
    const key = taskKey(task, joined);
    const ofTask = this.#byTask.get(key);
    if (ofTask === undefined) this.#byTask.set(key, [entry]);
    else ofTask.push(entry);
  }

  /** The first deviation that is left. */
  first(left: ReadonlySet<Deviation>): Deviation | undefined {
    while (this.#first < this.#entries.length && !left.has(this.#entries[this.#first]!.deviation)) this.#first++;
    return this.#entries[this.#first]?.deviation;
  }

  /** The first deviation left that can be made, and where its operation, or at least its task, is enabled. */
  find(
    enabled: readonly Op[],
    joined: boolean,
    left: ReadonlySet<Deviation>,
    seen: Occurrences,
  ): [Deviation | undefined, number] {
    for (const entryOf of [
      (op: Op) => this.#byName.get(nameKey(seen.nameOf(op), joined)),
      (op: Op) => this.#firstOfTask(op.task.name, joined, left),
    ]) {
      let found: Entry | undefined;
      let index = -1;
      for (let i = 0; i < enabled.length; i++) {
        const op = enabled[i]!;
        if (joined && !op.settles) continue;
        const entry = entryOf(op);
        if (entry === undefined || !left.has(entry.deviation)) continue;
        if (found !== undefined && found.order <= entry.order) continue;
        found = entry;
        index = i;
      }
      if (found !== undefined) return [found.deviation, index];
    }
    return [undefined, -1];
  }

  #firstOfTask(task: string, joined: boolean, left: ReadonlySet<Deviation>): Entry | undefined {
    const entries = this.#byTask.get(taskKey(task, joined));
    while (entries !== undefined && entries.length > 0 && !left.has(entries[0]!.deviation)) entries.shift();
    return entries?.[0];
  }
}

/** A resumption's name as a key. */
export function keyOf({ task, op, nth }: OpName): string {
  return `${nth}\n${task}\n${op}`;
}

function nameKey(name: OpName, joined: boolean): string {
  return `${joined ? '+' : '-'}${keyOf(name)}`;
}

function taskKey(task: string, joined: boolean): string {
  return `${joined ? '+' : '-'}${task}`;
}
