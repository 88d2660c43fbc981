import { explore, replay } from '../../../../src/index.ts';
import * as plain from './bodies.ts';
import * as encrypted from './encrypted.ts';
import { explored } from './explored.ts';
import * as notices from './notices.ts';

/**
 * What a fresh process is asked to do with some bodies: to run them and print the digests of their executions, to find
 * an execution of each that ends in another way than the natural one and print its token, or to replay such tokens and
 * print what comes of it.
 */
export type Command =
  | {
      readonly name: 'digests' | 'tokens';
      readonly bodies: readonly string[];
      readonly runs: number;
      readonly seed: number;
    }
  | { readonly name: 'replays'; readonly tokens: Readonly<Record<string, string>> };

/** A failure that was found. */
export interface Found {
  readonly token: string;
  readonly message: string;
}

type Body = () => Promise<unknown>;

const bodies = { ...plain, ...encrypted, ...notices } as unknown as Record<string, Body>;
const options = { leaks: 'off', vacuity: 'off' } as const;

/** The body, but it fails when it ends in another way than in natural order. */
async function picky(body: Body): Promise<Body> {
  let natural = '';
  await explore(async () => void (natural = JSON.stringify(await body())), { ...options, strategy: 'natural' });
  return async () => {
    const result = JSON.stringify(await body());
    if (result !== natural) throw new Error(`ended with ${result}`);
  };
}

/** By name of the body. */
async function answer(command: Command): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  if (command.name === 'replays') {
    for (const [name, token] of Object.entries(command.tokens)) {
      const { failure } = await replay(await picky(bodies[name]!), token, options);
      answers[name] = failure?.message ?? 'passed';
    }
    return answers;
  }
  const { runs, seed } = command;
  for (const name of command.bodies) {
    if (command.name === 'digests')
      answers[name] = (await explored(bodies[name]!, { runs, seed, leaks: 'off' })).digest;
    else {
      const { failure } = await explore(await picky(bodies[name]!), { ...options, strategy: 'random', runs, seed });
      const found: Found = { token: failure!.token, message: failure!.message };
      answers[name] = JSON.stringify(found);
    }
  }
  return answers;
}

console.log(JSON.stringify(await answer(JSON.parse(process.argv[2]!) as Command)));
// Nothing that an exploration leaves may keep the process.
