import { Store } from '../../src/store/store.ts';

// Adds failing schedules of one test, as one of several processes.
const [root = '', tokens = ''] = process.argv.slice(2);
const store = new Store(root);
for (const token of tokens.split(',')) {
  store.update(
    { file: 'a.test.ts', name: 'shared', by: 'interleavings' },
    { failed: { token, kind: 'error', message: 'm', reach: 'today' } },
  );
}
