import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { StraddleError } from '../../scheduler/error.ts';
import { joinCgroup, procsFile, resolveCgroup, type Operation } from './cgroup.ts';
import { ExecFailed, handshake, WRAPPER } from './handshake.ts';
import { notStarted, reason } from './launch-error.ts';
import { LIMITS, type Limits } from './limits.ts';
import { enter, leave } from './live.ts';
import type { Plan } from './plan.ts';
import { Tree } from './tree.ts';

interface Placer {
  /** What messages call the place. */
  readonly where: string;
  place(pid: number): void | Promise<void>;
}

/**
 * Starts the program of a plan, placed if the plan says so; resolves once it runs. The tree is entered as live.
 * Rejects with `StraddleError`, and leaves nothing running, if the cgroup name is bad (`payload-cgroup`), the program
 * is not there (`payload-not-found`) or cannot be started (`payload-not-started`), or the placement fails
 * (`payload-placement`).
 */
export async function launch(plan: Plan, operation: Operation, limits: Limits = LIMITS): Promise<Tree> {
  if (process.platform === 'win32') {
    throw new StraddleError('payload-platform', `${operation}: payloads need process groups, which Windows lacks.`);
  }
  const placer = placerOf(plan, operation);
  const started = await start(plan, placer !== undefined, limits);
  if (placer) await place(started, plan, placer, limits);
  return started.tree;
}

interface Started {
  readonly tree: Tree;
  readonly child: ChildProcess;
}

function start(plan: Plan, wrapped: boolean, limits: Limits): Promise<Started> {
  const command = [plan.binary, ...plan.args];
  const [file, args] = wrapped
    ? ['/bin/sh', ['-c', WRAPPER, 'straddle-placement', ...command]]
    : [plan.binary, plan.args];
  const options: SpawnOptions = {
    // A group of its own is no longer the terminal's: reading from it would stop the program.
    stdio: [
      plan.processGroup === 'own' ? 'ignore' : 'inherit',
      'pipe',
      'pipe',
      ...(wrapped ? (['pipe'] as const) : []),
    ],
    detached: plan.processGroup === 'own',
    env: { ...process.env, ...plan.env },
    ...(plan.cwd === undefined ? {} : { cwd: plan.cwd }),
  };
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown): void => {
      reject(notStarted(plan, cause));
    };
    try {
      const child = spawn(file, args, options);
      child.once('error', refuse);
      child.once('spawn', () => {
        const tree = new Tree(child, plan.name, plan.processGroup, limits);
        enter(tree);
        resolve({ tree, child });
      });
    } catch (cause) {
      refuse(cause);
    }
  });
}

async function place({ tree, child }: Started, plan: Plan, placer: Placer, limits: Limits): Promise<void> {
  const channel = child.stdio[3] as Duplex;
  try {
    await handshake(channel, () => placer.place(tree.pid), limits.placementMs);
  } catch (cause) {
    await tree.kill();
    // What the wrapper's end looks like is a consequence; the cause is at hand.
    await tree.ended.catch(() => undefined);
    leave(tree);
    if (cause instanceof ExecFailed) throw notStarted(plan, cause);
    throw new StraddleError(
      'payload-placement',
      `payload '${plan.name}': process ${tree.pid} could not be placed ${placer.where}: ${reason(cause)}.`,
      { cause },
    );
  }
}

function placerOf({ placement }: Plan, operation: Operation): Placer | undefined {
  if (placement === undefined) return undefined;
  if (typeof placement === 'function') return { where: 'by its placement function', place: placement };
  const directory = resolveCgroup(placement, operation);
  return {
    where: `into cgroup '${placement.name}' (${procsFile(directory)})`,
    place: (pid) => joinCgroup(directory, pid),
  };
}
