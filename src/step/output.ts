import { format } from 'node:util';

const METHODS = ['log', 'info', 'warn', 'error', 'debug'] as const;
const STREAMS = ['stdout', 'stderr'] as const;

/** Keeps what the code under test prints, so that it can be shown between the steps. */
export class Output {
  #text = '';
  #restore: (() => void)[] = [];

  start(): void {
    if (this.#restore.length > 0) return;
    for (const method of METHODS) {
      const original = console[method];
      console[method] = (...args: unknown[]) => void (this.#text += `${format(...args)}\n`);
      this.#restore.push(() => (console[method] = original));
    }
    for (const name of STREAMS) {
      const stream = process[name];
      const original = stream.write;
      stream.write = ((chunk: string | Uint8Array) => {
        this.#text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
        return true;
      }) as typeof stream.write;
      this.#restore.push(() => (stream.write = original));
    }
  }

  /** What was printed since the last call. */
  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  stop(): void {
    for (const restore of this.#restore.splice(0)) restore();
  }
}
