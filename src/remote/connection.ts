import type { Socket } from 'node:net';
import {
  CancellationTokenSource,
  createMessageConnection,
  ParameterStructures,
  ResponseError,
  type CancellationToken,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { StraddleError } from '../../scheduler/error.ts';
import { decode, decodeError, encode, encodeArguments, encodeError, type EncodedError } from './codec.ts';
import { FrameReader, FrameWriter } from './frames.ts';

/** The code of a response that carries an encoded error. */
const FAILED = 1;

/** What a handler gets besides its arguments: whoever called has given up. */
export type Cancelled = Pick<CancellationToken, 'onCancellationRequested'>;
export type Handler = (args: readonly unknown[], cancelled: Cancelled) => unknown;

/**
 * One end of the socket between parent and child: JSON-RPC 2.0, any number of calls at the same time in both
 * directions. When the connection is lost every pending call rejects with the cause.
 */
export class Connection {
  readonly #rpc: MessageConnection;
  readonly #socket: Socket;
  readonly #lost: Promise<Error>;
  #lose!: (cause: Error) => void;
  #cause: Error | undefined;
  #sent = 0;
  readonly #keep: (alive: boolean) => void;
  #pending = 0;

  /**
   * @param onBroken called once, when the socket has closed or carries nonsense (then with the error). Whoever made
   * the connection finds out why and calls `lose`.
   * @param keep called when somebody begins to wait for an answer, and when nobody waits any more.
   */
  constructor(socket: Socket, onBroken: (error: Error | undefined) => void, keep: (alive: boolean) => void = nothing) {
    this.#socket = socket;
    this.#keep = keep;
    this.#lost = new Promise((resolve) => (this.#lose = resolve));
    this.#rpc = createMessageConnection(new FrameReader(socket), new FrameWriter(socket));
    let broken = false;
    const once = (error: Error | undefined): void => {
      if (broken) return;
      broken = true;
      onBroken(error);
    };
    this.#rpc.onError(([error]) => {
      // What the system says of a socket is a consequence: its other end is gone.
      once(error instanceof StraddleError ? error : undefined);
    });
    this.#rpc.onClose(() => {
      once(undefined);
    });
    socket.on('error', () => {
      once(undefined);
    });
  }

  /** Why the connection is lost, once it is. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /** How many calls were sent to the other process. */
  get sent(): number {
    return this.#sent;
  }

  /** Answers a method; to be called before `listen`. */
  on(method: string, handler: Handler): void {
    this.#rpc.onRequest(method, async (...params: unknown[]) => {
      const cancelled = params.pop() as CancellationToken;
      try {
        return encode(await handler(params.map(decode), cancelled));
      } catch (error) {
        const encoded = encodeError(error);
        throw new ResponseError(FAILED, encoded.message, encoded);
      }
    });
  }

  /** Hears a notification; to be called before `listen`. */
  hear(method: string, handler: (...args: never[]) => void): void {
    this.#rpc.onNotification(method, (...params: unknown[]) => {
      handler(...(params as never[]));
    });
  }

  listen(): void {
    this.#rpc.listen();
  }

  /** Tells the other process something, as plain JSON. */
  tell(method: string, ...args: readonly unknown[]): void {
    if (this.#cause === undefined) {
      this.#rpc.sendNotification(method, ParameterStructures.byPosition, ...args).catch(() => undefined);
    }
  }

  /**
   * Calls a method of the other process. Rejects with the error that it threw, with the cause if the connection is or
   * gets lost, or as `aborted`.
   */
  async call(
    method: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    name = method,
  ): Promise<unknown> {
    const params = encodeArguments(name, args);
    if (this.#cause !== undefined) throw this.#cause;
    if (signal === undefined) return this.#send(method, params, undefined);
    const source = new CancellationTokenSource();
    let abort!: () => void;
    const aborted = new Promise<never>((_, reject) => {
      abort = () => {
        source.cancel();
        reject(new StraddleError('aborted', `${name} was aborted.`, { cause: signal.reason }));
      };
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([aborted, signal.aborted ? aborted : this.#send(method, params, source.token)]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Gives up: pending and later calls reject with `cause`, and the socket is closed. Only the first cause counts. */
  lose(cause: Error): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#lose(cause);
    this.#rpc.dispose();
    // What was written last still has to get there.
    this.#socket.end();
    this.#socket.resume();
  }

  async #send(method: string, params: readonly unknown[], token: CancellationToken | undefined): Promise<unknown> {
    this.#sent++;
    // An idle connection keeps no process alive; one that is waited for does.
    if (this.#pending++ === 0) this.#keep(true);
    try {
      const sent = token === undefined ? params : [...params, token];
      return decode(await this.#rpc.sendRequest(method, ParameterStructures.byPosition, ...sent));
    } catch (error) {
      if (error instanceof ResponseError && error.code === FAILED) throw decodeError(error.data as EncodedError);
      if (error instanceof ResponseError && this.#cause === undefined && isAnswer(error)) throw error;
      throw await this.#lost;
    } finally {
      if (--this.#pending === 0) this.#keep(false);
    }
  }
}

/** The other process answered, if only that it knows no such method. */
function isAnswer({ code }: ResponseError<unknown>): boolean {
  return code >= -32700 && code <= -32600;
}

function nothing(): void {
  // A child always lives as long as its socket.
}
