const METHODS = ['debug', 'dir', 'dirxml', 'error', 'info', 'log', 'table', 'trace', 'warn'] as const;

let muted: Partial<Record<(typeof METHODS)[number], unknown>> | undefined;

/** Whether the console prints: a test that logs a line would print it in each of a thousand executions. */
export function setQuiet(isQuiet: boolean): void {
  if (isQuiet === (muted !== undefined)) return;
  const { console } = globalThis;
  if (muted === undefined) {
    muted = {};
    for (const name of METHODS) {
      if (!Object.hasOwn(console, name)) continue;
      muted[name] = console[name];
      console[name] = silent;
    }
    return;
  }
  // What code under test has put there meanwhile is its own.
  for (const name of METHODS) if (console[name] === silent && name in muted) console[name] = muted[name] as never;
  muted = undefined;
}

/** Whether this execution is told to nobody. */
export function isQuiet(): boolean {
  return muted !== undefined;
}

function silent(): void {
  // Nothing is printed.
}
