import type MagicString from 'magic-string';
import { tokenAfter, type Node } from './node.ts';
import type { Names } from './runtime.ts';

/**
 * Reactions inside an optional chain. In `a?.b.then(f)` the receiver cannot simply be wrapped: when `a` is
 * missing, the whole chain is skipped, not only its first part. So the links before the last reaction are
 * written out, each with its base in a variable that is read before any other code can run:
 *
 *     a?.b.then(f)       null == (link = a) ? void 0 : reaction(link.b, 0).then(f)
 *     o.m?.(x).then(f)   null == (link = [self = o, self.m])[1] ? void 0 : reaction(link[1].call(link[0], x), 0).then(f)
 */
export interface Lowering {
  readonly chain: Node;
  /** The optional links to write out, innermost first. */
  readonly links: readonly Node[];
}

/** From the outermost part of a member or call chain to its base. */
function* spine(outermost: Node | undefined): Generator<Node> {
  let node = outermost;
  while (node !== undefined) {
    yield node;
    node = inner(node);
  }
}

function inner(node: Node): Node | undefined {
  if (node.type === 'MemberExpression') return node.object;
  if (node.type === 'CallExpression') return node.callee;
  return node.type === 'TSNonNullExpression' ? node.expression : undefined;
}

/** Whether a part of this receiver can be skipped together with what follows it. */
export function skippable(receiver: Node): boolean {
  return optionalLinks(receiver).length > 0;
}

function optionalLinks(outermost: Node): Node[] {
  return [...spine(outermost)].filter((node) => node.optional === true).reverse();
}

/**
 * What has to be written out in a chain so that its reactions can be wrapped; undefined where nothing has to.
 * `impossible` where the chain's value is used as a reference, or a link carries type arguments.
 */
export function planLowering(
  chain: Node,
  parent: Node | undefined,
  isReaction: (call: Node) => boolean,
): Lowering | 'impossible' | undefined {
  const last = [...spine(chain.expression)].find((node) => isReaction(node) && skippable(node.callee!.object!));
  if (last === undefined) return undefined;
  const links = optionalLinks(last.callee!.object!);
  const referenced =
    parent !== undefined &&
    (parent.callee === chain || parent.type === 'TaggedTemplateExpression' || parent.operator === 'delete');
  if (referenced || links.some((link) => link.typeArguments)) return 'impossible';
  return { chain, links };
}

/** Writes out the links. `reactions` are the instrumented calls of this chain whose receiver is skippable. */
export function lower(
  edit: MagicString,
  { chain, links }: Lowering,
  reactions: readonly { readonly call: Node; readonly open: string }[],
  names: Names,
): void {
  const code = edit.original;
  const openings = links.map((link) => {
    const method = methodOf(link);
    if (method === undefined) return `null == (${names.link} = `;
    if (method.object!.type === 'Super') return `null == (${names.link} = [this, `;
    // In `a?.m?.(x)` the receiver is what the link before it has just read.
    if (!links.includes(method)) edit.appendLeft(tokenAfter(code, method.object!.end), `, ${names.self}`);
    return `null == (${names.link} = [${names.self} = `;
  });
  edit.prependRight(chain.start, `${names.value}(${openings[0]}`);
  edit.appendLeft(chain.end, ')');
  const outermostFirst = [...reactions].sort((a, b) => b.call.end - a.call.end);
  links.forEach((link, index) => {
    const here = outermostFirst.filter(({ call }) => optionalLinks(call.callee!.object!).at(-1) === link);
    const next = (openings[index + 1] ?? '') + here.map(({ open }) => open).join('');
    const from = code.indexOf('?.', tokenAfter(code, inner(link)!.end));
    if (methodOf(link) === undefined) {
      const following = links[index + 1];
      const receiver = following && methodOf(following) === link ? `${names.link}, ${names.self}` : names.link;
      const dot = link.type === 'MemberExpression' && !link.computed ? '.' : '';
      edit.update(from, from + 2, `) ? void 0 : ${next}${receiver}${dot}`);
    } else {
      const parenthesis = code.indexOf('(', from);
      const comma = link.arguments!.length > 0 ? ', ' : '';
      const call = `${names.link}[1].call(${names.link}[0]${comma}`;
      edit.update(from, parenthesis + 1, `])[1] ? void 0 : ${next}${call}`);
    }
  });
}

/** The member that an optional call gets its `this` from. */
function methodOf(link: Node): Node | undefined {
  return link.type === 'CallExpression' && link.callee!.type === 'MemberExpression' ? link.callee : undefined;
}
