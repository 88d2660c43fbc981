import { explore } from '../../src/index.ts';
import type { ExploreOptions } from '../../properties/options.ts';
import type { Report } from '../../properties/report.ts';
import type { Sim } from '../../scheduler/sim.ts';

/** Two tasks that lose an update when one is interrupted between its read and its write; in natural order none is. */
export async function lostUpdate(sim: Sim): Promise<void> {
  let counter = 0;
  const increment = async (): Promise<void> => {
    const seen = counter;
    await sim.point('between read and write');
    counter = seen + 1;
  };
  const second = async (): Promise<void> => {
    await sim.point('prepare');
    await increment();
  };
  await Promise.all([sim.spawn('first', increment), sim.spawn('second', second)]);
  sim.branch(counter === 2 ? 'both counted' : 'one lost');
  if (counter !== 2) throw new Error(`counted ${counter} of 2`);
}

export const BRANCHES = ['both counted', 'one lost'];

/** A failing report with a deciding pair. */
export function explored(options: ExploreOptions = {}): Promise<Report> {
  return explore(lostUpdate, { seed: 3, branches: BRANCHES, strategy: 'random', runs: 200, ...options });
}
