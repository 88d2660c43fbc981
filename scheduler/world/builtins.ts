/**
 * Modules of Node with many exports, taken without an import: each export of a module that is imported anywhere takes
 * its time in `syncBuiltinESMExports`, and an exploration that patches globals needs that twice.
 */
export const fs = process.getBuiltinModule('node:fs');
export const crypto = process.getBuiltinModule('node:crypto');
