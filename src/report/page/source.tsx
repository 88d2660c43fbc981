import { highlight } from 'sugar-high';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageSite, PageTest } from '../page-data.ts';
import { linesOf, placeOf } from './sources.ts';
import type { View } from './state.ts';

/** Lines shown before and after the one that is looked at. */
const AROUND = 150;

/** The file of the step that is looked at, with its awaits marked. */
export function Source({ view }: { view: View }): JSX.Element | null {
  const trace = view.trace!;
  // A step without a place of its own is shown where its task was last.
  let at = view.step;
  const task = trace.taskAt(at);
  while (at > 0 && (trace.taskAt(at) !== task || trace.at(at).site === undefined)) at--;
  const place = placeOf(trace.at(at).site);
  const { sources } = view.data;
  const lines = place === undefined ? undefined : linesOf(sources, place.file);
  if (place === undefined) return null;
  return (
    <section class="source" aria-label="Source">
      <h2>
        <code>{place.file}</code>
      </h2>
      {lines === undefined ? (
        <p class="quiet">The source was not found when the report was written.</p>
      ) : (
        <Lines lines={lines} line={place.line} marks={marksOf(view.current!, place.file)} />
      )}
    </section>
  );
}

function Lines(props: { lines: readonly string[]; line: number; marks: ReadonlyMap<number, PageSite> }): JSX.Element {
  const { lines, line, marks } = props;
  const pane = useRef<HTMLDivElement>(null);
  const first = Math.max(0, Math.floor((line - 1) / AROUND - 1) * AROUND);
  const last = Math.min(lines.length, first + 3 * AROUND);
  const coloured = useMemo(
    () => highlight(lines.slice(first, last).join('\n'), { lang: 'typescript' }).split('\n'),
    [lines, first, last],
  );
  useEffect(() => {
    const current = pane.current!.querySelector<HTMLElement>('.on');
    if (current === null) return;
    const { scrollTop, clientHeight } = pane.current!;
    const isSeen = current.offsetTop >= scrollTop && current.offsetTop + 20 <= scrollTop + clientHeight;
    if (!isSeen) pane.current!.scrollTop = current.offsetTop - clientHeight / 2;
  }, [line, lines]);
  return (
    <div ref={pane} class="pane" tabIndex={0} role="group" aria-label="Source lines">
      {coloured.map((html, i) => {
        const number = first + i + 1;
        const mark = marks.get(number);
        return (
          <div key={number} class={number === line ? 'line on' : 'line'}>
            <span class="mark" title={mark === undefined ? '' : told(mark)}>
              {mark === undefined ? '' : mark.straddled > 0 ? '●' : '○'}
            </span>
            <span class="number">{number}</span>
            <code dangerouslySetInnerHTML={{ __html: html }} />
            {mark !== undefined && <small class={mark.straddled > 0 ? 'quiet' : 'never'}>{told(mark)}</small>}
          </div>
        );
      })}
    </div>
  );
}

function marksOf({ sites }: PageTest, file: string): Map<number, PageSite> {
  const marks = new Map<number, PageSite>();
  for (const site of sites) {
    const place = placeOf(site.place);
    if (place?.file === file) marks.set(place.line, site);
  }
  return marks;
}

function told({ straddled, executions }: PageSite): string {
  return straddled === 0 ? `never straddled, ${executions} executions` : `straddled in ${straddled} of ${executions}`;
}
