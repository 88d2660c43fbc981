/**
 * The source of a function's parameter, or '' if it has none at that place. Vitest, too, reads in the source
 * which fixtures a body wants.
 */
export function parameterOf(body: (...args: never[]) => unknown, position: number): string {
  const source = body.toString().replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '');
  const open = source.indexOf('(');
  const arrow = /^\s*(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(source);
  if (arrow !== null) return position === 0 ? arrow[1]! : '';
  let depth = 0;
  let from = open + 1;
  let seen = 0;
  for (let at = open; at < source.length; at++) {
    const char = source[at]!;
    if ('([{'.includes(char)) depth++;
    const isEnd = ')]}'.includes(char) && --depth === 0;
    if (!isEnd && !(char === ',' && depth === 1)) continue;
    if (seen++ === position) return source.slice(from, at).trim();
    if (isEnd) break;
    from = at + 1;
  }
  return '';
}
