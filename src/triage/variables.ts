import { MINIMAL } from './axes.ts';
import type { Subject } from './subject.ts';

/**
 * Which one environment variable decides, found by halving; undefined if it takes several together.
 * @param wanted whether a run passes without the variables that matter.
 */
export async function decidingVariable(
  subject: Subject,
  wanted: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  let candidates = Object.keys(process.env).filter((name) => !MINIMAL.includes(name));
  const turns = async (removed: readonly string[]): Promise<boolean> => {
    const env = Object.fromEntries(removed.map((name) => [name, undefined]));
    const { passed } = await subject.run({ env }, signal);
    return passed === wanted;
  };
  while (candidates.length > 1 && !signal.aborted) {
    const half = candidates.slice(0, candidates.length / 2);
    candidates = (await turns(half)) ? half : candidates.slice(candidates.length / 2);
  }
  const [last] = candidates;
  return last !== undefined && (await turns([last])) ? last : undefined;
}
