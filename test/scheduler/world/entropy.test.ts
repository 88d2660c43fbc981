import crypto, { getRandomValues, randomBytes, randomFill, randomFillSync, randomInt, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { inside, sameAsNode } from './controlled.ts';

/** One value of every source of chance. */
async function draw(): Promise<unknown[]> {
  return [
    Math.random(),
    randomUUID(),
    crypto.randomUUID(),
    globalThis.crypto.randomUUID(),
    [...globalThis.crypto.getRandomValues(new Uint8Array(4))],
    [...crypto.webcrypto.getRandomValues(new Uint16Array(4))],
    [...getRandomValues(new Uint8Array(4))],
    randomBytes(8).toString('hex'),
    (await promisify(randomBytes)(8)).toString('hex'),
    randomInt(1_000_000),
    randomInt(5, 1_000_000),
    await new Promise((resolve) => randomInt(1_000_000, (_, value) => resolve(value))),
    [...randomFillSync(new Uint8Array(4))],
    [...(await promisify<Uint8Array, Uint8Array>(randomFill)(new Uint8Array(4)))],
  ];
}

describe('chance', () => {
  test('comes from the seed: the same again with the same seed, another with another', async () => {
    const of = (seed: number): Promise<string> => inside(async () => JSON.stringify(await draw()), { seed });
    expect(await of(1)).toBe(await of(1));
    const [one, two] = [JSON.parse(await of(1)), JSON.parse(await of(2))] as [unknown[], unknown[]];
    one.forEach((value, i) => expect(value, `source ${i}`).not.toEqual(two[i]));
  });

  test('differs from execution to execution of one exploration, and Math.random is sim.random’s stream', async () => {
    const seen = new Set<number>();
    await inside(async () => void seen.add(Math.random()), { strategy: 'random', runs: 30, seed: 1 });
    expect(seen.size).toBe(30);
    const mixed = await inside((sim) => [Math.random(), sim.random(), Math.random()], { seed: 1 });
    const plain = await inside((sim) => [sim.random(), sim.random(), sim.random()], { seed: 1 });
    expect(mixed).toEqual(plain);
  });

  test('values have the right form and range', async () => {
    await inside(async () => {
      for (let i = 0; i < 200; i++) {
        expect(randomUUID()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        const int = randomInt(-3, 4);
        expect(int >= -3 && int < 4 && Number.isInteger(int)).toBe(true);
      }
      expect(randomBytes(33)).toBeInstanceOf(Buffer);
      expect(randomBytes(33)).toHaveLength(33);
      const filled = randomFillSync(new Uint8Array(8), 2, 3);
      expect([...filled.subarray(0, 2), ...filled.subarray(5)]).toEqual([0, 0, 0, 0, 0]);
      const words = new Uint16Array(4);
      expect(globalThis.crypto.getRandomValues(words)).toBe(words);
      expect(words.some((word) => word > 255)).toBe(true);
    });
  });

  sameAsNode('wrong arguments are refused with the host’s errors', () =>
    [
      () => randomBytes(-1),
      () => randomBytes('8' as never),
      () => randomInt(5, 5),
      () => randomInt(2 ** 60),
      () => globalThis.crypto.getRandomValues(new Float32Array(1) as never),
      () => globalThis.crypto.getRandomValues(new Uint8Array(70_000)),
      () => randomFillSync('x' as never),
      () => randomFillSync(new Uint8Array(4), 5),
    ].map((call) => {
      try {
        call();
        return 'no error';
      } catch (error) {
        return `${(error as Error).name} ${(error as { code?: string }).code} ${(error as Error).message}`;
      }
    }),
  );

  test('outside, chance is the host’s', async () => {
    const inner = await inside(() => [Math.random(), randomUUID()], { seed: 1 });
    expect([Math.random(), randomUUID()]).not.toEqual(inner);
  });
});
