/** Raises a Node warning: one line on stderr for people, a `warning` event with a code for programs. */
export function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'StraddleWarning', code: `STRADDLE_PAYLOAD_${code}` });
}
