import { expect, test, vi } from 'vitest';
import { transform } from '../../src/instrument/transform.ts';

// Each takes about a second on a small machine; what grows with the square would take minutes.
vi.setConfig({ testTimeout: 20_000 });

test('a file of 50,000 lines', () => {
  const part = (i: number) => `export async function f${i}(a: number): Promise<number> {
  const x = await g(a + ${i}, { deep: [1, 2, 'three'] });
  h(x).then((v) => v + 1).catch(() => {});
  return x;
}
`;
  const code = Array.from({ length: 10_000 }, (_, i) => part(i)).join('');
  expect(code.split('\n')).toHaveLength(50_001);
  const done = transform(code, { file: 'large.ts' })!;
  expect(done.code.match(/^ {2}\{"file"/gm)).toHaveLength(30_000);
  expect(done.code).toContain('{"file":"large.ts","line":49998,"column":8,"text":"h(x).then(…)","fn":"f9999"}');
});

test('an expression of 20,000 strings', () => {
  const code = `export default ${Array(20_000).fill("'a'").join(' + ')} + (await b);`;
  expect(transform(code, { file: 'a.js' })?.code).toContain('(await __straddle_hop(b, 0))');
});

test('many named points', () => {
  const code = '// straddle: again\nawait a;\n'.repeat(20_000);
  expect(transform(code, { file: 'a.js' })?.code.match(/"name":"again"/g)).toHaveLength(20_000);
});
