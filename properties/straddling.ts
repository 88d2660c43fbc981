import type { Labels } from '../scheduler/schedule.ts';
import { placeNamed } from '../scheduler/site-names.ts';
import type { Trace } from '../scheduler/trace.ts';
import type { SiteCount } from './report.ts';

interface Site {
  executions: number;
  straddled: number;
  lastReached: number;
  lastStraddled: number;
}

/**
 * In how many executions each site (a point or an instrumented await) was reached, and in how many it was
 * straddled: another task ran a step between its suspension and its resumption.
 */
export class Straddling {
  readonly #sites: (Site | undefined)[] = [];
  #execution = 0;

  /** After an execution that counts. */
  add(trace: Trace, execution: number): void {
    this.#execution = execution;
    trace.eachSite(this.#tell);
  }

  readonly #tell = (label: number, straddled: boolean): void => {
    const site = this.#sites[label] ?? this.#meet(label);
    const execution = this.#execution;
    if (site.lastReached !== execution) {
      site.lastReached = execution;
      site.executions++;
    }
    if (straddled && site.lastStraddled !== execution) {
      site.lastStraddled = execution;
      site.straddled++;
    }
  };

  counts(labels: Labels): SiteCount[] {
    return this.#sites.flatMap((counts, label) => {
      if (counts === undefined) return [];
      const site = labels.nameOf(label);
      const place = placeNamed(site);
      const { executions, straddled } = counts;
      return [{ site, ...(place === undefined ? {} : { place }), executions, straddled }];
    });
  }

  #meet(label: number): Site {
    return (this.#sites[label] = { executions: 0, straddled: 0, lastReached: 0, lastStraddled: 0 });
  }
}
