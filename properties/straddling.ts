import type { Labels } from '../scheduler/schedule.ts';
import { placeNamed } from '../scheduler/site-names.ts';
import type { Trace } from '../scheduler/trace.ts';
import type { SiteCount } from './report.ts';

interface Site {
  executions: number;
  straddled: number;
}

/**
 * In how many executions each site (a point or an instrumented await) was reached, and in how many it was
 * straddled: another task ran a step between its suspension and its resumption.
 */
export class Straddling {
  readonly #sites: (Site | undefined)[] = [];

  /** After an execution that counts. */
  add(trace: Trace): void {
    trace.eachSite(this.#tell);
  }

  readonly #tell = (label: number, straddled: boolean): void => {
    const site = (this.#sites[label] ??= { executions: 0, straddled: 0 });
    site.executions++;
    if (straddled) site.straddled++;
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
}
