/**
 * An error that straddle itself raises: wrong use of its interface, or the verdict of `check`.
 * `kind` is stable and meant for programs; `message` is one clear sentence meant for people.
 */
export class StraddleError extends Error {
  override readonly name = 'StraddleError';
  readonly kind: string;

  constructor(kind: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
