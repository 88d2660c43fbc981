import { createHash } from 'node:crypto';
import { explore, type ExploreOptions, type Report, type Sim, type Strategy } from '../../../../src/index.ts';
import { random } from '../../../../scheduler/strategies/random.ts';

/** What each execution chose, step by step, what ran there, and what its body gave back. */
export interface Executions {
  readonly report: Report;
  readonly schedules: readonly string[];
  readonly traces: readonly string[];
  readonly results: readonly string[];
  /** Of all of it. */
  readonly digest: string;
}

/** Explores a body by random walk and keeps everything that a second exploration must repeat. */
export async function explored(
  body: (sim: Sim) => Promise<unknown>,
  options: Omit<ExploreOptions, 'strategy'>,
): Promise<Executions> {
  const schedules: string[] = [];
  const traces: string[] = [];
  const results: string[] = [];
  let chosen: number[] = [];
  let ran: string[] = [];
  const inner = random();
  const strategy: Strategy = {
    name: 'recorded',
    begin(info) {
      chosen = [];
      ran = [];
      return inner.begin(info);
    },
    choose(enabled, step) {
      const index = inner.choose(enabled, step);
      chosen.push(index);
      ran.push(`${enabled[index]!.task.name}:${enabled[index]!.name}`);
      return index;
    },
    join: () => -1,
    end() {
      schedules.push(chosen.join());
      traces.push(ran.join());
    },
  };
  const report = await explore(
    async (sim) => {
      const result = JSON.stringify(await body(sim));
      // Repetitions come with the number of an execution that has been.
      if (sim.execution > results.length) results.push(result);
    },
    { vacuity: 'off', time: 'idle', bursts: 0, ...options, strategy },
  );
  const digest = createHash('sha256');
  for (const lines of [schedules, traces, results]) digest.update(lines.join('\n'));
  return { report, schedules, traces, results, digest: digest.digest('hex') };
}
