import { C01 } from '../lifecycle/c01-add-vs-shutdown.ts';
import { C02 } from '../lifecycle/c02-vacuous-harness.ts';
import { C03 } from '../supervisor/c03-recycled-pid.ts';
import { C04 } from '../supervisor/c04-late-flag.ts';
import { C05 } from '../supervisor/c05-unpublished-pid.ts';
import { C06 } from '../barriers/c06-superseded-release.ts';
import { C07 } from '../paging/c07-stale-stop.ts';
import { C08 } from '../paging/c08-lock-across-drain.ts';
import { C09 } from '../paging/c09-torn-snapshot.ts';
import { C10 } from '../paging/c10-duplicate-resume.ts';
import { C11 } from '../barriers/c11-endless-wait.ts';
import { C12 } from '../paging/c12-cleanup-at-acquisition.ts';
import { C13 } from '../process/c13-dup-then-cloexec.ts';
import { C14 } from '../process/c14-group-kill.ts';
import { C15 } from '../payload/c15-lingering-descendant.ts';
import { C16 } from '../payload/c16-sequential-drain.ts';
import { C17 } from '../payload/c17-wait-before-drain.ts';
import { C18 } from '../process/c18-blocking-spawn.ts';
import { C19 } from '../process/c19-inherited-end.ts';
import { C20 } from '../process/c20-reused-number.ts';
import { C21 } from '../process/c21-silent-death.ts';
import { C22 } from '../process/c22-error-precedence.ts';
import { C23 } from '../process/c23-non-lifo-scope.ts';
import { C24 } from '../process/c24-foreign-thread.ts';
import { C25 } from '../process/c25-restored-before-reap.ts';
import { C26 } from '../process/c26-deadline-against-exit.ts';
import { C27 } from '../process/c27-interrupted-wait.ts';
import { C28 } from '../payload/c28-double-consume.ts';
import { C29 } from '../payload/c29-index-allocation.ts';
import { C30 } from '../payload/c30-merged-streams.ts';
import { C31 } from '../payload/c31-sidecar.ts';
import { C32 } from '../process/c32-group-escape.ts';
import { C33 } from '../process/c33-parents-group.ts';
import { C34 } from '../payload/c34-capture-cap.ts';
import { C35 } from '../process/c35-late-fork.ts';
import { C36 } from '../process/c36-vacuous-kill.ts';
import { C37 } from '../process/c37-signal-after-reap.ts';
import { C38 } from '../payload/c38-reader-failure.ts';
import { C39 } from '../paging/c39-mixed-operations.ts';
import { C40 } from '../paging/c40-close-once.ts';
import { C41 } from '../paging/c41-early-failure.ts';
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
  C08,
  C09,
  C10,
  C11,
  C12,
  C13,
  C14,
  C15,
  C16,
  C17,
  C18,
  C19,
  C20,
  C21,
  C22,
  C23,
  C24,
  C25,
  C26,
  C27,
  C28,
  C29,
  C30,
  C31,
  C32,
  C33,
  C34,
  C35,
  C36,
  C37,
  C38,
  C39,
  C40,
  C41,
  C42,
];
