/** The program of a child process: `node main.js`, with the socket to the parent as descriptor 3. */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { Connection } from '../connection.ts';
import { Host } from './host.ts';

const SOCKET_FD = 3;

const host = new Host();
const connection = new Connection(new Socket({ fd: SOCKET_FD, readable: true, writable: true }), (error) => {
  if (error !== undefined) writeSync(2, `straddle: ${error.message}\n`);
  if (host.idle) process.exit(error === undefined ? 0 : 70);
  // The parent is gone without a goodbye. We lead a group of our own: nobody else would end what we have started.
  process.kill(-process.pid, 'SIGKILL');
});
host.serve(connection);
