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
    format: `{bar} {value} of {total} ${unit}{executions} ({rate} a second), {left} left{note}`,
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
  if (total !== undefined) bar.start(total, 0, { executions: '', rate: '–', left: '–', note: '' });
  return {
    to(value, { total = most, executions, note } = {}) {
      most = Math.max(total, value);
      const elapsedMs = Math.max(1, performance.now() - from);
      const rate = (1000 * (executions ?? value)) / elapsedMs;
      const told = {
        executions: executions === undefined ? '' : `, ${executions} executions`,
        rate: rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2)),
        // The bar's own estimate is of the last few steps only, and has none after the first.
        left: value === 0 ? '–' : duration((elapsedMs / value) * (most - value)),
        note: note === undefined ? '' : `  ${note}`,
      };
      if (!bar.isActive) bar.start(most, value, told);
      bar.setTotal(most);
      bar.update(value, told);
    },
    end: () => bar.stop(),
  };
}

/** `45s`, `3m05s`, `1h02m`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`;
}

function noShow(): void {
  // Nobody looks.
}
