import type { EnabledOp } from '../op.ts';
import type { ExecutionInfo, Strategy } from '../strategy.ts';
import { Chains, type Bounds } from './chains.ts';
import { exhaustive } from './exhaustive.ts';
import { natural } from './natural.ts';
import { pct } from './pct.ts';
import { pos } from './pos.ts';
import { random } from './random.ts';
import { urw } from './urw.ts';

/** Every schedule is run if there are, by the estimate, at most this share of the executions. */
const FITS = 0.5;
/** When the estimates were wrong all the same, the rest of the executions is left to the samplers. */
const GIVES_UP = 0.75;
/** Sampled executions that PCT and URW learn from; the later ones hang on nothing that another process could not know. */
const LEARNING = 16;

/**
 * The default. No strategy dominates the others, so several take turns, and the report says which one found the
 * failure.
 *
 * 1. Natural order.
 * 2. If every schedule fits into the executions, all of them: first those with at most one preemption, because most
 *    bugs need no more (Musuvathi and Qadeer, PLDI 2007). How many there are is estimated from the longest execution
 *    so far. A body that draws chance or has timers is never taken to be run through.
 * 3. Otherwise the random walk for half of the executions, and PCT of depth 2 and 3, POS and URW by turns for the
 *    others: on 45 real bugs the random walk was best as often as PCT of depth 3, and PCT of depth 1 worst.
 */
export function portfolio(): Strategy {
  /** Of the current execution, and of the longest one so far. */
  let chains = new Chains();
  let longest = new Chains();
  let active: Strategy = natural();
  /** What is still to be run through, the current one first, and the execution with which that began. */
  let stages: Stage[] = [];
  let since = 0;
  let samplers: Strategy[] = [];
  let turn = 0;
  /** Order alone decides, as far as has been seen. */
  let isOrderAll = true;
  let isWatching = true;
  let most = 0;

  function restart({ runs, bursts }: ExecutionInfo): void {
    const walk = random();
    samplers = [walk, pct({ depth: 2 }), walk, pct({ depth: 3 }), walk, pos(), walk, urw()];
    turn = 0;
    const whole = { preemptions: Infinity, delays: Infinity, together: bursts > 0 };
    stages = [
      { strategy: exhaustive({ preemptions: 1 }), bounds: { ...whole, preemptions: 1, together: false } },
      { strategy: exhaustive(), bounds: whole },
    ];
    since = 2;
    most = FITS * (runs - 1);
    isOrderAll = true;
    longest.clear();
    active = natural();
  }

  const fits = ({ bounds }: Stage): boolean => longest.schedules(bounds, most) <= most;

  /** Whether all is to be run through, or goes on to be. */
  function isThorough({ execution, runs }: ExecutionInfo): boolean {
    if (!isOrderAll || execution > GIVES_UP * runs || stages.length === 0) return false;
    // The whole is larger than its first part, and quicker to be known as too large.
    return fits(execution === 2 ? stages.at(-1)! : stages[0]!);
  }

  /** False when every schedule has been run. */
  function goOn(info: ExecutionInfo): boolean {
    while (isThorough(info)) {
      const { strategy, bounds } = stages[0]!;
      active = strategy;
      const execution = info.execution - since + 1;
      if (active.begin({ ...info, execution, bursts: bounds.together ? info.bursts : 0 })) return true;
      if (stages.length === 1) return false;
      stages.shift();
      since = info.execution;
    }
    stages = [];
    active = samplers[turn++ % samplers.length]!;
    return active.begin(info);
  }

  /** Later executions will hang on the current one. */
  function isLearning(): boolean {
    return stages.length > 0 || turn <= LEARNING;
  }

  function sees(op: EnabledOp): void {
    if (op.kind === 'timer' || op.kind === 'sleep') isOrderAll = false;
    chains.ran(op);
  }

  const join: Strategy['join'] = (enabled, natural) => {
    const index = active.join!(enabled, natural);
    if (index >= 0) sees(enabled[index]!);
    return index;
  };

  return {
    name: 'portfolio',
    get part() {
      return active.name;
    },
    get independent() {
      return !isLearning();
    },
    get single() {
      return active.single === true;
    },
    /** Only the last stage leaves nothing. */
    get complete() {
      return active.complete === true && stages.length === 1;
    },
    begin(info) {
      chains.clear();
      if (info.execution === 1) restart(info);
      const isLeft = info.execution === 1 ? active.begin(info) : goOn(info);
      isWatching = stages.length > 0;
      return isLeft;
    },
    choose(enabled, step) {
      const index = active.choose(enabled, step);
      if (isWatching) sees(enabled[index]!);
      return index;
    },
    get join() {
      return isWatching ? join : active.join;
    },
    end(outcome) {
      if (outcome.drew) isOrderAll = false;
      if (chains.steps > longest.steps) [chains, longest] = [longest, chains];
      if (!isLearning()) return;
      active.end?.(outcome);
      // PCT learns the length of an execution from all of them.
      for (const sampler of samplers) if (sampler !== active && sampler.name.startsWith('pct')) sampler.end?.(outcome);
    },
    space: () => (active.complete === true && stages.length === 1 ? active.space?.() : undefined),
  };
}

interface Stage {
  readonly strategy: Strategy;
  readonly bounds: Bounds;
}
