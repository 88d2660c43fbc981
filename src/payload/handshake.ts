import type { Duplex } from 'node:stream';
import { StraddleError } from '../../scheduler/error.ts';
import { atDeadline } from './clock.ts';

/**
 * Started in place of a program that is to be placed first. It waits for a line on descriptor 3, then becomes the
 * program (same process, descriptor closed). The end of the descriptor before that line means that the placement was
 * given up, or that the parent died: it goes without ever becoming the program. If it cannot become the program it
 * says so on the descriptor: what follows a failed `exec` differs from shell to shell, hence both the look beforehand
 * and the trap.
 */
export const WRAPPER = [
  'IFS= read -r straddle_go <&3 || exit 125',
  'command -v "$1" >/dev/null 2>&1 || { echo 127 >&3; exit 127; }',
  "trap 'echo $? >&3' EXIT",
  'exec "$@" 3>&-',
].join('\n');

/** The wrapper was let go but could not become the program. */
export class ExecFailed extends Error {
  override readonly name = 'ExecFailed';
}

/**
 * The parent's half: runs `place`, lets the wrapper go, and resolves once it has become the program. Rejects with the
 * error of `place`, with `ExecFailed`, or with a `StraddleError` if `ms` milliseconds pass or the wrapper ends before
 * its time. However it ends the channel is closed, so a wrapper that was not let go reads its end and goes.
 */
export async function handshake(channel: Duplex, place: () => void | Promise<void>, ms: number): Promise<void> {
  let said = '';
  let stage = 'it was not placed';
  let callOff: (() => void) | undefined;
  channel.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const late = new Promise<never>((_, reject) => {
    callOff = atDeadline(ms, () => {
      reject(new StraddleError('payload-placement', `${stage} within ${ms} ms`));
    });
  });
  const closed = new Promise<void>((resolve) => {
    // An error closes the channel too, and there is nothing to add to it: the other end is gone.
    channel.on('error', () => undefined);
    channel.once('close', resolve);
  });
  const gone = closed.then(() => {
    throw new StraddleError('payload-placement', 'it ended before it was placed');
  });
  try {
    await Promise.race([Promise.resolve().then(place), gone, late]);
    stage = 'it was placed but did not become its program';
    channel.write('\n');
    await Promise.race([closed, late]);
  } finally {
    callOff?.();
    channel.destroy();
  }
  if (said !== '') throw new ExecFailed(`the shell could not execute it (status ${said.trim()})`);
}
