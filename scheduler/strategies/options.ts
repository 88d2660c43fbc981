import { StraddleError } from '../error.ts';

/** @throws StraddleError `usage` for an option that the strategy does not have, or options that are no object. */
export function mustKnow(strategy: string, options: object, known: readonly string[]): void {
  const list = known.join(', ');
  if (typeof options !== 'object' || (options as unknown) === null)
    throw new StraddleError('usage', `${strategy} takes an object of options (${list}), not ${String(options)}.`);
  for (const option of Object.keys(options)) {
    if (!known.includes(option))
      throw new StraddleError('usage', `${strategy} has no option '${option}'; it has ${list}.`);
  }
}
