import type { EnabledOp } from '../op.ts';
import type { ExecutionInfo, Strategy } from '../strategy.ts';
import { Chains } from './chains.ts';
import { exhaustive } from './exhaustive.ts';
import { natural } from './natural.ts';
import { pct } from './pct.ts';
import { pos } from './pos.ts';
import { random } from './random.ts';
import { urw } from './urw.ts';

/** Every schedule is run if there are, by the estimate, at most this share of the executions. */
const FITS = 0.5;
/** When the estimate was wrong, the rest of the executions is left to the samplers. */
const GIVES_UP = 0.75;

/**
 * The default. No strategy dominates the others, so several take turns, and the report says which one found the
 * failure.
 *
 * 1. Natural order.
 * 2. If every schedule fits into the executions, all of them: first those with at most one preemption, because most
 *    bugs need no more (Musuvathi and Qadeer, PLDI 2007). How many there are is estimated from the first execution;
 *    a body that draws chance or has timers is never taken to be run through.
 * 3. Otherwise the random walk for half of the executions, and PCT of depth 2 and 3, POS and URW by turns for the
 *    others: on 45 real bugs the random walk was best as often as PCT of depth 3, and PCT of depth 1 worst.
 */
export function portfolio(): Strategy {
  const chains = new Chains();
  let active: Strategy = natural();
  /** What is still to be run through before sampling, the current one first. */
  let thorough: Strategy[] = [];
  let samplers: Strategy[] = [];
  let turn = 0;
  /** The execution with which the current one of the thorough began. */
  let since = 0;
  /** Order alone decides, as far as has been seen. */
  let isOrderAll = true;
  let isWatching = true;

  function restart(): void {
    const walk = random();
    const [pct2, pct3] = [pct({ depth: 2 }), pct({ depth: 3 })];
    samplers = [walk, pct2, walk, pct3, walk, pos(), walk, urw()];
    thorough = [];
    turn = 0;
    isOrderAll = true;
    chains.clear();
    active = natural();
  }

  function plan({ bursts, runs }: ExecutionInfo): void {
    const bounds = { preemptions: Infinity, delays: Infinity, together: bursts > 0 };
    const most = FITS * (runs - 1);
    if (isOrderAll && chains.schedules(bounds, most) <= most) {
      thorough = [exhaustive({ preemptions: 1 }), exhaustive()];
      since = 2;
    }
  }

  /** False when every schedule has been run. */
  function goOn(info: ExecutionInfo): boolean {
    while (thorough.length > 0 && isOrderAll && info.execution <= GIVES_UP * info.runs) {
      active = thorough[0]!;
      const isWhole = thorough.length === 1;
      const execution = info.execution - since + 1;
      if (active.begin({ ...info, execution, bursts: isWhole ? info.bursts : 0 })) return true;
      if (isWhole) return false;
      thorough.shift();
      since = info.execution;
    }
    thorough = [];
    active = samplers[turn++ % samplers.length]!;
    return active.begin(info);
  }

  function sees(op: EnabledOp): void {
    if (op.kind === 'timer' || op.kind === 'sleep') isOrderAll = false;
    if (active.name === 'natural') chains.ran(op);
  }

  const join: Strategy['join'] = (enabled, natural) => {
    const index = active.join!(enabled, natural);
    if (index >= 0) sees(enabled[index]!);
    return index;
  };

  return {
    get name() {
      return active.name;
    },
    get single() {
      return active.single === true;
    },
    get complete() {
      return thorough.length === 1;
    },
    begin(info) {
      if (info.execution === 1) {
        restart();
        isWatching = true;
        return active.begin(info);
      }
      if (info.execution === 2) plan(info);
      const isLeft = goOn(info);
      isWatching = thorough.length > 0;
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
      // PCT learns the length of an execution from all of them.
      for (const strategy of new Set([active, ...samplers])) {
        if (strategy === active || strategy.name.startsWith('pct')) strategy.end?.(outcome);
      }
    },
    space: () => (thorough.length === 1 ? active.space?.() : undefined),
  };
}
