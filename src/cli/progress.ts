import { SingleBar } from 'cli-progress';

export interface Progress {
  /** @param note what is happening, and what is known so far. */
  to(value: number, note?: string): void;
  end(): void;
}

/**
 * A bar on standard error with rate and time left; on no terminal, or with `isQuiet`, nothing at all.
 * @param unit what is counted: 'runs', 'executions'.
 */
export function progressBar(total: number, unit: string, isQuiet = false): Progress {
  const { stderr } = process;
  if (isQuiet || !stderr.isTTY || process.env['TERM'] === 'dumb') return { to: noShow, end: noShow };
  const bar = new SingleBar({
    format: `{bar} {value}/{total} ${unit}  {rate}/s  {eta_formatted} left  {note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: false,
    gracefulExit: false,
    stream: stderr,
  });
  const from = performance.now();
  bar.start(total, 0, { note: '', rate: '–' });
  return {
    to(value, note = '') {
      const rate = (1000 * value) / Math.max(1, performance.now() - from);
      bar.setTotal(Math.max(total, value));
      bar.update(value, { note, rate: rate.toPrecision(2) });
    },
    end: () => bar.stop(),
  };
}

function noShow(): void {
  // Nobody looks.
}
