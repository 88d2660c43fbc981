import { HostWatch } from '../../scheduler/host-watch.ts';
import { installDispatchers } from '../../scheduler/world/controls.ts';
import { watchCalls } from './calls.ts';
import { controlWatchdogs } from './watchdogs.ts';

/** What Vitest's worker does of its own accord while an execution runs. */
export const host = new HostWatch();

/** Makes a worker of Vitest ready, before a test runs; again for each file, whose environment may be another one. */
export function prepareWorker(): void {
  installDispatchers();
  controlWatchdogs();
  watchCalls(host);
}
