import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C34: a cap on captured output, and a writer that goes on.
 *
 * Only so many bytes are kept. A reader that closes its end at the cap kills the child with SIGPIPE, and its exit code
 * with it; one that stops reading lets the pipe fill, and the child hangs. It must read on and throw away.
 */

const CAP = 6;
const CAPACITY = 4;

interface Captured {
  readonly text: string;
  readonly truncated: boolean;
}

type Capture = (reader: Thread, fd: number) => Promise<Captured>;

const capped = (text: string): Captured => ({ text: text.slice(0, CAP), truncated: text.length > CAP });

const closeAtCap: Capture = async (reader, fd) => {
  let text = '';
  for (let chunk = await reader.read(fd); chunk !== ''; chunk = await reader.read(fd)) {
    text += chunk;
    if (text.length > CAP) break;
  }
  await reader.close(fd); // <- the next write is the child's last
  return capped(text);
};

const stopAtCap: Capture = async (reader, fd) => {
  let text = '';
  for (let chunk = await reader.read(fd); chunk !== ''; chunk = await reader.read(fd)) {
    text += chunk;
    if (text.length > CAP) break; // <- the pipe fills, and nobody empties it
  }
  return capped(text);
};

/** Fixed: reads on, keeps one byte more than the cap to know that there was more. */
const readOn: Capture = async (reader, fd) => {
  let text = '';
  for (let chunk = await reader.read(fd); chunk !== ''; chunk = await reader.read(fd)) {
    text = (text + chunk).slice(0, CAP + 1); // <-
  }
  return capped(text);
};

function writing(capture: Capture, bytes: number): Body {
  return async (sim) => {
    const os = new Os(sim, { pipeCapacity: CAPACITY });
    const parent = os.boot('parent');
    await os.drive(parent, async () => {
      const [read, write] = await parent.pipe();
      const text = 'abcdefghijklmnopqrstuvwxyz'.slice(0, bytes);
      const pid = await parent.fork('child', async (child) => {
        await child.close(read);
        await child.write(write, text.slice(0, bytes >> 1));
        await child.write(write, text.slice(bytes >> 1));
        return 3;
      });
      await parent.close(write);
      const captured = await capture(parent, read);
      const status = await parent.wait(pid);
      sim.branch(bytes < CAP ? 'under' : bytes === CAP ? 'exact' : 'over');
      invariant(status.code === 3, `the child died of ${status.signal ?? 'nothing'}, which has nothing to do with it`);
      invariant(captured.text === text.slice(0, CAP) && captured.truncated === bytes > CAP, 'the wrong text was kept');
    });
  };
}

const everySize: Body = async (sim) => {
  for (const bytes of [CAP - 1, CAP, CAP + 1, 3 * CAP]) await writing(readOn, bytes)(sim);
};

export const C34 = defineCase({
  id: 'C34',
  title: 'Capture cap with a live writer',
  source: 'S4.69, D08',
  file: 'payload/c34-capture-cap.ts',
  invariant: 'What is kept is exact, and the exit code is the own one of the child.',
  points: ['parent:read', 'parent:close', 'child:write'],
  branches: ['under', 'exact', 'over'],
  buggy: {
    'close at the cap': { body: writing(closeAtCap, 3 * CAP), fails: /died of SIGPIPE/ },
    'stop at the cap': { body: writing(stopAtCap, 3 * CAP), fails: /^deadlock: .*child waits/, without: 'reading on' },
  },
  fixed: { 'read on': { exhaustive: { preemptions: 3 }, body: everySize } },
});
