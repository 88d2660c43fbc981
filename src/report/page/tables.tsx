import type { JSX } from 'preact';
import type { PageBranch, PageTest } from '../page-data.ts';
import type { View } from './state.ts';

/** How often each branch was passed, with the interval that the executions support. */
export function Branches({ test }: { test: PageTest }): JSX.Element | null {
  if (test.branches.length === 0) return null;
  return (
    <section aria-label="Branches">
      <h2>Branches</h2>
      <div class="table" tabIndex={0} role="group" aria-label="Table of branches">
        <table>
          <thead>
            <tr>
              <th scope="col">Branch</th>
              <th scope="col" class="figure">
                Seen in
              </th>
              <th scope="col" class="figure">
                Share
              </th>
              <th scope="col">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {test.branches.map((branch) => (
              <tr key={branch.label} class={branch.executions === 0 ? 'never' : ''}>
                <th scope="row">{branch.label}</th>
                <td class="figure">
                  {branch.executions} of {test.executions}
                </td>
                <td class="figure">{percent(branch.share)}</td>
                <td>
                  <Interval branch={branch} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Interval({ branch: { low, high, share } }: { branch: PageBranch }): JSX.Element {
  return (
    <span class="interval">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <line class="rule" x1={0} x2={100} y1={5} y2={5} />
        <rect x={100 * low} width={Math.max(1, 100 * (high - low))} y={2} height={6} />
        <line class="share" x1={100 * share} x2={100 * share} y1={0} y2={10} />
      </svg>
      <span>{low === high ? 'exact' : `${percent(low)} to ${percent(high)}`}</span>
    </span>
  );
}

/** Points and awaits, those that were never straddled first. */
export function Sites({ view, test }: { view: View; test: PageTest }): JSX.Element {
  const hasPlaces = test.sites.some(({ place }) => place !== undefined);
  const sites = test.sites.toSorted((a, b) => a.straddled / a.executions - b.straddled / b.executions);
  const show = (site: string): void => {
    const { trace } = view;
    for (let step = 0; trace !== undefined && step < trace.length; step++) {
      if (trace.at(step).op === site) return view.go({ step });
    }
  };
  return (
    <section aria-label="Awaits and points">
      <h2>Awaits and points</h2>
      <div class="table" tabIndex={0} role="group" aria-label="Table of awaits and points">
        <table>
          <thead>
            <tr>
              <th scope="col">Site</th>
              <th scope="col" class="figure">
                Straddled in
              </th>
              {hasPlaces && <th scope="col">Where</th>}
            </tr>
          </thead>
          <tbody>
            {sites.map(({ site, place, executions, straddled }) => (
              <tr key={site} class={straddled === 0 ? 'never' : ''}>
                <th scope="row">
                  {view.trace === undefined ? (
                    site
                  ) : (
                    <button type="button" class="jump" onClick={() => show(site)}>
                      {site}
                    </button>
                  )}
                </th>
                <td class="figure">
                  {straddled === 0 ? `never, ${executions} executions` : `${straddled} of ${executions}`}
                </td>
                {hasPlaces && (
                  <td>
                    <code>{place}</code>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Missing evidence, and health checks. */
export function Health({ test }: { test: PageTest }): JSX.Element | null {
  if (test.vacuous.length + test.warnings.length === 0) return null;
  return (
    <section aria-label="Health">
      {test.vacuous.map(({ kind, detail }) => (
        <p key={detail} class="note">
          <b>vacuous, {kind}</b>: {detail}
        </p>
      ))}
      {test.warnings.map(({ name, detail }) => (
        <p key={detail} class="note">
          <b>{name}</b>: {detail}
        </p>
      ))}
    </section>
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 2 : 1)} %`;
}
