import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { View } from './state.ts';
import { milliseconds, notes, what, type PageTrace } from './trace.ts';
import { useMedia, useSeen } from './window.ts';

interface Filter {
  readonly text: string;
  readonly task: string;
  readonly only: 'all' | 'deviations' | 'choices' | 'holds';
}

/** The steps in words; drawn as far as they are seen. */
export function Steps({ view }: { view: View }): JSX.Element {
  const trace = view.trace!;
  const { traces, schedule, step, go } = view;
  const [filter, setFilter] = useState<Filter>({ text: '', task: '', only: 'all' });
  const rows = useMemo(() => matching(trace, filter), [trace, filter]);
  const size = useMedia('(max-width: 700px)') ? 58 : 30;
  const list = useRef<HTMLDivElement>(null);
  const seen = useSeen(list);
  const at = rows === undefined ? step : rows.indexOf(step);
  const count = rows?.length ?? trace.length;
  useEffect(() => {
    const element = list.current!;
    if (at < 0) return;
    const top = at * size;
    if (top >= element.scrollTop && top + size <= element.scrollTop + element.clientHeight) return;
    element.scrollTop = Math.max(0, top - element.clientHeight / 2 + size / 2);
  }, [at, size, trace]);
  const from = Math.max(0, Math.floor(seen.top / size) - 6);
  const to = Math.min(count, Math.ceil((seen.top + seen.height) / size) + 6);
  const drawn = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  const pair = traces!.pair?.[schedule];
  return (
    <section class="steps" aria-label="Steps">
      <div class="controls">
        <h2>Steps</h2>
        {traces!.passing !== undefined && (
          <div class="tabs" role="group" aria-label="Schedule">
            {(['failing', 'passing'] as const).map((name) => (
              <button key={name} type="button" aria-pressed={schedule === name} onClick={() => go({ schedule: name })}>
                {name === 'failing' ? 'Failing' : 'Nearest passing'}
              </button>
            ))}
          </div>
        )}
        <span class="grow" />
        <span class="quiet" role="status">
          {rows === undefined ? `${count.toLocaleString('en')} steps` : `${count} of ${trace.length}`}
        </span>
      </div>
      <div class="controls">
        <input
          id="filter"
          type="search"
          placeholder="Filter  /"
          aria-label="Filter steps by task, operation or file"
          value={filter.text}
          onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
        />
        <select
          aria-label="Task"
          value={filter.task}
          onChange={(event) => setFilter({ ...filter, task: event.currentTarget.value })}
        >
          <option value="">every task</option>
          {trace.tasks.map((task) => (
            <option key={task}>{task}</option>
          ))}
        </select>
        <select
          aria-label="Which steps"
          value={filter.only}
          onChange={(event) => setFilter({ ...filter, only: event.currentTarget.value as Filter['only'] })}
        >
          <option value="all">all steps</option>
          <option value="deviations">deviations</option>
          <option value="choices">choices</option>
          <option value="holds">holds</option>
        </select>
      </div>
      <div
        ref={list}
        class="list"
        role="listbox"
        tabIndex={0}
        aria-label={`Steps of the ${schedule} schedule`}
        {...(at >= from && at < to ? { 'aria-activedescendant': `step-${step}` } : {})}
      >
        <div role="presentation" style={{ height: `${count * size}px`, position: 'relative' }}>
          {drawn.map((row) => {
            const shown = rows === undefined ? row : rows[row]!;
            const role = shown === pair?.first ? 'first' : shown === pair?.second ? 'second' : undefined;
            return (
              <Row
                key={shown}
                trace={trace}
                step={shown}
                top={row * size}
                height={size}
                isHere={shown === step}
                role={role}
                place={{ row, count }}
                pick={() => go({ step: shown })}
              />
            );
          })}
        </div>
        {count === 0 && <p class="quiet">No step matches.</p>}
      </div>
    </section>
  );
}

interface RowProps {
  readonly trace: PageTrace;
  readonly step: number;
  readonly top: number;
  readonly height: number;
  readonly isHere: boolean;
  readonly role: 'first' | 'second' | undefined;
  readonly place: { readonly row: number; readonly count: number };
  pick(): void;
}

function Row({ trace, step, top, height, isHere, role, place, pick }: RowProps): JSX.Element {
  const one = trace.at(step);
  const remarks = notes(one, trace);
  return (
    <div
      id={`step-${step}`}
      role="option"
      aria-selected={isHere}
      aria-posinset={place.row + 1}
      aria-setsize={place.count}
      class={['row', one.deviation && 'deviates', isHere && 'on'].filter(Boolean).join(' ')}
      style={{ top: `${top}px`, height: `${height}px` }}
      onClick={pick}
    >
      <span class="number">
        {one.deviation ? '*' : ''}
        {step}
      </span>
      <span class="task">
        <span class={`square c${trace.laneAt(step) % 8}`} />
        {one.task}
      </span>
      <span class="what">
        {role !== undefined && <b class={`tag ${role}`}>{role === 'first' ? 'A' : 'B'}</b>}
        {what(one)}
        {remarks.length > 0 && <span class="quiet"> ({remarks.join('; ')})</span>}
      </span>
      <span class="site" title={one.site}>
        {one.site?.replace(/^.*[/\\]/, '')}
      </span>
      <span class="time">{milliseconds(one.time)}</span>
    </div>
  );
}

/** The steps that a filter lets through; undefined without one. */
function matching(trace: PageTrace, { text, task, only }: Filter): number[] | undefined {
  if (text === '' && task === '' && only === 'all') return undefined;
  const wanted = text.toLowerCase();
  const rows: number[] = [];
  for (let step = 0; step < trace.length; step++) {
    if (task !== '' && trace.taskAt(step) !== task) continue;
    if (only === 'deviations' && !trace.deviatesAt(step)) continue;
    if (only === 'choices' && trace.othersAt(step).names.length === 0) continue;
    const one = trace.at(step);
    if (only === 'holds' && !(one.kind === 'point' && one.settled > one.created)) continue;
    if (wanted !== '' && !`${one.task} ${what(one)} ${one.site ?? ''}`.toLowerCase().includes(wanted)) continue;
    rows.push(step);
  }
  return rows;
}
