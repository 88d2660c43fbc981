import { inspect, types } from 'node:util';

const UNSHOWN = 'a value that cannot be shown was thrown';

/** The text of whatever was thrown: an error, also of another realm, or anything else. */
export function messageOf(error: unknown): string {
  try {
    const { message, name } = Object(error) as Partial<Error>;
    if (typeof message === 'string' && (message || name)) return message || String(name);
    const text = String(error);
    if (text !== '[object Object]') return text;
  } catch {
    // Its own methods throw; it is looked at without them.
  }
  // What is shown of such an error depends on the version of Node.
  if (types.isNativeError(error)) return UNSHOWN;
  try {
    return inspect(error, { depth: 1, customInspect: false, breakLength: Infinity });
  } catch {
    return UNSHOWN;
  }
}
