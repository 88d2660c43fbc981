import { StraddleError } from '../error.ts';
import type { EnabledOp } from '../op.ts';
import type { Strategy } from '../strategy.ts';

/**
 * Forces one order: the named points are passed exactly in the order of the list. What the list does not name
 * (or does not name any more) runs in natural order, whenever that is needed to get on.
 *
 * @param points names of points, or `'task at point'` where the name alone is not enough.
 * @throws StraddleError `script`, as the execution's failure, when no allowed operation is enabled, or when
 *   the execution ends with points unplayed: what was expected against what was there.
 */
export function script(points: readonly string[]): Strategy {
  if (!Array.isArray(points) || points.some((point) => typeof point !== 'string')) {
    throw new StraddleError(
      'usage',
      "script takes a list of point names, for instance script(['add:checked', 'shutdown:closed']).",
    );
  }
  let next = 0;
  const isNamed = (op: EnabledOp, point: string): boolean =>
    op.name === point || `${op.task.name} at ${op.name}` === point;
  return {
    name: 'script',
    single: true,
    begin({ execution }) {
      next = 0;
      return execution === 1;
    },
    choose(enabled) {
      const expected = points[next];
      if (expected === undefined) return 0;
      const wanted = enabled.findIndex((op) => isNamed(op, expected));
      if (wanted >= 0) {
        next++;
        return wanted;
      }
      const free = enabled.findIndex((op) => !points.slice(next).some((point) => isNamed(op, point)));
      if (free >= 0) return free;
      const there = enabled.map((op) => `${op.task.name} at ${op.name}`).join(', ');
      throw new StraddleError('script', `${place()} '${expected}' must be next, but only these can run: ${there}.`);
    },
    join: (_enabled, natural) => (natural && next >= points.length ? 0 : -1),
    end({ failed }) {
      if (!failed && next < points.length) {
        throw new StraddleError('script', `${place()} the execution ended before '${points[next]!}' was reached.`);
      }
    },
  };
  function place(): string {
    return `The script cannot be followed at its point ${next + 1} of ${points.length}:`;
  }
}
