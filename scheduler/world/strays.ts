import type { Health } from '../health.ts';
import type { Op } from '../op.ts';
import type { Patience } from './patience.ts';

/** What is seen of an execution from outside. */
interface Watched {
  readonly health: Health;
  readonly ended: boolean;
  readonly generation: number;
  /** Changes when code that runs in no step asks for something, enables something, or ends a task. */
  readonly activity: number;
  /** What has become enabled last. */
  readonly newest: Op | undefined;
}

/**
 * Notices when an execution goes on while the host has the loop: something that is not controlled has answered,
 * a native addon for instance, or a timer that was taken from Node before straddle was loaded.
 */
export class Strays {
  readonly #execution: Watched;
  readonly #patience: Patience;
  #left: { readonly generation: number; readonly activity: number; readonly newest: Op | undefined } | undefined;

  constructor(execution: Watched, patience: Patience) {
    this.#execution = execution;
    this.#patience = patience;
  }

  /** The engine gives the loop back. */
  leaving(): void {
    const { ended, generation, activity, newest } = this.#execution;
    this.#left = ended ? undefined : { generation, activity, newest };
  }

  /** The engine takes it again. */
  entering(): void {
    const left = this.#left;
    this.#left = undefined;
    const { health, generation, activity, newest } = this.#execution;
    if (left === undefined || left.generation !== generation || left.activity === activity) return;
    this.#patience.surprised = true;
    // A timer that was found is told about already, by its place.
    if (!health.has('real-timer'))
      health.note('uncontrolled', () => uncontrolled(newest === left.newest ? undefined : newest));
  }
}

function uncontrolled(op: Op | undefined): string {
  const { site } = op ?? {};
  const place = site === undefined ? '' : ` (${site.file}:${site.line}:${site.column})`;
  const what = op === undefined ? 'code of the test ran' : `'${op.task.name}' went on at ${op.name}${place}`;
  return (
    `While the engine waited, ${what}: something that straddle does not control had answered, such as a native ` +
    "addon's thread, a dynamic import, or a function taken from Node before straddle was loaded. When it answers is " +
    'not controlled, so a replay may differ. Do it before the exploration, or use a fake.'
  );
}
