import type MagicString from 'magic-string';
import { walk, type Context } from 'zimmerframe';
import { lower, planLowering, skippable } from './chain.ts';
import { memberName, nameOf, type Scope } from './enclosing.ts';
import { keyOf, tokenAfter, type Node } from './node.ts';
import type { Names, Part } from './runtime.ts';
import type { Draft } from './sites.ts';

export interface Rewritten {
  /** Every scheduling point; its index is what the code passes on. */
  readonly drafts: readonly Draft[];
  /** What the code needs besides `hop`. */
  readonly parts: ReadonlySet<Part>;
}

const longest = 80;

/** Rewrites all scheduling points of a module. Nothing that is put in contains a line break. */
export function rewrite(program: Node, edit: MagicString, names: Names): Rewritten {
  const code = edit.original;
  const parts = new Set<Part>();
  const drafts: Draft[] = [];

  const addSite = (offset: number, text: string, { fn }: Scope): number => drafts.push({ offset, text, fn }) - 1;
  const textOf = (node: Node): string => shorten(code.slice(node.start, node.end));
  const open = (node: Node, name: string): string =>
    `${follows(code, node.start) ? ' ' : ''}${name}(${node.type === 'SequenceExpression' ? '(' : ''}`;
  const close = (node: Node, site: number): void => {
    edit.appendLeft(node.end, `${node.type === 'SequenceExpression' ? ')' : ''}, ${site})`);
  };
  /** Children first, so that what encloses another edit at the same place comes to lie around it. */
  const wrap = (node: Node, name: string, site: number): void => {
    edit.prependRight(node.start, open(node, name));
    close(node, site);
  };

  const untouched = new Set<Node>();
  /** The reactions of the chain at hand whose receiver may be skipped. */
  let pending: { readonly call: Node; readonly open: string }[] = [];

  const inFunction = (node: Node, { next, path, state }: Context<Node, Scope>): void => {
    next({ ...state, fn: nameOf(node, path.at(-1), state) ?? state.fn });
  };
  const inClass = (node: Node, { next, path, state }: Context<Node, Scope>): void => {
    const owner = nameOf(node, path.at(-1), state) ?? '';
    next({ ...state, owner });
  };
  const inField = (node: Node, { next, state }: Context<Node, Scope>): void => {
    next({ ...state, fn: memberName(node, state) ?? state.fn });
  };

  walk<Node, Scope>(
    program,
    { fn: '', owner: '' },
    {
      FunctionDeclaration: inFunction,
      FunctionExpression: inFunction,
      ArrowFunctionExpression: inFunction,
      ClassDeclaration: inClass,
      ClassExpression: inClass,
      PropertyDefinition: inField,
      AccessorProperty: inField,

      // Generated code adds thousands of strings in one expression: no recursion along its left side.
      BinaryExpression(node, { visit }) {
        const operands: Node[] = [];
        let left = node;
        for (; left.type === 'BinaryExpression'; left = left.left!) operands.push(left.right!);
        visit(left);
        for (const operand of operands.reverse()) visit(operand);
      },

      AwaitExpression(node, { next, path, state }) {
        const argument = node.argument!;
        if (isHoistedByVitest(node, path.at(-1))) return void next();
        const site = addSite(node.start, textOf(argument), state);
        next();
        wrap(argument, names.hop, site);
      },

      ForOfStatement(node, { next, state }) {
        const site = node.await === true ? addSite(node.start, textOf(node.right!), state) : undefined;
        const resource = node.left!.kind === 'await using' ? node.left!.declarations![0]!.id! : undefined;
        const resourceSite = resource && addSite(node.left!.start, textOf(resource), state);
        next();
        if (site !== undefined) {
          parts.add('each');
          wrap(node.right!, names.each, site);
        }
        if (resource !== undefined) {
          parts.add('disposal');
          const body = node.body as Node;
          constInstead(edit, node.left!);
          const declaration = `await using ${names.resource} = ${names.disposal}(${resource.name}, ${resourceSite});`;
          edit.prependRight(body.start, `{ ${declaration} `);
          edit.appendLeft(body.end, ' }');
        }
      },

      VariableDeclaration(node, { next, path, state }) {
        const parent = path.at(-1)!;
        if (node.kind !== 'await using' || parent.left === node || parent.init === node) return void next();
        parts.add('disposal');
        const declarations = node.declarations!;
        const sites = declarations.map(({ start, init }) => addSite(start, textOf(init!), state));
        next();
        constInstead(edit, node);
        declarations.forEach(({ id, end }, index) => {
          const resource = `${names.resource}${sites[index]}`;
          edit.appendLeft(end, `; await using ${resource} = ${names.disposal}(${id!.name}, ${sites[index]});`);
          const following = declarations[index + 1];
          if (following === undefined) return;
          const comma = tokenAfter(code, end);
          edit.update(comma, comma + 1, ' const');
        });
      },

      ChainExpression(node, { next, path }) {
        const plan = planLowering(node, path.at(-1), isReaction);
        if (plan === 'impossible') untouched.add(node);
        if (plan === undefined || plan === 'impossible') return void next();
        const outer = pending;
        pending = [];
        next();
        parts.add('value');
        lower(edit, plan, pending, names);
        pending = outer;
      },

      CallExpression(node, { next, path, state }) {
        if (!isReaction(node) || path.at(-1)!.type === 'Decorator') return void next();
        const { object, property } = node.callee! as { object: Node; property: Node };
        const skips = skippable(object);
        if (skips && untouched.has(path.findLast(({ type }) => type === 'ChainExpression')!)) return void next();
        const text = `${textOf(object)}.${keyOf(property, false)}(…)`;
        const site = addSite(property.start, text, state);
        next();
        parts.add('reaction');
        if (!skips) return wrap(object, names.reaction, site);
        pending.push({ call: node, open: `${names.reaction}(` });
        close(object, site);
      },
    },
  );

  return { drafts, parts };
}

