import type { JSX } from 'preact';
import type { Lanes } from './lanes.ts';
import { lineAt } from './sources.ts';
import type { Pair, ScheduleName, View } from './state.ts';
import { milliseconds, what, type PageStep, type PageTrace } from './trace.ts';

export interface Zoom {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** Height of the axis of virtual time above the lanes. */
export const AXIS = 20;
/** Between a step and the next. */
const GAP = 4;
const LETTER = 6.3;
/** Steps' width after the last one, to say what those wait on that never ran again. */
export const ROOM = 3;

interface PanelProps {
  readonly view: View;
  readonly schedule: ScheduleName;
  readonly lanes: Lanes;
  readonly zoom: Zoom;
  /** Width of the lanes' names. */
  readonly labels: number;
  readonly range: { readonly from: number; readonly to: number };
}

/** One schedule: its lanes, and of its steps those that are seen. */
export function Panel({ view, schedule, lanes, zoom, labels, range }: PanelProps): JSX.Element {
  const trace = view.traces![schedule]!;
  const isCurrent = schedule === view.schedule;
  const height = AXIS + lanes.names.length * zoom.height;
  const ends = trace.length + (view.current!.failure!.waiting.length > 0 ? ROOM : 0);
  const to = Math.min(range.to, ends);
  const draw = new Drawing(view, trace, lanes, zoom);
  const steps: number[] = [];
  for (let step = range.from; step < Math.min(to, trace.length); step++) steps.push(step);
  const { difference } = view.current!.failure!;
  const pair = view.traces!.pair?.[schedule];
  const pick = (event: MouseEvent): void => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const step = range.from + Math.floor((event.clientX - box.left) / zoom.width);
    if (step < trace.length) view.go({ schedule, step });
  };
  return (
    <div class={isCurrent ? 'panel current' : 'panel'} data-schedule={schedule}>
      <div class="labels" style={{ width: `${labels}px` }}>
        <div class={`which ${schedule}`} style={{ height: `${AXIS}px` }}>
          {schedule === 'failing' ? 'Failing' : 'Nearest passing'}
        </div>
        {lanes.names.map((name) => (
          <div key={name} class="lane" style={{ height: `${zoom.height}px` }} title={name}>
            <span class={`square c${lanes.colourOf(name)}`} />
            <LaneName name={name} />
          </div>
        ))}
      </div>
      <svg
        aria-hidden="true"
        style={{ left: `${labels + range.from * zoom.width}px` }}
        width={Math.max(0, to - range.from) * zoom.width}
        height={height}
        viewBox={`${range.from * zoom.width} 0 ${Math.max(0, to - range.from) * zoom.width} ${height}`}
        onClick={pick}
      >
        {lanes.names.map((name, row) => (
          <line
            key={name}
            class="rule"
            x1={range.from * zoom.width}
            x2={to * zoom.width}
            y1={AXIS + row * zoom.height}
            y2={AXIS + row * zoom.height}
          />
        ))}
        {difference !== undefined && (
          <rect class="band" x={difference * zoom.width} y={0} width={zoom.width} height={height} />
        )}
        {isCurrent && <rect class="here" x={view.step * zoom.width} y={0} width={zoom.width} height={height} />}
        {schedule === 'failing' &&
          view.current!.failure!.waiting.map(({ task, on }) => draw.stuck(task, on, range.to * zoom.width))}
        {steps.map((step) => draw.wait(step))}
        {steps.map((step) =>
          draw.edge(step, isCurrent && (step === view.step || trace.edgesAt(step).settled === view.step)),
        )}
        {steps.map((step) => draw.time(step))}
        {steps.map((step) => draw.step(step, isCurrent && step === view.step, pair))}
      </svg>
    </div>
  );
}

