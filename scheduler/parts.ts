import { findDrain, type Drain } from './drain.ts';
import { Rejections } from './rejections.ts';
import { Scheduler } from './scheduler.ts';
import { World } from './world/install.ts';

/** What an exploration runs on. */
export interface Parts {
  readonly scheduler: Scheduler;
  readonly rejections: Rejections;
  readonly world: World;
}

/** Those of an exploration that is over, kept for the next: making them costs more than many executions. */
let spare: Parts | undefined;

/** To be called in a macrotask: the drain is looked for there. */
export function takeParts(): Parts {
  const parts = spare ?? makeParts();
  spare = undefined;
  parts.scheduler.renew();
  parts.world.renew();
  return parts;
}

/** Nobody else may use them any more. */
export function leaveParts(parts: Parts): void {
  spare = parts;
}

function makeParts(): Parts {
  const scheduler = new Scheduler(chooseDrain());
  return { scheduler, rejections: new Rejections(scheduler), world: new World(scheduler) };
}

/** The synchronous drain, unless this runtime has none or `STRADDLE_DRAIN=turn` asks for the fall-back. */
function chooseDrain(): Drain | undefined {
  return process.env['STRADDLE_DRAIN'] === 'turn' ? undefined : findDrain();
}
