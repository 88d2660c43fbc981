import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';

/*
 * C40: a connection that is closed twice, and calls that are left hanging.
 *
 * A connection is closed where that unblocks the server, and once more by a deferred close for safety. The second close
 * of a descriptor hits whoever has the number now. And calls in flight must learn that no answer will come.
 */

class Connection {
  /** Calls of the underlying close. */
  closes = 0;
  closed = false;
  readonly pending = new Set<(error: Error) => void>();

  call(): Promise<string> {
    if (this.closed) return Promise.reject(new Error('the connection is closed'));
    return new Promise((resolve, reject) => {
      this.pending.add(reject);
      void point('server:answers').then(() => {
        // An answer that comes after the close goes nowhere.
        if (!this.closed) {
          this.pending.delete(reject);
          resolve('answer');
        }
      });
    });
  }
}

type Close = (connection: Connection) => Promise<void>;

const rejectAll = ({ pending }: Connection): void => {
  for (const reject of pending) reject(new Error('the connection was closed'));
  pending.clear();
};

const checkThenClose: Close = async (connection) => {
  if (connection.closed) return;
  await point('close:flush');
  connection.closed = true; // <- the other one has looked meanwhile
  connection.closes++;
  rejectAll(connection);
};

/** Half a fix: once, but calls in flight are forgotten. */
const onceSilently: Close = async (connection) => {
  if (connection.closed) return;
  connection.closed = true; // <-
  connection.closes++;
  await point('close:flush');
};

/** Fixed: once, and everybody who waits is told. */
const once: Close = async (connection) => {
  if (connection.closed) return;
  connection.closed = true; // <-
  connection.closes++;
  rejectAll(connection); // <-
  await point('close:flush');
};

function teardown(close: Close): Body {
  return async (sim) => {
    const connection = new Connection();
    const settled: string[] = [];
    const closer = (name: string) => async (): Promise<void> => {
      await point(`${name}:close`);
      if (!connection.closed) sim.branch(`${name} first`);
      await close(connection);
    };
    await together(sim, {
      explicit: closer('explicit'),
      deferred: closer('deferred'),
      async caller() {
        await point('caller:calls');
        await connection.call().then(
          (answer) => settled.push(answer),
          () => settled.push('told'),
        );
        sim.branch(settled[0] === 'answer' ? 'answered' : 'told');
      },
    });
    invariant(connection.closes === 1, `the descriptor was closed ${connection.closes} times`);
  };
}

export const C40 = defineCase({
  id: 'C40',
  title: 'Closed twice, and calls left hanging',
  source: 'S2.39',
  file: 'paging/c40-close-once.ts',
  invariant: 'The descriptor is closed once, and every call in flight settles.',
  points: ['explicit:close', 'deferred:close', 'close:flush', 'caller:calls', 'server:answers'],
  branches: ['explicit first', 'deferred first', 'answered', 'told'],
  buggy: {
    'check, flush, close': {
      body: teardown(checkThenClose),
      fails: /closed 2 times/,
      without: 'the flag before the first await',
      forced: { script: ['explicit:close', 'deferred:close', 'close:flush', 'close:flush'] },
    },
  },
  halfFixed: {
    'once, but silently': {
      body: teardown(onceSilently),
      fails: /^deadlock: .*caller waits/,
      without: 'telling those who wait',
    },
  },
  fixed: { 'once, and told': { exhaustive: true, body: teardown(once) } },
});
