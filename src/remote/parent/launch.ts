import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { StraddleError } from '../../../scheduler/error.ts';
import { enter } from '../../payload/live.ts';
import { LIMITS } from '../../payload/limits.ts';
import { Tree } from '../../payload/tree.ts';

/** The program that every child process runs. */
const PROGRAM = fileURLToPath(new URL('../child/main.js', import.meta.url));

/** A child process that runs, and this end of the socket that it has inherited. */
export interface Launched {
  readonly tree: Tree;
  readonly socket: Socket;
  /** Whether it keeps this process alive. */
  keep(alive: boolean): void;
}

/** The URL of a module that is there. Throws `StraddleError` of kind `remote-module` otherwise. */
export function locate(module: string | URL): URL {
  const isUrl = module instanceof URL || module.startsWith('file:');
  let url: URL;
  try {
    url = isUrl ? new URL(module) : pathToFileURL(isAbsolute(module) ? module : resolve(module));
    const path = fileURLToPath(url);
    if (path.includes('\0')) throw new TypeError('it contains a NUL byte');
    if (existsSync(path)) return url;
    throw new TypeError(`there is no file at '${path}'`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StraddleError('remote-module', `the module of a remote child cannot be found: ${why}.`, { cause });
  }
}

/** Starts a child process in a group of its own. Rejects with `StraddleError` of kind `remote-start`. */
export function launch(name: string, execArgv: readonly string[]): Promise<Launched> {
  if (process.platform === 'win32') {
    throw new StraddleError('remote-platform', 'remote children need process groups, which Windows lacks.');
  }
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown): void => {
      const why = cause instanceof Error ? cause.message : String(cause);
      reject(new StraddleError('remote-start', `remote child '${name}' could not be started: ${why}`, { cause }));
    };
    try {
      const child = spawn(process.execPath, [...execArgv, PROGRAM], {
        // The fourth is one end of a socket pair: no path on disk, no port.
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
      });
      child.once('error', refuse);
      child.once('spawn', () => {
        resolve(launched(child, name));
      });
    } catch (cause) {
      refuse(cause);
    }
  });
}

function launched(child: ChildProcess, name: string): Launched {
  const tree = new Tree(child, `remote child ${name}`, 'own', LIMITS);
  enter(tree);
  const { stdout, stderr } = child;
  // What the child prints is seen as if it had inherited our streams; it is kept for the cause of its death as well.
  stdout!.on('data', (chunk: Buffer) => void process.stdout.write(chunk));
  stderr!.on('data', (chunk: Buffer) => void process.stderr.write(chunk));
  const socket = child.stdio[3] as Socket;
  const handles = [child, socket, stdout as Socket, stderr as Socket];
  return {
    tree,
    socket,
    keep(alive) {
      for (const handle of handles) {
        if (alive) handle.ref();
        else handle.unref();
      }
    },
  };
}
