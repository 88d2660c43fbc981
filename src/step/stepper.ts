import type { Answer, Ending, Guide, Scene } from '../../properties/guide.ts';
import { tellTrace } from '../../properties/story.ts';
import type { Runnable } from '../../scheduler/diagnosis.ts';
import { Output } from './output.ts';
import type { Terminal } from './terminal.ts';

const HELP = `  Enter, n     run the suggested operation
  b [k]        back one choice, or k of them, by running again
  c STEP       continue to a step; 'c end' to the end
  c TEXT       continue until an operation, task or place that can run has this text
  d            continue to the next deviation
  o N          run operation N instead, and go on in natural order from there
  l            what has run
  q            stop asking; the execution runs on to its end
  ?            this help`;

/** Operations that are listed, besides the suggested one. */
const MOST_RUNNABLE = 12;
/** Lines of output that are shown between two steps. */
const MOST_OUTPUT = 12;

/** Walks through an execution at a terminal. */
export class Stepper implements Guide {
  readonly #open: () => Terminal;
  #terminal!: Terminal;
  readonly #output = new Output();
  /** Steps at which there was a choice to look at, of this run and the repeated part. */
  #asked: number[] = [];
  #until: ((scene: Scene) => boolean) | undefined;
  #isSilent = false;
  #isOpen = false;
  #from = 1;

  /** @param open opens the terminal when the first replay begins. */
  constructor(open: () => Terminal) {
    this.#open = open;
  }

  begin(from: number): void {
    if (!this.#isOpen) this.#terminal = this.#open();
    this.#isOpen = true;
    this.#from = from;
    this.#asked = this.#asked.filter((step) => step < from);
    this.#output.take();
    this.#output.start();
  }

  choose(scene: Scene): Answer {
    // What the repeated part prints has been seen.
    if (this.#asked.length > 0 && scene.step === this.#from) this.#output.take();
    this.#asked.push(scene.step);
    if (this.#isSilent) return 'next';
    if (this.#until !== undefined && !this.#until(scene)) return 'next';
    this.#until = undefined;
    this.#show(scene);
    for (;;) {
      const answer = this.#answer(scene);
      if (answer !== undefined) return answer;
    }
  }

  ended({ steps, failure, hasLeft }: Ending): { backTo: number } | undefined {
    this.#until = undefined;
    if (this.#isSilent) return this.#close();
    this.#showOutput();
    const how = failure === undefined ? 'It passes.' : `${failure.kind}: ${failure.message}`;
    this.#say('', `The execution has ended after ${steps} steps${hasLeft ? ', off the recorded schedule' : ''}.`, how);
    for (;;) {
      const line = this.#ask(`ended (b back, q quit)> `);
      const [, back = ''] = /^b\s*(\d*)$/.exec(line) ?? [];
      if (line.startsWith('b')) return { backTo: this.#stepBack(back === '' ? 1 : Number(back), false) };
      if (line === 'q' || line === '' || line === 'n') return this.#close();
      this.#say('  b goes back, q ends.');
    }
  }

  #close(): undefined {
    this.#output.stop();
    this.#terminal.close();
    this.#isOpen = this.#isSilent = false;
    this.#asked = [];
  }

  #answer(scene: Scene): Answer | undefined {
    const line = this.#ask(`step ${scene.step}> `);
    const [, command = '', rest = ''] = /^(\S*)\s*(.*)$/.exec(line) ?? [];
    switch (command) {
      case '':
      case 'n':
        return 'next';
      case 'b':
        return { backTo: this.#stepBack(rest === '' ? 1 : Number(rest), true) };
      case 'c':
        return this.#continue(scene, rest);
      case 'd':
        this.#until = ({ isDeviation }) => isDeviation;
        return 'next';
      case 'o': {
        const place = Number(rest) - 1;
        if (scene.runnable[place] !== undefined) return { choose: place };
        this.#say(`  There is no operation ${rest}: they are 1 to ${scene.runnable.length}.`);
        return undefined;
      }
      case 'l':
        this.#say(...tellTrace(scene.ran()));
        return undefined;
      case 'q':
        this.#isSilent = true;
        return 'next';
      default:
        this.#say(...(command === '?' || command === 'h' ? [] : [`  There is no command '${command}'.`]), HELP);
        return undefined;
    }
  }

  #continue(scene: Scene, point: string): Answer | undefined {
    if (point === '') {
      this.#say('  Where to? A step, a text, or end.');
      return undefined;
    }
    const step = Number(point);
    if (point === 'end') this.#until = () => false;
    else if (Number.isInteger(step) && step <= scene.step) {
      this.#say(`  Step ${step} has run; b goes back.`);
      return undefined;
    } else if (Number.isInteger(step)) this.#until = (next) => next.step >= step;
    else this.#until = ({ runnable, suggested }) => words(runnable[suggested]!).includes(point);
    return 'next';
  }

  /** The step of the choice that lies so many back. */
  #stepBack(choices: number, isAtChoice: boolean): number {
    const count = Number.isInteger(choices) && choices > 0 ? choices : 1;
    return this.#asked.at(isAtChoice ? -1 - count : -count) ?? 1;
  }

  #show(scene: Scene): void {
    const { step, recorded, time, runnable, suggested, isDeviation, hasLeft, waiting } = scene;
    this.#showOutput();
    const place = hasLeft ? `step ${step}, off the recorded schedule` : `step ${step} of ${recorded - 1}`;
    this.#say('', `${place}, virtual time ${Number(time.toPrecision(6))} ms`, '  can run now:');
    const rows = runnable.map((one, i) => [
      `  ${i === suggested ? '>' : ' '} ${i + 1}`,
      one.task,
      one.kind === 'start' ? 'starts' : one.key === undefined ? one.op : `${one.op} [${one.key}]`,
      `${one.site ?? ''}${i === suggested && isDeviation ? '  (a deviation)' : ''}`,
    ]);
    const shown = columns(rows).filter((_, i) => i < MOST_RUNNABLE || i === suggested);
    this.#say(...shown);
    if (rows.length > shown.length) this.#say(`      … ${rows.length - shown.length} more, up to ${rows.length}`);
    if (waiting.length === 0) return;
    this.#say('  waiting:');
    this.#say(...columns(waiting.map(({ task, on, site = '' }) => [`      ${task}`, `on ${on}`, site])));
  }

  #showOutput(): void {
    const lines = this.#output.take().trimEnd().split('\n');
    if (lines.length === 1 && lines[0] === '') return;
    const shown = lines.slice(-MOST_OUTPUT);
    if (lines.length > shown.length) this.#say(`  | … ${lines.length - shown.length} lines`);
    this.#say(...shown.map((line) => `  | ${line}`));
  }

  #ask(prompt: string): string {
    this.#terminal.write(prompt);
    // At the end of input nobody is asked any more.
    return this.#terminal.readLine()?.trim() ?? 'q';
  }

  #say(...lines: readonly string[]): void {
    for (const line of lines) this.#terminal.write(`${line}\n`);
  }
}

function words({ task, op, key = '', site = '' }: Runnable): string {
  return `${task} ${op} ${key} ${site}`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
