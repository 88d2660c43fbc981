import { StraddleError } from '../scheduler/error.ts';
import type { BranchRequirement } from './options.ts';
import type { BranchCount, BranchRow } from './report.ts';

/** Executions that the table tells one by one. */
const TABLE_ROWS = 50;

interface Counter {
  hits: number;
  executions: number;
  /** Hits in the current execution. */
  now: number;
}

/** Counts the branches that executions pass, and checks them against what was declared. */
export class Branches {
  /** Replays and minimising do not count. */
  counting = false;
  /** A label that was never declared; ends the exploration as wrong use. */
  misuse: StraddleError | undefined;
  readonly rows: BranchRow[] = [];
  readonly #declared: Readonly<Record<string, BranchRequirement>> | undefined;
  readonly #counters = new Map<string, Counter>();
  #hitsNow = 0;

  constructor(declared: Readonly<Record<string, BranchRequirement>> | undefined) {
    this.#declared = declared;
    for (const label of Object.keys(declared ?? {})) this.#counters.set(label, { hits: 0, executions: 0, now: 0 });
  }

  readonly hit = (label: string): void => {
    let counter = this.#counters.get(label);
    if (counter === undefined) {
      if (this.#declared !== undefined) {
        const known = Object.keys(this.#declared).join("', '");
        this.misuse ??= new StraddleError(
          'undeclared-branch',
          `The branch '${label}' was never declared; the option 'branches' has '${known}'.`,
        );
        throw this.misuse;
      }
      this.#counters.set(label, (counter = { hits: 0, executions: 0, now: 0 }));
    }
    if (!this.counting) return;
    counter.now++;
    this.#hitsNow++;
  };

  /** After an execution that counts. */
  close(execution: number): void {
    const row: Record<string, number> | undefined = this.rows.length < TABLE_ROWS ? {} : undefined;
    if (this.#hitsNow === 0 && row === undefined) return;
    for (const [label, counter] of this.#counters) {
      if (row !== undefined) row[label] = counter.now;
      if (counter.now === 0) continue;
      counter.hits += counter.now;
      counter.executions++;
      counter.now = 0;
    }
    if (row !== undefined) this.rows.push({ execution, hits: row });
    this.#hitsNow = 0;
  }

  /** After an execution that does not count. */
  drop(): void {
    if (this.#hitsNow === 0) return;
    for (const counter of this.#counters.values()) counter.now = 0;
    this.#hitsNow = 0;
  }

  counts(executions: number): Record<string, BranchCount> {
    return Object.fromEntries(
      [...this.#counters].map(([label, { hits, executions: seen }]) => [
        label,
        { hits, executions: seen, share: executions === 0 ? 0 : seen / executions },
      ]),
    );
  }
}
