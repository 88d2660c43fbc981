import { slot } from './point.ts';
import { Scheduler } from './scheduler.ts';
import { worldSlot } from './world/dispatch.ts';
import type { OutsideWork } from './world/outside.ts';

/** An execution as seen by whoever reaches out of the process on its behalf. */
export interface Running {
  readonly scheduler: Scheduler;
  readonly outside: OutsideWork;
}

/** The execution whose code runs now, if that is controlled. */
export function runningExecution(): Running | undefined {
  const { world } = worldSlot;
  const { hook } = slot;
  return world !== undefined && hook instanceof Scheduler && !hook.ended
    ? { scheduler: hook, outside: world.outside }
    : undefined;
}
