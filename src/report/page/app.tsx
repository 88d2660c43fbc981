import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageData, PageTest } from '../page-data.ts';
import { Detail } from './detail.tsx';
import { useKeys } from './keys.ts';
import { Source } from './source.tsx';
import { useView, type View } from './state.ts';
import { Steps } from './steps.tsx';
import { Branches, Health, Sites } from './tables.tsx';
import { Tests } from './tests.tsx';
import { Timeline } from './timeline.tsx';

export function App({ data }: { data: PageData }): JSX.Element {
  const view = useView(data);
  const [help, setHelp] = useState(false);
  useKeys(view, () => setHelp((shown) => !shown));
  const { current } = view;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the test
      </a>
      <header class="top">
        <span class="brand">straddle</span>
        <Verdict verdict={data.verdict} />
        <span class="quiet counts">{summary(data)}</span>
        <span class="grow" />
        <button type="button" onClick={() => setHelp(!help)} aria-expanded={help} aria-controls="keys">
          Keys <kbd>?</kbd>
        </button>
        <Theme />
      </header>
      {help && <Keys />}
      <div class={data.tests.length > 1 ? 'layout' : 'layout single'}>
        {data.tests.length > 1 && <Tests view={view} />}
        <main id="main" tabIndex={-1}>
          {data.problems.map(({ where, message }) => (
            <p class="note" key={where}>
              <code>{where}</code>: {message}
            </p>
          ))}
          {current === undefined ? <p>No test was explored.</p> : <Test view={view} test={current} />}
          <footer class="quiet">
            straddle {data.straddle}, Node {data.node}, <time dateTime={data.writtenAt}>{data.writtenAt}</time>
          </footer>
        </main>
      </div>
    </>
  );
}

function Test({ view, test }: { view: View; test: PageTest }): JSX.Element {
  const { failure } = test;
  const sites = test.sites.length > 0;
  return (
    <>
      <div class="title">
        <h1>{test.name}</h1>
        <p class="quiet">
          <Verdict verdict={test.verdict} /> {test.project === undefined ? '' : `${test.project} · `}
          <code>{test.line === undefined ? test.file : `${test.file}:${test.line}`}</code> · {counts(test)}
        </p>
      </div>
      {test.remark !== undefined && (
        <p class="note">
          <b>{test.remark.kind}</b>: {test.remark.detail}
        </p>
      )}
      {failure !== undefined && <Summary view={view} />}
      {test.verdict === 'pass' && test.certainty !== undefined && <p class="certainty">{test.certainty}</p>}
      {view.trace !== undefined && <Timeline view={view} />}
      <div class="columns">
        {view.trace !== undefined && (
          <>
            <Steps view={view} />
            <div class="side">
              <Detail view={view} />
              <Source view={view} />
            </div>
          </>
        )}
        <div class="more">
          <Health test={test} />
          <Branches test={test} />
          {sites && <Sites view={view} test={test} />}
        </div>
      </div>
    </>
  );
}

function Summary({ view }: { view: View }): JSX.Element {
  const { failure } = view.current!;
  const { traces } = view;
  const { pair, waiting, kind, message, origin, replay, stack } = failure!;
  const who = (step: number): string => {
    const { task, op, kind: opKind } = traces!.failing.at(step);
    return opKind === 'start' ? `${task} starts` : `${task} passes ${op}`;
  };
  const decided = traces?.pair?.failing;
  return (
    <section class="summary" aria-label="What failed">
      <p class="message">
        <b>{kind}</b>: {kind === 'deadlock' && waiting.length > 0 ? 'nothing can run any more' : message}
      </p>
      {pair !== undefined && decided !== undefined && decided.first >= 0 && (
        <p>
          It passes if <mark class="first">{who(decided.first)}</mark> before{' '}
          <mark class="second">{who(decided.second)}</mark> in step {pair.step}.
        </p>
      )}
      <p class="quiet">
        {origin[0]!.toUpperCase() + origin.slice(1)}
        {view.current!.certainty !== undefined && `. ${view.current!.certainty}`}
      </p>
      {waiting.length > 0 && (
        <ul class="waiting">
          {waiting.map(({ task, on, site, heldBy }) => (
            <li key={task}>
              <b>{task}</b> waits on {on}
              {site !== undefined && <code> {site}</code>}
              {heldBy !== undefined && `, held by ${heldBy}`}
            </li>
          ))}
        </ul>
      )}
      <p class="replay">
        <code>{replay}</code>
        <Copy text={replay} />
      </p>
      {stack !== undefined && (
        <details>
          <summary>Stack</summary>
          <pre tabIndex={0}>{stack}</pre>
        </details>
      )}
    </section>
  );
}

function Copy({ text }: { text: string }): JSX.Element {
  const [told, setTold] = useState('Copy');
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setTold('Copied'),
      () => setTold('Select it instead'),
    );
  };
  return (
    <button type="button" onClick={copy} aria-live="polite">
      {told}
    </button>
  );
}

function Verdict({ verdict }: { verdict: string }): JSX.Element {
  return <span class={`verdict ${verdict}`}>{verdict}</span>;
}

function Theme(): JSX.Element {
  const isDark = (): boolean => matchMedia('(prefers-color-scheme: dark)').matches;
  const [theme, setTheme] = useState<'light' | 'dark'>(() => (isDark() ? 'dark' : 'light'));
  const other = theme === 'dark' ? 'light' : 'dark';
  useEffect(() => void (document.documentElement.dataset['theme'] = theme), [theme]);
  return (
    <button type="button" onClick={() => setTheme(other)} aria-label={`Switch to ${other} colours`}>
      {other === 'dark' ? '☾' : '☀'}
    </button>
  );
}

const KEYS: readonly (readonly [string, string])[] = [
  ['→ or j', 'next step'],
  ['← or k', 'previous step'],
  ['Home, End', 'first, last step'],
  ['d', 'the deciding pair; again: the other of the two'],
  ['x', 'the first difference'],
  ['n, p', 'next, previous deviation'],
  ['s', 'the other schedule, failing or passing'],
  ['t', 'next test that failed'],
  ['/', 'filter the steps'],
  ['?', 'these keys'],
];

function Keys(): JSX.Element {
  return (
    <section id="keys" class="keys" aria-label="Keys">
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function summary({ tests, problems, complete }: PageData): string {
  const failed = tests.filter(({ verdict, remark }) => verdict === 'fail' && remark === undefined).length;
  const vacuous = tests.filter(({ verdict, remark }) => verdict === 'vacuous' && remark === undefined).length;
  const parts = [`${tests.length} test${tests.length === 1 ? '' : 's'}`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (vacuous > 0) parts.push(`${vacuous} vacuous`);
  if (problems.length > 0) parts.push(`${problems.length} problem${problems.length === 1 ? '' : 's'} outside of tests`);
  if (!complete) parts.push('ended early');
  return parts.join(', ');
}

function counts({ executions, distinct, strategy, seed, exhaustive }: PageTest): string {
  const many = (n: number): string => n.toLocaleString('en');
  const how = exhaustive ? 'every schedule within the bounds' : `${many(distinct)} distinct`;
  return `${many(executions)} execution${executions === 1 ? '' : 's'}, ${how}, ${strategy}, seed ${seed}`;
}

/** The fragment of the address is the step's; the focus is moved by hand. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')!.focus();
}
