import { warn } from './warn.ts';

/**
 * `own`: the program leads a process group (and session) of its own, which is killed as a whole.
 * `parent`: it stays in the group of the test process, for programs that need its terminal. Only the program itself
 * is ever signalled then; what it starts is its own to end.
 */
export type ProcessGroup = 'own' | 'parent';

/**
 * Kills a program that is known not to have been reaped. The group may not exist yet between fork and exec, so the
 * leader is signalled as well: a pending SIGKILL survives exec. Never throws; what cannot be signalled is warned of.
 */
export function killTree(pid: number, group: ProcessGroup): void {
  if (!isSignallable(pid)) return;
  if (group === 'own') sendKill(-pid, 'process group');
  sendKill(pid, 'process');
}

/**
 * Kills what is left of a group whose leader was reaped. The leader's number may belong to a stranger by now. As long
 * as a descendant lives the kernel gives the number to nobody, so the group is ours if it has a member while no
 * process bears its number.
 */
export function killSurvivors(pid: number, group: ProcessGroup): void {
  if (group === 'own' && isSignallable(pid) && !exists(pid) && exists(-pid)) sendKill(-pid, 'process group');
}

/** 0, -1 and 1 (as a group) address everybody; a signal to them must be impossible, whatever went wrong before. */
function isSignallable(pid: number): boolean {
  if (Number.isSafeInteger(pid) && pid > 1) return true;
  warn('KILL', `a payload has the process number ${pid}, which must not be signalled: nothing was killed.`);
  return false;
}

function exists(target: number): boolean {
  try {
    process.kill(target, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

function sendKill(target: number, what: string): void {
  try {
    process.kill(target, 'SIGKILL');
  } catch (error) {
    // ESRCH is the aim already reached.
    if (codeOf(error) !== 'ESRCH')
      warn('KILL', `the ${what} ${Math.abs(target)} of a payload was not killed: ${error}.`);
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
