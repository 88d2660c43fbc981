import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { View } from './state.ts';

const SHOWN = ['all', 'fail', 'vacuous', 'pass'] as const;
/** A list longer than this is shortened until it is filtered. */
const MOST = 300;

/** The tests of the report, to pick one. */
export function Tests({ view }: { view: View }): JSX.Element {
  const [text, setText] = useState('');
  const [shown, setShown] = useState<(typeof SHOWN)[number]>('all');
  const { tests } = view.data;
  const wanted = text.toLowerCase();
  const matching = tests
    .map((test, at) => ({ test, at }))
    .filter(({ test }) => shown === 'all' || test.verdict === shown)
    .filter(({ test }) => `${test.name} ${test.file}`.toLowerCase().includes(wanted));
  return (
    <nav class="tests" aria-label="Tests">
      <details open={innerWidth > 700}>
        <summary>
          {matching.length} of {tests.length} tests
        </summary>
        <div class="controls">
          <input
            type="search"
            placeholder="Filter tests"
            aria-label="Filter tests"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <select
            aria-label="Verdict"
            value={shown}
            onChange={(event) => setShown(event.currentTarget.value as typeof shown)}
          >
            {SHOWN.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </div>
        <ul>
          {matching.slice(0, MOST).map(({ test, at }) => (
            <li key={at}>
              <button type="button" aria-current={at === view.test} onClick={() => view.go({ test: at })}>
                <span class={`dot ${test.remark === undefined ? test.verdict : 'remark'}`} aria-hidden="true" />
                <span>
                  <span class="hidden">{test.verdict}: </span>
                  {test.name}
                  <small class="quiet">
                    {test.remark === undefined ? test.file : `${test.remark.kind} · ${test.file}`}
                  </small>
                </span>
              </button>
            </li>
          ))}
        </ul>
        {matching.length > MOST && <p class="quiet">{matching.length - MOST} more; filter to see them.</p>}
      </details>
    </nav>
  );
}
