/** A number found in a document, and the way to it. */
export type Leaf = readonly [path: string, value: number];

/**
 * The numbers in the JSON that a program printed, by dotted path and in document order. The whole text is one JSON
 * document, or prose with documents that begin and end on lines of their own, of which the first one that holds a
 * number counts. Strings, booleans, nulls and numbers beyond the range of a double are left out. Text without JSON
 * has no numbers; it is not an error.
 */
export function extractJsonMetrics(text: string): readonly Leaf[] {
  const whole = parse(text.trim());
  if (whole !== undefined) return leaves(whole);
  for (const document of documentsIn(text)) {
    const found = leaves(parse(document));
    if (found.length > 0) return found;
  }
  return [];
}

/** Objects and arrays only: a number on its own has no name. */
function parse(text: string): object | undefined {
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

// With a stack of its own: the depth of the document is the program's choice, not ours.
function leaves(document: object | undefined): readonly Leaf[] {
  const found: Leaf[] = [];
  const open: [path: string, value: unknown][] = document ? [['', document]] : [];
  for (let next = open.pop(); next; next = open.pop()) {
    const [path, value] = next;
    if (typeof value === 'number' && Number.isFinite(value)) found.push([path, value]);
    if (typeof value !== 'object' || value === null) continue;
    const prefix = path === '' ? '' : `${path}.`;
    for (const [key, child] of Object.entries(value).reverse()) open.push([`${prefix}${key}`, child]);
  }
  return found;
}

/**
 * The bracketed regions that begin a line and end a line, outermost only, in one pass. A bracket that opens a line and
 * is never closed ends the search: it is a document that was cut off, and its inner objects would lie about their path.
 */
function documentsIn(text: string): readonly string[] {
  const documents: string[] = [];
  const closers: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted) {
      if (char === '\\') at++;
      else quoted = char !== '"';
    } else if (char === '{' || char === '[') {
      if (closers.length === 0) {
        if (!isBlankToLineEdge(text, at - 1, -1)) continue;
        from = at;
      }
      closers.push(char === '{' ? '}' : ']');
    } else if (closers.length === 0) {
      continue;
    } else if (char === '"') {
      quoted = true;
    } else if (char === '}' || char === ']') {
      if (closers.pop() !== char) closers.length = 0;
      else if (closers.length === 0 && isBlankToLineEdge(text, at + 1, 1)) documents.push(text.slice(from, at + 1));
    }
  }
  return documents;
}

function isBlankToLineEdge(text: string, from: number, step: 1 | -1): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r') at += step;
  return text[at] === undefined || text[at] === '\n';
}
