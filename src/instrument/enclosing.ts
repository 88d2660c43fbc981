import { keyOf, type Node } from './node.ts';

/** Where the walk is. */
export interface Scope {
  /** Name of the innermost enclosing function that has one; methods are `Class.method`. */
  readonly fn: string;
  /** Name of the enclosing class. */
  readonly owner: string;
}

/** The name of a function or class: its own, or what it is assigned to, as the language infers it. */
export function nameOf(node: Node, parent: Node | undefined, scope: Scope): string | undefined {
  if (node.id) return node.id.name;
  switch (parent?.type) {
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
      return memberName(parent, scope);
    case 'Property':
      return parent.value === node ? keyOf(parent.key!, parent.computed === true) : undefined;
    case 'VariableDeclarator':
      return parent.id!.name;
    case 'AssignmentExpression':
    case 'AssignmentPattern':
      return parent.right === node ? targetName(parent.left!) : undefined;
    case 'ExportDefaultDeclaration':
      return 'default';
    case undefined:
    default:
      return undefined;
  }
}

/** `Class.member`. */
export function memberName(member: Node, { owner }: Scope): string | undefined {
  const key = keyOf(member.key!, member.computed === true);
  return key === undefined || owner === '' ? key : `${owner}.${key}`;
}

function targetName(target: Node): string | undefined {
  return target.type === 'MemberExpression' ? keyOf(target.property!, target.computed === true) : target.name;
}
