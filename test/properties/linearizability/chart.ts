import type { Operation } from '../../../properties/linearizability/history.ts';

/**
 * A history drawn as in the papers: one line for each client, time to the right, `|enq(1) ok|` from invocation to
 * response. A bar that is missing at the end leaves the operation pending. Results are JSON, `ok` is none.
 */
export function chart(drawing: string): Operation[] {
  const operations: Operation[] = [];
  for (const line of drawing.split('\n').filter((text) => text.trim() !== '')) {
    const [, client] = /^\s*(\w+):/.exec(line)!;
    for (const found of line.matchAll(/\|\s*(\w+)\(([^)]*)\)\s*([^|\s-]*)[\s-]*(\|?)/g)) {
      const [text, name, args, result, closed] = found;
      const begun = { client: client!, name: name!, args: JSON.parse(`[${args!}]`) as unknown[], called: found.index };
      operations.push(
        closed === '|'
          ? {
              ...begun,
              returned: found.index + text.length - 1,
              result: result === 'ok' ? undefined : (JSON.parse(result!) as unknown),
            }
          : begun,
      );
    }
  }
  return operations;
}
