import type { Runner } from './internals.ts';
import { isQuiet } from './quiet.ts';

const watched = new WeakSet<Runner>();

/**
 * Annotations are told where the console prints, not in each of a thousand executions. In all of them alike, who
 * annotates does not wait for Vitest's main process; the test does.
 */
export function watchAnnotations(runner: Runner): void {
  const tell = runner.onTestAnnotate;
  if (tell === undefined || watched.has(runner)) return;
  watched.add(runner);
  runner.onTestAnnotate = (test, annotation) => {
    if (!isQuiet()) (test.promises ??= []).push(tell.call(runner, test, annotation));
    return Promise.resolve(annotation);
  };
}
