import type { Chooser } from '../scheduler/chooser.ts';
import type { Engine, Plan } from '../scheduler/control.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import { NativeReactions } from '../scheduler/native-reactions.ts';
import { Notes } from '../scheduler/notes.ts';
import { printsOf } from '../scheduler/prints.ts';
import { REACHES, type Reach } from '../scheduler/reach.ts';
import { ReplayChooser } from '../scheduler/replaying.ts';
import type { BaseOrder, Deviation, NotedDeviation } from '../scheduler/schedule.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { DEVIATED, EARLY, JOINED, PREEMPTED } from '../scheduler/trace.ts';
import type { Executions } from './executions.ts';
import type { Turn } from './projection.ts';

export type Granularity = 'await' | 'macrotask';

/** A schedule that fails in the wanted way, as it really ran. */
export interface Schedule {
  readonly order: BaseOrder;
  readonly granularity: Granularity;
  readonly deviations: readonly NotedDeviation[];
  readonly reach: Reach;
  /** Early timers, times taken and bursts: what a machine rarely does. */
  readonly oddities: number;
  readonly preemptions: number;
  /** Tasks that the deviations name. */
  readonly tasks: number;
  readonly steps: number;
  /** Who ran, step by step. */
  readonly turns: readonly Turn[];
  readonly prints: string;
  /** It has instrumented awaits. */
  readonly awaits: boolean;
}

/** What an execution on trial came to. */
export interface Trial {
  /** It failed in the wanted way. */
  readonly same: boolean;
  readonly passed: boolean;
  readonly notes: Notes;
}

/** What trials look for. */
export interface Quarry {
  /** How the execution that has just run ended. */
  readonly judge: (scheduler: Scheduler) => RawFailure | undefined;
  /** Whether that is the failure that is wanted. */
  readonly same: (outcome: RawFailure) => boolean;
  readonly budget: Budget;
  /** Steps after which a trial has gone astray. */
  readonly maxSteps: number;
}

/**
 * What trials may spend. Executions and steps are counted, never time, so that what they find does not hang on the
 * machine; only the exploration's own `budgetMs` and `signal` may cut them short.
 */
export interface Budget {
  readonly executions: number;
  readonly steps: number;
}

/** Runs one execution after the other in search of a better schedule with the same failure, within a budget. */
export class Trials {
  readonly engine: Engine;
  readonly #executions: Executions;
  readonly #quarry: Quarry;
  #left: number;
  #stepsLeft: number;

  constructor(engine: Engine, executions: Executions, quarry: Quarry) {
    this.engine = engine;
    this.#executions = executions;
    this.#quarry = quarry;
    const { executions: runs, steps } = quarry.budget;
    this.#left = runs;
    this.#stepsLeft = steps;
  }

  /** Executions that may still be spent, should they be as long as those before; 0 when the exploration has been ended. */
  get left(): number {
    if (this.#stepsLeft <= 0 || this.engine.interrupted) return 0;
    const { executions, steps } = this.#quarry.budget;
    const mean = (steps - this.#stepsLeft) / (executions - this.#left);
    return mean > 0 ? Math.min(this.#left, Math.ceil(this.#stepsLeft / mean)) : this.#left;
  }

  *run(chooser: Chooser, granularity: Granularity, keepOthers = false): Plan<Trial> {
    const { scheduler } = this.engine;
    this.#left--;
    const notes = new Notes(scheduler, keepOthers);
    const { maxSteps } = this.#quarry;
    yield this.#executions.replay(chooser, notes, { awaits: granularity === 'await', maxSteps });
    this.#stepsLeft -= scheduler.trace.length;
    if (this.engine.interrupted) return { same: false, passed: false, notes };
    const outcome = this.#quarry.judge(scheduler);
    return { same: outcome !== undefined && this.#quarry.same(outcome), passed: outcome === undefined, notes };
  }

  follow(schedule: Pick<Schedule, 'order' | 'granularity'>, deviations: readonly Deviation[]): Plan<Trial> {
    return this.run(new ReplayChooser(deviations, schedule.order), schedule.granularity);
  }

  /** Whether a native reaction overtook an instrumented await in this schedule. */
  *isOvertaken({ order, granularity, deviations, awaits }: Schedule): Plan<boolean> {
    if (!awaits || granularity === 'macrotask' || this.left <= 0) return false;
    this.#left--;
    const reactions = new NativeReactions();
    yield this.#executions.replay(new ReplayChooser(deviations, order), reactions);
    return reactions.overtaken;
  }

  /** The execution that has just run as a schedule against one of the base orders. */
  scheduleOf({ notes }: Trial, order: BaseOrder, granularity: Granularity): Schedule {
    const { trace } = this.engine.scheduler;
    const deviations = notes.deviations(order);
    let bursts = 0;
    for (let step = 1; step < trace.length; step++) if (trace.has(step, JOINED) && trace.has(step, DEVIATED)) bursts++;
    return {
      order,
      granularity,
      deviations,
      reach: notes.reach,
      oddities: bursts + trace.took.size + trace.count(EARLY),
      preemptions: trace.count(PREEMPTED),
      tasks: new Set(deviations.flatMap(({ task, instead, after }) => [task, (instead ?? after)!.task])).size,
      steps: trace.length,
      turns: this.#turns(),
      prints: printsOf(trace.length, nameOfStep(this.engine.scheduler)),
      awaits: notes.awaits,
    };
  }

  #turns(): Turn[] {
    const { trace, tasks } = this.engine.scheduler;
    const turns: Turn[] = [];
    for (let step = 1; step < trace.length; step++) {
      const task = tasks.all[trace.taskAt(step)]!.name;
      const joined = trace.has(step, JOINED);
      const took = trace.took.get(step) ?? 0;
      const odd = joined || took > 0 || trace.has(step, EARLY);
      turns.push({ task, joined, took, ahead: trace.has(step, DEVIATED), odd });
    }
    return turns;
  }
}

/** What a step ran, by name. */
export function nameOfStep(scheduler: Scheduler): (step: number) => string {
  const { trace, tasks, labels } = scheduler;
  return (step) => `${tasks.all[trace.taskAt(step)]!.name} at ${labels.nameOf(trace.labelAt(step))}`;
}

/** The schedule that is easier to believe and to read; of equals the first. */
export function better(a: Schedule, b: Schedule): Schedule {
  const ours = scoreOf(a);
  const theirs = scoreOf(b);
  const at = ours.findIndex((value, i) => value !== theirs[i]);
  return at >= 0 && theirs[at]! < ours[at]! ? b : a;
}

function scoreOf(schedule: Schedule): number[] {
  const { oddities, reach, preemptions, tasks, steps, deviations } = schedule;
  // A deviation is read twice, where it is made and where it is told; so only a first one may buy one preemption.
  const effort = preemptions + Math.max(0, 2 * deviations.length - 1);
  return [oddities, REACHES.indexOf(reach), effort, preemptions, tasks, steps];
}
