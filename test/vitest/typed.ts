import { expectTypeOf } from 'vitest';
import { test } from '../../src/vitest/index.ts';

/** Never run: the compiler checks what `test.interleavings` gives to a body. */
export function typed(): void {
  test.interleavings.each([
    [1, 'a'],
    [2, 'b'],
  ] as const)('lists are spread', (n, s, { sim }) => {
    expectTypeOf(n).toEqualTypeOf<1 | 2>();
    expectTypeOf(s).toEqualTypeOf<'a' | 'b'>();
    expectTypeOf(sim.point).returns.toEqualTypeOf<Promise<void>>();
  });
  test.interleavings.each<{ n: number }>`n
 ${1}`('rows of a table are objects', ({ n }) => {
    expectTypeOf(n).toEqualTypeOf<number>();
  });
  test.interleavings.for([{ n: 1 }])('cases are given as they are', ({ n }, { task }) => {
    expectTypeOf(n).toEqualTypeOf<number>();
    expectTypeOf(task.name).toEqualTypeOf<string>();
  });

  const extended = test
    .extend<{ db: { n: number }; url: string }>({
      db: [async ({ url }, use) => use({ n: url.length }), { auto: true }],
      url: 'here',
    })
    .extend('port', { scope: 'file' }, async () => 80);
  extended.interleavings('fixtures are given', ({ db, url, port }) => {
    expectTypeOf(db.n).toEqualTypeOf<number>();
    expectTypeOf(url).toEqualTypeOf<string>();
    expectTypeOf(port).toEqualTypeOf<number>();
  });
  extended('to Vitest’s own form, too', ({ db }) => {
    expectTypeOf(db.n).toEqualTypeOf<number>();
  });
  // @ts-expect-error The fixture is of another type.
  test.extend<{ url: string }>({ url: 5 });
  // @ts-expect-error There is no such option.
  test.interleavings('x', { rnus: 1 }, () => {});
}
