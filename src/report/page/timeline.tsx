import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { lanesOf, type Lanes } from './lanes.ts';
import { Minimap } from './minimap.tsx';
import { Panel, AXIS, ROOM, type Zoom } from './panel.tsx';
import type { ScheduleName, View } from './state.ts';
import { useMedia, useSeen } from './window.ts';

const ZOOMS = {
  wide: { name: 'wide', width: 176, height: 50 },
  medium: { name: 'medium', width: 76, height: 34 },
  narrow: { name: 'narrow', width: 18, height: 22 },
} as const satisfies Record<string, Zoom>;
type ZoomName = keyof typeof ZOOMS;
/** Steps of a schedule that is looked at from afar. */
const MANY = 400;

/** The two schedules one above the other, a lane per task, the same step at the same place. */
export function Timeline({ view }: { view: View }): JSX.Element {
  const traces = view.traces!;
  const { failing, passing } = traces;
  const room = view.current!.failure!.waiting.length > 0 ? ROOM : 0;
  const length = Math.max(failing.length + room, passing?.length ?? 0);
  const isPhone = useMedia('(max-width: 700px)');
  const [zoomName, setZoom] = useState<ZoomName>(() => {
    if (length > MANY) return 'narrow';
    return length * ZOOMS.wide.width > 3 * innerWidth ? 'medium' : 'wide';
  });
  const [all, setAll] = useState(false);
  const zoom = ZOOMS[zoomName];
  const labels = isPhone ? 78 : 132;
  const lanes = useMemo(() => lanesOf(traces, view.current!, all), [traces, all]);
  const scroller = useRef<HTMLDivElement>(null);
  const seen = useSeen(scroller);
  useFollow(scroller, view, zoom, labels);
  const range = {
    from: Math.max(0, Math.floor(seen.left / zoom.width) - 2),
    to: Math.ceil((seen.left + seen.width) / zoom.width) + 2,
  };
  const panels: readonly ScheduleName[] = passing === undefined ? ['failing'] : ['failing', 'passing'];
  return (
    <section class="timeline" aria-label="Timeline">
      <div class="controls">
        <h2>Timeline</h2>
        <span class="grow" />
        <Jumps view={view} />
        {(lanes.folded > 0 || all) && (
          <button type="button" aria-pressed={all} onClick={() => setAll(!all)}>
            All lanes
          </button>
        )}
        <label>
          Zoom{' '}
          <select value={zoomName} onChange={(event) => setZoom(event.currentTarget.value as ZoomName)}>
            {Object.keys(ZOOMS).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      {length * zoom.width > 2 * seen.width && <Minimap view={view} lanes={lanes} seen={seen} zoom={zoom} />}
      <div
        ref={scroller}
        class="scroller"
        tabIndex={0}
        role="group"
        aria-label="Swim lanes of the schedules; the steps below tell the same in words"
      >
        <div class="canvas" style={{ width: `${labels + length * zoom.width}px` }}>
          {panels.map((schedule) => (
            <Panel
              key={schedule}
              view={view}
              schedule={schedule}
              lanes={lanes}
              zoom={zoom}
              labels={labels}
              range={range}
            />
          ))}
        </div>
      </div>
      <Legend lanes={lanes} hasPassing={passing !== undefined} />
    </section>
  );
}

function Jumps({ view }: { view: View }): JSX.Element {
  const { traces, schedule, current, go } = view;
  const pair = traces!.pair?.[schedule];
  const difference = current!.failure!.difference;
  return (
    <>
      {pair !== undefined && (
        <button type="button" onClick={() => go({ step: pair.second })}>
          Deciding pair
        </button>
      )}
      {difference !== undefined && (
        <button type="button" onClick={() => go({ step: difference })}>
          First difference
        </button>
      )}
    </>
  );
}

function Legend({ lanes, hasPassing }: { lanes: Lanes; hasPassing: boolean }): JSX.Element {
  return (
    <ul class="legend quiet">
      <li>
        <span class="swatch deviates" /> deviation
      </li>
      <li>
        <span class="swatch straddles" /> waits while others run
      </li>
      <li>
        <span class="swatch holds" /> held
      </li>
      <li>
        <span class="swatch wakes" /> wakes
      </li>
      {hasPassing && (
        <li>
          <span class="swatch differs" /> first difference
        </li>
      )}
      {lanes.folded > 0 && <li>{lanes.folded} tasks that decide nothing share a lane</li>}
    </ul>
  );
}

/** Keeps the step that is looked at in sight. */
function useFollow(
  scroller: { readonly current: HTMLDivElement | null },
  { step, test, schedule }: View,
  zoom: Zoom,
  labels: number,
): void {
  useEffect(() => {
    const element = scroller.current!;
    const left = step * zoom.width;
    const room = element.clientWidth - labels;
    const isSeen = left >= element.scrollLeft && left + zoom.width <= element.scrollLeft + room;
    if (!isSeen) element.scrollLeft = Math.max(0, left - room / 2 + zoom.width / 2);
    const panel = element.querySelector<HTMLElement>(`[data-schedule=${schedule}]`);
    if (panel === null) return;
    const isBelow = panel.offsetTop + AXIS > element.scrollTop + element.clientHeight;
    if (isBelow || panel.offsetTop + panel.offsetHeight < element.scrollTop) element.scrollTop = panel.offsetTop;
  }, [step, test, schedule, zoom, labels]);
}
