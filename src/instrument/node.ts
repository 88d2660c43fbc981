/** What the transform reads of an ESTree node; TypeScript and JSX nodes are walked but never touched. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly arguments?: readonly Node[];
  readonly argument?: Node;
  readonly await?: boolean;
  readonly body?: Node | readonly Node[];
  readonly callee?: Node;
  readonly computed?: boolean;
  readonly declarations?: readonly Node[];
  readonly expression?: Node;
  readonly id?: Node | null;
  readonly init?: Node | null;
  readonly key?: Node;
  readonly kind?: string;
  readonly left?: Node;
  readonly name?: string;
  readonly object?: Node;
  readonly operator?: string;
  readonly optional?: boolean;
  readonly property?: Node;
  readonly right?: Node;
  readonly typeArguments?: Node | null;
  readonly value?: unknown;
}

/** The name that a property, method or member has in the source; undefined where it is computed. */
export function keyOf(key: Node, computed: boolean): string | undefined {
  if (!computed && key.type === 'PrivateIdentifier') return `#${key.name}`;
  if (!computed && key.type === 'Identifier') return key.name;
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined;
}

/** Skips closing parentheses, white space and comments after a node: the offset of the next token. */
export function tokenAfter(code: string, end: number): number {
  const blank = /(?:[\s)!]|\/\/.*|\/\*[^]*?\*\/)*/y;
  blank.lastIndex = end;
  blank.test(code);
  return blank.lastIndex;
}
