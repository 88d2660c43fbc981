import { C01 } from '../lifecycle/c01-add-vs-shutdown.ts';
import { C02 } from '../lifecycle/c02-vacuous-harness.ts';
import { C03 } from '../supervisor/c03-recycled-pid.ts';
import { C04 } from '../supervisor/c04-late-flag.ts';
import { C05 } from '../supervisor/c05-unpublished-pid.ts';
import { C06 } from '../barriers/c06-superseded-release.ts';
import { C07 } from '../paging/c07-stale-stop.ts';
import { C09 } from '../paging/c09-torn-snapshot.ts';
import { C10 } from '../paging/c10-duplicate-resume.ts';
import { C11 } from '../barriers/c11-endless-wait.ts';
import { C12 } from '../paging/c12-cleanup-at-acquisition.ts';
import { C13 } from '../process/c13-dup-then-cloexec.ts';
import { C14 } from '../process/c14-group-kill.ts';
import { C18 } from '../process/c18-blocking-spawn.ts';
import { C19 } from '../process/c19-inherited-end.ts';
import { C20 } from '../process/c20-reused-number.ts';
import { C21 } from '../process/c21-silent-death.ts';
import { C22 } from '../process/c22-error-precedence.ts';
import { C42 } from '../barriers/c42-occupancy.ts';
import type { RaceCase } from './define-case.ts';

/** The catalogue, in the order of its numbers. */
export const CASES: readonly RaceCase[] = [
  C01,
  C02,
  C03,
  C04,
  C05,
  C06,
  C07,
  C09,
  C10,
  C11,
  C12,
  C13,
  C14,
  C18,
  C19,
  C20,
  C21,
  C22,
  C42,
];
