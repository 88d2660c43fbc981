import { useEffect } from 'preact/hooks';
import type { View } from './state.ts';

/** Steps by keyboard, wherever the focus is but in a field. */
export function useKeys(view: View, help: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target as HTMLElement;
      if (target.matches('input, select, textarea')) {
        if (event.key === 'Escape') target.blur();
        return;
      }
      if (!isHandled(event.key, view, help)) return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
}

function isHandled(key: string, view: View, help: () => void): boolean {
  const { trace, step, schedule, traces, current, data, test, go } = view;
  if (key === '?') return (help(), true);
  if (key === '/') {
    const filter = document.querySelector<HTMLInputElement>('#filter');
    filter?.focus();
    return filter !== null;
  }
  if (key === 't') {
    const failed = (at: number): boolean => data.tests[at]?.failure !== undefined;
    const places = data.tests.map((_, i) => (test + 1 + i) % data.tests.length);
    const next = places.find(failed);
    if (next !== undefined) go({ test: next });
    return true;
  }
  if (trace === undefined || traces === undefined) return false;
  const pair = traces.pair?.[schedule];
  const to = (next: number | undefined): boolean => {
    if (next !== undefined && next >= 0 && next < trace.length) go({ step: next });
    return true;
  };
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
    case 'j':
      return to(step + 1);
    case 'ArrowLeft':
    case 'ArrowUp':
    case 'k':
      return to(step - 1);
    case 'PageDown':
      return to(Math.min(step + 20, trace.length - 1));
    case 'PageUp':
      return to(Math.max(step - 20, 0));
    case 'Home':
      return to(0);
    case 'End':
      return to(trace.length - 1);
    case 'd':
      return to(pair === undefined ? undefined : step === pair.second && pair.first >= 0 ? pair.first : pair.second);
    case 'x':
      return to(current?.failure?.difference);
    case 'n':
      return to(deviation(view, 1));
    case 'p':
      return to(deviation(view, -1));
    case 's':
      if (traces.passing !== undefined) go({ schedule: schedule === 'failing' ? 'passing' : 'failing' });
      return true;
    default:
      return false;
  }
}

function deviation({ trace, step }: View, by: 1 | -1): number | undefined {
  for (let at = step + by; at >= 0 && at < trace!.length; at += by) if (trace!.deviatesAt(at)) return at;
  return undefined;
}
