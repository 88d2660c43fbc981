import fc from 'fast-check';
import { point } from '../../scheduler/point.ts';
import { currentSim } from '../../src/fast-check.ts';
import type { Authority, TokenStore } from './token-store.ts';

export const BRANCHES = ['was valid', 'refreshed', 'refreshed for several'] as const;

/** Requests that need a token, and moments at which the current one expires. */
const events = fc.array(fc.constantFrom('request', 'expiry'), { maxLength: 6 });

type Token = { token: string; secret: string };

/** A secret is never used twice, and everybody gets a token that was valid after it was asked for. */
export function tokenProperty(create: (authority: Authority, first: Token) => TokenStore) {
  return fc.asyncProperty(events, async (list) => {
    const sim = currentSim();
    let issued = 1;
    let valid = 't1';
    let waiting = 0;
    let clock = 0;
    const expired = new Map<string, number>();
    const authority: Authority = {
      isValid: (token) => token === valid,
      refresh: async (secret) => {
        await point('authority');
        if (secret !== `s${issued}`) throw new Error(`the secret ${secret} has been used already`);
        issued++;
        valid = `t${issued}`;
        sim.branch(waiting > 1 ? 'refreshed for several' : 'refreshed');
        const answer = { token: valid, secret: `s${issued}` };
        await point('answer');
        return answer;
      },
    };
    const store = create(authority, { token: 't1', secret: 's1' });
    const request = async (): Promise<void> => {
      await point('request');
      if (valid !== '') sim.branch('was valid');
      const asked = ++clock;
      waiting++;
      const token = await store.token();
      waiting--;
      if ((expired.get(token) ?? Infinity) < asked)
        throw new Error(`the token ${token} had expired when it was asked for`);
    };
    const expiry = async (): Promise<void> => {
      await point('expiry');
      expired.set(valid, ++clock);
      valid = '';
    };
    await Promise.all(list.map((event) => sim.spawn(event, event === 'request' ? request : expiry)));
  });
}
