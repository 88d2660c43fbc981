import type { Scheduler } from '../scheduler/scheduler.ts';
import type { BranchRequirement } from './options.ts';
import type { BranchCount, Vacuity } from './report.ts';
import { upperBound } from './statistics.ts';

/** Stated with every bound. */
const CONFIDENCE = 0.95;

interface GateEvidence {
  readonly pattern: string;
  arrivals: number;
  held: number;
}

/** Collects, over all executions, what a pass needs as evidence. */
export class Evidence {
  /** There was a choice between two or more enabled operations. */
  contested = false;
  readonly #gates: GateEvidence[] = [];
  readonly #barriers = new Map<string, boolean>();

  /** After an execution that counts. */
  add(scheduler: Scheduler): void {
    if (scheduler.contested) this.contested = true;
    if (!scheduler.points.watched) return;
    scheduler.points.gates.forEach((gate, i) => {
      const evidence = (this.#gates[i] ??= { pattern: String(gate.pattern), arrivals: 0, held: 0 });
      evidence.arrivals += gate.arrivals;
      evidence.held += gate.everHeld;
    });
    for (const { name, arrived } of scheduler.points.installedBarriers()) {
      this.#barriers.set(name, arrived || this.#barriers.get(name) === true);
    }
  }

  /** What is missing; empty when the pass proves something. */
  missing(
    required: Readonly<Record<string, BranchRequirement>> | undefined,
    counts: Record<string, BranchCount>,
    executions: number,
    exhaustive: boolean,
  ): Vacuity[] {
    if (executions === 0) {
      const detail = 'No execution was run: the budget or the signal ended the exploration before the first one.';
      return [{ kind: 'no-choice', detail }];
    }
    const missing: Vacuity[] = [];
    for (const [label, requirement] of Object.entries(required ?? {})) {
      const detail = unmet(label, requirement, counts[label]!, executions, exhaustive);
      if (detail !== undefined) missing.push({ kind: 'branch', detail });
    }
    if (!this.contested) {
      missing.push({
        kind: 'no-choice',
        detail: `In ${plural(executions, 'execution')} there was never a choice between two operations: this test has one interleaving only.`,
      });
    }
    for (const { pattern, arrivals, held } of this.#gates) {
      if (arrivals === 0) {
        missing.push({
          kind: 'no-arrival',
          detail: `Nobody ever reached the point of hold('${pattern}'): is the name right?`,
        });
      } else if (held === 0) {
        missing.push({
          kind: 'no-hold',
          detail: `hold('${pattern}') never held anybody, although ${plural(arrivals, 'operation')} passed: its condition was true each time.`,
        });
      }
    }
    for (const [name, arrived] of this.#barriers) {
      if (!arrived)
        missing.push({
          kind: 'no-arrival',
          detail: `Nobody ever reached the barrier at '${name}': is the name right?`,
        });
    }
    return missing;
  }
}

function unmet(
  label: string,
  requirement: BranchRequirement,
  count: BranchCount,
  executions: number,
  exhaustive: boolean,
): string | undefined {
  const seen = count.executions;
  if (seen === 0) {
    if (exhaustive)
      return `The branch '${label}' is unreachable: all ${executions} interleavings were explored and none took it.`;
    const bound = upperBound(0, executions, CONFIDENCE);
    return `The branch '${label}' was never taken in ${plural(executions, 'execution')}; at ${CONFIDENCE * 100} % confidence it is taken in at most ${percent(bound)} of them.`;
  }
  const least = requirement.executions ?? 1;
  // Of every schedule there is, there can be no more.
  if (seen < least && !exhaustive)
    return `The branch '${label}' was taken in ${seen} of ${executions} executions; ${least} are required.`;
  if (requirement.every === true && seen < executions) {
    return `The branch '${label}' was taken in ${seen} of ${executions} executions; every one is required.`;
  }
  if (requirement.share !== undefined && count.share < requirement.share) {
    return `The branch '${label}' was taken in ${percent(count.share)} of the executions; ${percent(requirement.share)} are required.`;
  }
  return undefined;
}

function percent(share: number): string {
  return `${(share * 100).toPrecision(3).replace(/\.?0+$/, '')} %`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