function isReaction({ type, callee }: Node): boolean {
  if (type !== 'CallExpression' || callee!.type !== 'MemberExpression' || callee!.object!.type === 'Super')
    return false;
  const key = keyOf(callee!.property!, callee!.computed === true);
  return key === 'then' || key === 'catch' || key === 'finally';
}

/**
 * `await vi.hoisted(…)` and `vi.mock(await import('x'))` are recognised by their form when Vitest moves them to
 * the top of the file.
 */
function isHoistedByVitest({ argument }: Node, parent: Node | undefined): boolean {
  return isMockCall(argument!, /^hoisted$/) || (parent !== undefined && isMockCall(parent, /^(?:do)?(?:un)?mock$/i));
}

function isMockCall({ type, callee }: Node, method: RegExp): boolean {
  if (type !== 'CallExpression' || callee!.type !== 'MemberExpression') return false;
  const { object, property } = callee as { object: Node; property: Node };
  return /^(?:vi|vitest)$/.test(object.name ?? '') && method.test(property.name ?? '');
}

/** A declaration with `await using` keeps its form with `const`. */
function constInstead(edit: MagicString, { start }: Node): void {
  const keywords = /await(?:\s|\/\*[^]*?\*\/)+using/y;
  keywords.lastIndex = start;
  keywords.test(edit.original);
  edit.update(start, keywords.lastIndex, 'const');
}

/** Whether a name put here would run into the word before it (`await[…]`, `return/x/…`). */
function follows(code: string, offset: number): boolean {
  return /[\p{ID_Continue}$]$/u.test(code.slice(Math.max(0, offset - 2), offset));
}

function shorten(text: string): string {
  // Imports as Vitest has rewritten them where it mocks modules.
  const line = text.replace(/\s+/g, ' ').replace(/\b__vi_import_\d+__\.(?:default\b)?/g, '');
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}
