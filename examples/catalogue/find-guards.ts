import MagicString from 'magic-string';
import { parseSync } from 'oxc-parser';
import { walk } from 'zimmerframe';
import type { Guard } from './guards.ts';

/*
 * Finds what can be removed from fixed code, and makes it removable. Fixed code is a declaration whose comment begins
 * with "Fixed". In it, each of these is a guard, and has one removal, or two where it can be lost both ways:
 *
 *   lock       lock.runExclusive(body), .exclusive, .shared, mutex.run(…, body)   the body runs without the lock
 *   check      if, ?:, while; an operand of && and ||; the fallback of ??, the check of ??=   always, or never
 *   gate       void sim.hold(…)…                                                  nobody is held
 *   statement  an expression: a flag, a join, a kill, a notification              it is not there
 *   rescue     try … catch                                                        the error goes on
 *   switch     true as an argument or a property                                  false
 *   member     of a list or record that is an argument                            it is not there
 *
 * Points and branches are no guards: they are what a test sees.
 */

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface Guarded {
  readonly code: string;
  readonly guards: readonly Guard[];
}

/** @param switches what to import `declareGuards` from, as the module writes it. */
export function findGuards(code: string, file: string, switches: string): Guarded {
  const { program } = parseSync(file, code, { preserveParens: false });
  const edit = new MagicString(code);
  const guards: Guard[] = [];
  const textOf = ({ start, end }: Node): string => code.slice(start, end);

  const add = (where: string, removal: string): string => {
    guards.push({ file, where, removal: shorten(removal) });
    return `__isOn(${guards.length - 1})`;
  };
  const wrap = (node: Node, before: string, after: string): void => {
    edit.appendLeft(node.start, before);
    edit.prependRight(node.end, after);
  };

  /** A condition that can be made true and false. */
  const check = (where: string, test: Node, kind: string): void => {
    const text = `${kind} (${textOf(test)})`;
    const always = add(where, `always ${text}`);
    const never = add(where, `never ${text}`);
    wrap(test, `(!${always} || ${never} && (`, '))');
  };

  const visit = (node: Node, where: string, parent: Node | undefined): void => {
    switch (node.type) {
      case 'CallExpression': {
        const callee = node['callee'] as Node;
        if (!isLock(callee, textOf)) return;
        const [object, method] = [callee['object'] as Node, callee['property'] as Node];
        const on = add(where, `unlocked ${textOf(callee)}(…)`);
        edit.appendLeft(callee.start, `__locked(${on}, `);
        edit.overwrite(object.end, callee.end, `, '${textOf(method)}')`);
        return;
      }
      case 'IfStatement':
        return check(where, node['test'] as Node, 'if');
      case 'ConditionalExpression':
        return check(where, node['test'] as Node, '?:');
      case 'WhileStatement': {
        const test = node['test'] as Node;
        return wrap(test, `${add(where, `never while (${textOf(test)})`)} && (`, ')');
      }
      case 'LogicalExpression': {
        const [left, right] = [node['left'] as Node, node['right'] as Node];
        if (node['operator'] === '??') {
          wrap(right, `(${add(where, `without ?? ${textOf(right)}`)} ? (`, ') : undefined)');
          return;
        }
        const neutral = node['operator'] === '&&';
        for (const operand of [left, right]) {
          if (operand.type === 'LogicalExpression' && operand['operator'] === node['operator']) continue;
          const on = add(where, `without ${textOf(operand)}, of ${textOf(node)}`);
          wrap(operand, `(${on} ? (`, `) : ${neutral})`);
        }
        return;
      }
      case 'AssignmentExpression': {
        if (node['operator'] !== '??=') return;
        const [left, right] = [textOf(node['left'] as Node), textOf(node['right'] as Node)];
        wrap(node, `(${add(where, `always ${left} = ${right}`)} ? (`, `) : (${left} = ${right}))`);
        return;
      }
      case 'UnaryExpression':
        if (node['operator'] === 'void' && parent?.type === 'ArrowFunctionExpression')
          wrap(node, `(${add(where, `without ${textOf(node['argument'] as Node)}`)} ? `, ' : undefined)');
        return;
      case 'ExpressionStatement': {
        const expression = node['expression'] as Node;
        if (isSeen(textOf(expression)) || hasLock(expression, textOf)) return;
        wrap(node, `{ if (${add(where, `without ${textOf(expression)}`)}) `, ' }');
        return;
      }
      case 'ArrayExpression':
      case 'ObjectExpression': {
        if (parent?.type !== 'CallExpression') return;
        for (const member of (node['elements'] ?? node['properties']) as Node[]) {
          const on = add(where, `without ${textOf(member)}, of ${textOf(parent)}`);
          if (node.type === 'ArrayExpression') wrap(member, `...(${on} ? [`, '] : [])');
          else wrap(member, `...(${on} ? { `, ' } : {})');
        }
        return;
      }
      case 'CatchClause': {
        const body = node['body'] as Node;
        const param = node['param'] as Node | null;
        const on = add(where, 'not caught');
        if (param === null) edit.appendLeft(body.start, '(__error) ');
        edit.appendRight(body.start + 1, ` if (!${on}) throw ${param === null ? '__error' : textOf(param)};`);
        return;
      }
      case 'Literal':
        if (node['value'] !== true) return;
        if (parent?.type === 'CallExpression') {
          edit.overwrite(node.start, node.end, add(where, `false in ${textOf(parent)}`));
        } else if (parent?.type === 'Property') {
          const key = textOf(parent['key'] as Node);
          edit.overwrite(parent.start, parent.end, `get ${key}() { return ${add(where, `without ${key}`)}; }`);
        }
        return;
      default:
    }
  };

  walk<Node, { where: string | undefined }>(
    program as unknown as Node,
    { where: undefined },
    {
      _(node, { state, next, path }) {
        const where = state.where ?? (isFixed(code, node) ? nameOf(node, textOf) : undefined);
        const isMember = state.where !== undefined && /Function/.test((node['value'] as Node | undefined)?.type ?? '');
        const inner = isMember ? `${where!}.${textOf(node['key'] as Node)}` : where;
        if (inner !== undefined) visit(node, inner, path.at(-1));
        next({ where: inner });
      },
    },
  );
  if (guards.length === 0) return { code, guards };
  edit.append(
    `\nimport { declareGuards as __declareGuards, locked as __locked } from '${switches}';` +
      `\nvar __isOn = __declareGuards(${JSON.stringify(guards)});\n`,
  );
  return { code: edit.toString(), guards };
}

