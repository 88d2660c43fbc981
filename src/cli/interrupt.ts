/**
 * A signal that Ctrl-C aborts, so that a command can end its work and print what is known; a second Ctrl-C ends the
 * process at once. `budgetMs` aborts it, too.
 */
export function interruptible(budgetMs?: number): { readonly signal: AbortSignal; [Symbol.dispose](): void } {
  const controller = new AbortController();
  const interrupt = (): void => {
    // Later: the other listeners of this very signal are to see that somebody handles it.
    setImmediate(() => process.off('SIGINT', interrupt));
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  const timer = budgetMs === undefined ? undefined : setTimeout(() => controller.abort(), budgetMs);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', interrupt);
      clearTimeout(timer);
    },
  };
}
