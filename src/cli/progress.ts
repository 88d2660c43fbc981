import { SingleBar } from 'cli-progress';

export interface Progress {
  /** @param note what is happening, and what is known so far. */
  to(value: number, now?: { readonly total?: number; readonly executions?: number; readonly note?: string }): void;
  end(): void;
}

/**
 * A bar on standard error with rate and time left; on no terminal, or with `isQuiet`, nothing at all.
 * @param unit what is counted: 'runs', 'tests'. The rate is of executions where those are told.
 * @param total how many there will be, if that is known before the first one has been counted.
 */
export function progressBar(unit: string, isQuiet = false, total?: number): Progress {
  const { stderr } = process;
  if (isQuiet || !stderr.isTTY || process.env['TERM'] === 'dumb') return { to: noShow, end: noShow };
  const bar = new SingleBar({
    format: `{bar} {value} of {total} ${unit}{executions} ({rate} a second), {eta_formatted} left{note}`,
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
  let most = total ?? 0;
  if (total !== undefined) bar.start(total, 0, { executions: '', rate: '–', note: '' });
  return {
    to(value, { total = most, executions, note } = {}) {
      most = Math.max(total, value);
      const rate = (1000 * (executions ?? value)) / Math.max(1, performance.now() - from);
      const told = {
        executions: executions === undefined ? '' : `, ${executions} executions`,
        rate: rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2)),
        note: note === undefined ? '' : `  ${note}`,
      };
      if (!bar.isActive) bar.start(most, value, told);
      bar.setTotal(most);
      bar.update(value, told);
    },
    end: () => bar.stop(),
  };
}

function noShow(): void {
  // Nobody looks.
}
