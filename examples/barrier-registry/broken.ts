import type { Unlink } from './registry.ts';

/** Broken: releasing an older barrier takes whatever is in force at its point, a newer one too. */
export const unconditionalDelete: Unlink = (byName, { name }) => {
  byName.delete(name);
};

/** Broken: forgets every barrier when one is released. */
export const deleteAll: Unlink = (byName) => {
  byName.clear();
};
