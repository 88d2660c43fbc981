import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Lanes } from './lanes.ts';
import type { Zoom } from './panel.tsx';
import type { View } from './state.ts';
import type { Seen } from './window.ts';

const HEIGHT = 36;

/** The whole of a long schedule at a glance; a click goes there. */
export function Minimap(props: { view: View; lanes: Lanes; seen: Seen; zoom: Zoom }): JSX.Element {
  const { view, lanes, seen, zoom } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const trace = view.trace!;
  const width = Math.max(1, Math.round(seen.width));
  useEffect(() => {
    const element = canvas.current!;
    const scale = devicePixelRatio;
    element.width = width * scale;
    element.height = HEIGHT * scale;
    const pen = element.getContext('2d')!;
    const colours = getComputedStyle(element);
    const rows = lanes.names.length;
    const size = (HEIGHT * scale) / rows;
    const column = Math.max(1, (width * scale) / trace.length);
    for (let step = 0; step < trace.length; step++) {
      const task = trace.taskAt(step);
      const x = (step / trace.length) * width * scale;
      pen.fillStyle = colours.getPropertyValue(trace.deviatesAt(step) ? '--accent' : `--c${lanes.colourOf(task)}`);
      pen.fillRect(x, lanes.rowOf(task) * size, column, Math.max(1, size - 1));
    }
  }, [trace, lanes, width]);
  const share = (px: number): string => `${(100 * px) / (trace.length * zoom.width)}%`;
  const pick = (event: MouseEvent): void => {
    const box = canvas.current!.getBoundingClientRect();
    view.go({ step: Math.floor(((event.clientX - box.left) / box.width) * trace.length) });
  };
  return (
    <div class="minimap" aria-hidden="true" onClick={pick}>
      <canvas ref={canvas} style={{ height: `${HEIGHT}px` }} />
      <span class="seen" style={{ left: share(seen.left), width: share(seen.width) }} />
    </div>
  );
}
