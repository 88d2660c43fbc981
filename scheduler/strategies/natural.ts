import type { Strategy } from '../strategy.ts';

/** What Node does: one execution in natural order. */
export function natural(): Strategy {
  return {
    name: 'natural',
    single: true,
    begin: ({ execution }) => execution === 1,
    choose: () => 0,
    join: (_enabled, natural) => (natural ? 0 : -1),
  };
}
