import { StraddleError } from '../error.ts';
import { fingerprint } from '../prints.ts';

const PREFIX = 'sx1.';

/** The choices of one execution that have an alternative, and the way from one such path to the next. */
export class Path {
  /** The choice that comes next. */
  depth = 0;
  /** Which option was taken, of how many, and something by which to know the choice again. */
  readonly #taken: number[] = [];
  readonly #options: number[] = [];
  readonly #marks: number[] = [];

  /** Back to the first path, or to where `start` stands. */
  restart(start?: Path): void {
    this.#cut(0);
    if (start === undefined) return;
    this.#taken.push(...start.#taken);
    this.#options.push(...start.#options);
    this.#marks.push(...start.#marks);
  }

  /**
   * Which of so many options is taken here.
   * @throws StraddleError `nondeterminism` if there were others here before.
   */
  pick(options: number, mark: number): number {
    if (options === 1) return 0;
    const depth = this.depth++;
    if (depth === this.#taken.length) {
      this.#taken.push(0);
      this.#options.push(options);
      this.#marks.push(mark);
    } else if (this.#options[depth] !== options || this.#marks[depth] !== mark) {
      throw elsewhere(
        `choice ${depth + 1} had ${this.#options[depth]!} options, and when it was repeated ${options}, or others`,
      );
    }
    return this.#taken[depth]!;
  }

  /**
   * The execution has ended.
   * @throws StraddleError `nondeterminism` if it had fewer choices than before.
   */
  close(): void {
    const known = this.#taken.length;
    if (this.depth < known) throw elsewhere(`there were ${known} choices, and when they were repeated ${this.depth}`);
  }

  /** To the next path; false if this was the last one. */
  advance(): boolean {
    let last = this.#taken.length - 1;
    while (last >= 0 && this.#taken[last]! + 1 === this.#options[last]) last--;
    this.#cut(last + 1);
    if (last < 0) return false;
    this.#taken[last]!++;
    return true;
  }

  /** The share of the space that lies before this path, if all options of a choice lead to equally much. */
  get share(): number {
    let share = 0;
    let width = 1;
    for (const [depth, taken] of this.#taken.entries()) {
      width /= this.#options[depth]!;
      share += taken * width;
    }
    return share;
  }

  /** The path as a line of text, with what else must be known to go on from it. */
  toCursor(about: readonly (number | null)[]): string {
    const content = JSON.stringify([about, this.#taken, this.#options, this.#marks]);
    const payload = Buffer.from(content).toString('base64url');
    return `${PREFIX}${payload}.${fingerprint(payload)}`;
  }

  /** @throws StraddleError `usage` for a text that is no cursor. */
  static fromCursor(cursor: string): { path: Path; about: readonly (number | null)[] } {
    const [payload = '', check, ...rest] = cursor.startsWith(PREFIX) ? cursor.slice(PREFIX.length).split('.') : [];
    if (check === undefined || rest.length > 0 || fingerprint(payload) !== check) {
      throw new StraddleError(
        'usage',
        `What exhaustive is to resume from is no cursor of this version, or it is damaged: it must begin with '${PREFIX}' and be whole.`,
      );
    }
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [(number | null)[], ...number[][]];
    const path = new Path();
    const [about, taken, options, marks] = content;
    path.#taken.push(...taken!);
    path.#options.push(...options!);
    path.#marks.push(...marks!);
    return { path, about };
  }

  #cut(length: number): void {
    this.#taken.length = this.#options.length = this.#marks.length = length;
  }
}

function elsewhere(what: string): StraddleError {
  return new StraddleError(
    'nondeterminism',
    `The same choices led elsewhere: ${what}. Something outside of straddle's control decides here: state kept ` +
      'between executions, real I/O, or a clock read before straddle was loaded; or the exploration was resumed with ' +
      'another body, seed or options.',
  );
}