const LOCKS = new Set(['runExclusive', 'exclusive', 'shared']);

function isLock(callee: Node, textOf: (node: Node) => string): boolean {
  if (callee.type !== 'MemberExpression' || callee['computed'] === true) return false;
  const method = textOf(callee['property'] as Node);
  return LOCKS.has(method) || (method === 'run' && /mutex/i.test(textOf(callee['object'] as Node)));
}

function hasLock(expression: Node, textOf: (node: Node) => string): boolean {
  if (expression.type === 'AwaitExpression') return hasLock(expression['argument'] as Node, textOf);
  return expression.type === 'CallExpression' && isLock(expression['callee'] as Node, textOf);
}

/** Points and branches. */
function isSeen(text: string): boolean {
  return /^(await )?([\w#.]+\.)?(point|at|branch)\(/.test(text);
}

/** Whether the comment before a declaration begins with "Fixed". */
function isFixed(code: string, { type, start }: Node): boolean {
  if (!/Declaration$|^Property$|^MethodDefinition$/.test(type)) return false;
  const before = code.slice(0, start).trimEnd();
  return before.endsWith('*/') && /^\/\*\*[\s*]*Fixed\b/.test(before.slice(before.lastIndexOf('/**')));
}

function nameOf(node: Node, textOf: (node: Node) => string): string {
  const declaration = (node['declaration'] ?? node) as Node;
  const [first] = (declaration['declarations'] ?? []) as Node[];
  return textOf((first ?? declaration)[first === undefined && 'key' in declaration ? 'key' : 'id'] as Node);
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
