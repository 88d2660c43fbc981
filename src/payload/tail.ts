/**
 * The end of a text, at most `maxBytes` bytes of UTF-8. Text that fits comes back as it is. Otherwise `...` is put
 * before the longest suffix that fits and starts at a character: a character cut in two is left out.
 */
export function tail(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let start = bytes.length - maxBytes;
  while (start < bytes.length && isContinuation(bytes[start]!)) start++;
  return `...${bytes.toString('utf8', start)}`;
}

function isContinuation(byte: number): boolean {
  return (byte & 0b1100_0000) === 0b1000_0000;
}