/** Where there is no room it loses letters before its number: tasks of one name are told apart by that. */
function LaneName({ name }: { name: string }): JSX.Element {
  const [, stem = name, number = ''] = /^(.+?)([#/][#/\d]*)?$/.exec(name) ?? [];
  return (
    <>
      <span class="stem">{stem}</span>
      <span class="number">{number}</span>
    </>
  );
}

class Drawing {
  readonly #view: View;
  readonly #trace: PageTrace;
  readonly #lanes: Lanes;
  readonly #zoom: Zoom;

  constructor(view: View, trace: PageTrace, lanes: Lanes, zoom: Zoom) {
    this.#view = view;
    this.#trace = trace;
    this.#lanes = lanes;
    this.#zoom = zoom;
  }

  /** From when the resumption was asked for until it ran; what a gate held of it is drawn apart. */
  wait(step: number): JSX.Element | null {
    const { created, settled } = this.#trace.edgesAt(step);
    if (step === 0 || step <= created + 1) return null;
    const { kind } = this.#trace.at(step);
    const y = this.#middle(step);
    const end = step * this.#zoom.width + GAP;
    const isHeld = kind === 'point' && settled > created;
    const isAsleep = kind === 'timer' || kind === 'sleep';
    const shape = isAsleep ? 'asleep' : kind === 'start' ? 'unborn' : 'straddles';
    const held = isHeld ? (settled + 1) * this.#zoom.width - GAP : 0;
    return (
      <g key={`w${step}`}>
        <line class={`wait ${shape}`} x1={isHeld ? held : this.#right(created)} x2={end} y1={y} y2={y} />
        {isHeld && <line class="wait holds" x1={this.#right(created)} x2={held} y1={y} y2={y} />}
      </g>
    );
  }

  /** From the last step of a task that never ran again. */
  stuck(task: string, on: string, end: number): JSX.Element | null {
    let last = this.#trace.length - 1;
    while (last >= 0 && this.#trace.taskAt(last) !== task) last--;
    const row = this.#lanes.rowOf(task);
    const y = AXIS + (row + 0.5) * this.#zoom.height;
    const from = last < 0 ? 0 : this.#right(last);
    return (
      <g key={`s${task}`}>
        <line class="wait stuck" x1={from} x2={end} y1={y} y2={y} />
        {this.#zoom.name !== 'narrow' && (
          <text class="stuck" x={this.#trace.length * this.#zoom.width + GAP} y={y - 5}>
            {cut(`waits on ${on}`, Math.floor((ROOM * this.#zoom.width) / LETTER))}
          </text>
        )}
      </g>
    );
  }

  /** The wake-up: from the step that settled what this one waited for. */
  edge(step: number, isStrong: boolean): JSX.Element | null {
    const { settled } = this.#trace.edgesAt(step);
    if (step === 0 || (!isStrong && this.#row(settled) === this.#row(step))) return null;
    const [x1, y1] = [this.#right(settled), this.#middle(settled)];
    const [x2, y2] = [step * this.#zoom.width + GAP, this.#middle(step)];
    const bend = Math.max(10, Math.min(60, (x2 - x1) / 2));
    const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
    return <path key={`e${step}`} class={isStrong ? 'wake strong' : 'wake'} d={path} />;
  }

  /** Virtual time, where it has changed. */
  time(step: number): JSX.Element | null {
    const { time } = this.#trace.at(step);
    if (step > 0 && this.#trace.at(step - 1).time === time) return null;
    return (
      <text key={`t${step}`} class="time" x={step * this.#zoom.width + GAP} y={AXIS - 6}>
        {milliseconds(time)}
      </text>
    );
  }

  step(step: number, isHere: boolean, pair: Pair | undefined): JSX.Element {
    const { name, width, height } = this.#zoom;
    const one = this.#trace.at(step);
    const x = step * width + GAP;
    const y = AXIS + this.#row(step) * height + GAP;
    const role = step === pair?.first ? 'first' : step === pair?.second ? 'second' : undefined;
    const classes = ['step', `c${this.#lanes.colourOf(one.task)}`, role, one.deviation && 'deviates', isHere && 'on'];
    return (
      <g key={step} class={classes.filter(Boolean).join(' ')}>
        <rect x={x} y={y} width={width - 2 * GAP} height={height - 2 * GAP} rx={4} />
        {name !== 'narrow' && this.#words(one, x, y)}
        {role !== undefined && this.#badge(role, x, y)}
      </g>
    );
  }

  #words(step: PageStep, x: number, y: number): JSX.Element {
    const { name, width, height } = this.#zoom;
    const letters = Math.floor((width - 2 * GAP - 12) / LETTER);
    if (name === 'medium') {
      return (
        <text x={x + 6} y={y + height / 2 - GAP + 4}>
          {cut(what(step), letters)}
        </text>
      );
    }
    const line = lineAt(this.#view.data.sources, step.site)?.trim() ?? step.site ?? '';
    return (
      <>
        <text x={x + 6} y={y + 17}>
          {cut(what(step), letters)}
        </text>
        <text class="code" x={x + 6} y={y + 33}>
          {cut(line, letters)}
        </text>
      </>
    );
  }

  #badge(role: 'first' | 'second', x: number, y: number): JSX.Element {
    const right = x + this.#zoom.width - 2 * GAP;
    return (
      <>
        <circle class={`badge ${role}`} cx={right - 3} cy={y + 3} r={8} />
        <text class="letter" x={right - 3} y={y + 7}>
          {role === 'first' ? 'A' : 'B'}
        </text>
      </>
    );
  }

  #row(step: number): number {
    return this.#lanes.rowOf(this.#trace.taskAt(step));
  }

  #middle(step: number): number {
    return AXIS + (this.#row(step) + 0.5) * this.#zoom.height;
  }

  #right(step: number): number {
    return (step + 1) * this.#zoom.width - GAP;
  }
}

function cut(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, letters - 1))}…`;
}
