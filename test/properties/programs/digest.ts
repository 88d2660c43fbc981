import { createHash } from 'node:crypto';
import { explore, replay, type ExploreOptions, type Report } from '../../../src/index.ts';
import { bodyOf, type Program } from './program.ts';

/** What is asked of another process: explore a program, or replay a token of it. */
export interface Question {
  readonly program: Program;
  readonly options?: ExploreOptions;
  readonly token?: string;
}

/** What two processes must agree on. */
export interface Answer {
  readonly verdict: string;
  readonly kind: string | undefined;
  readonly message: string | undefined;
  readonly token: string | undefined;
  /** Of everything that each execution did, and of the whole report. */
  readonly digest: string;
}

/** Explores or replays, and keeps what must be the same in another process and on another version of Node. */
export async function answer({ program, options, token }: Question): Promise<Answer> {
  const did = createHash('sha256');
  const body = bodyOf(program, (line) => did.update(`${line}\n`));
  let report: Report | undefined;
  let refusal = '';
  try {
    report = token === undefined ? await explore(body, options) : await replay(body, token);
  } catch (error) {
    refusal = (error as Error).message;
  }
  const { failure, ...rest } = report ?? {};
  did.update(
    JSON.stringify(
      { ...rest, elapsedMs: 0, failure: { ...failure, error: undefined, token: undefined } },
      withoutSites,
    ),
  );
  return {
    verdict: report?.verdict ?? refusal,
    kind: failure?.kind,
    message: failure === undefined ? undefined : withoutPlaces(failure.message),
    token: failure?.token,
    digest: did.digest('base64url'),
  };
}

/** Compiled code stands elsewhere than its source. */
function withoutSites(key: string, value: unknown): unknown {
  if (key === 'site' || key === 'stack') return undefined;
  return typeof value === 'string' ? withoutPlaces(value) : value;
}

function withoutPlaces(text: string): string {
  return text.replace(/ \([^()]*:\d+:\d+\)/g, '');
}
