import type { ComponentChildren, JSX } from 'preact';
import { linkTo, type View } from './state.ts';
import { lineAt } from './sources.ts';
import { milliseconds, notes, what } from './trace.ts';

/** More steps than these that one step wakes are counted. */
const MOST_WOKEN = 8;

/** Everything about the step that is looked at. */
export function Detail({ view }: { view: View }): JSX.Element {
  const trace = view.trace!;
  const { step, schedule, go, data } = view;
  const one = trace.at(step);
  const { names, more } = trace.othersAt(step);
  const woken = trace.wokenBy(step);
  const code = lineAt(data.sources, one.site)?.trim();
  return (
    <section class="detail" aria-label="Step">
      <div class="controls">
        <button type="button" onClick={() => go({ step: step - 1 })} disabled={step === 0} aria-label="Previous step">
          ←
        </button>
        <h2 aria-live="polite">
          Step {step} <span class="quiet">of {trace.length - 1}</span>
        </h2>
        <button
          type="button"
          onClick={() => go({ step: step + 1 })}
          disabled={step === trace.length - 1}
          aria-label="Next step"
        >
          →
        </button>
        <span class="grow" />
        <a href={linkTo({ test: view.test, schedule, step })}>Link</a>
      </div>
      <dl>
        <Fact name="Task">
          <b>{one.task}</b> {what(one)}
        </Fact>
        {one.site !== undefined && (
          <Fact name="Where">
            <code>{one.site}</code>
            {code !== undefined && <pre tabIndex={0}>{code}</pre>}
          </Fact>
        )}
        <Fact name="Virtual time">{milliseconds(one.time)}</Fact>
        {step > 0 && (
          <Fact name="Asked for by">
            <Jump view={view} step={one.created} />
          </Fact>
        )}
        {step > 0 && one.settled !== one.created && (
          <Fact name="Woken by">
            <Jump view={view} step={one.settled} />
          </Fact>
        )}
        {woken.length > 0 && (
          <Fact name="Wakes">
            {woken.slice(0, MOST_WOKEN).map((next) => (
              <Jump key={next} view={view} step={next} />
            ))}
            {woken.length > MOST_WOKEN && <span class="quiet"> and {woken.length - MOST_WOKEN} more</span>}
          </Fact>
        )}
        {names.length > 0 && (
          <Fact name="Could have run">
            <ul>
              {names.map((name) => (
                <li key={name}>{name}</li>
              ))}
              {more > 0 && <li class="quiet">and {more} more</li>}
            </ul>
          </Fact>
        )}
        {(one.deviation || notes(one, trace).length > 0) && (
          <Fact name="Notes">{[...(one.deviation ? ['a deviation'] : []), ...notes(one, trace)].join('; ')}</Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Jump({ view, step }: { view: View; step: number }): JSX.Element {
  const one = view.trace!.at(step);
  return (
    <button type="button" class="jump" onClick={() => view.go({ step })}>
      {step} {one.task} {what(one)}
    </button>
  );
}
