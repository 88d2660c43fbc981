/** There is no twin for these arguments, or it might block: the call goes to the thread pool. */
export const NO_TWIN = Symbol('no twin');

export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What `twin` returns or throws, as a call on the thread pool would report it. */
export function outcomeOf(twin: () => unknown): Outcome | typeof NO_TWIN {
  try {
    const value = twin();
    return value === NO_TWIN ? NO_TWIN : { value };
  } catch (error) {
    return { error: asynchronous(error) };
  }
}

/** Gives an error of a twin the stack that an asynchronous one has: no frame of ours explains anything. */
function asynchronous(error: unknown): unknown {
  if (error instanceof Error && 'syscall' in error) error.stack = `${error.name}: ${error.message}`;
  return error;
}
