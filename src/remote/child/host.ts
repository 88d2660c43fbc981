import { StraddleError } from '../../../scheduler/error.ts';
import type { Connection, Handler } from '../connection.ts';
import { CONTRACT_VERSION, type Boot, type Contract, type Offer, type Services } from '../contract.ts';
import type { Server } from '../serve.ts';
import { Instance } from './instance.ts';
import { Points } from './points.ts';

/** Answers the parent: the services of the harness around one server at a time. */
export class Host {
  readonly points = new Points();
  #instance: Instance | undefined;
  #boots = 0;

  /** No server runs. */
  get idle(): boolean {
    return this.#instance === undefined;
  }

  serve(connection: Connection): void {
    const handlers: { readonly [Method in keyof Services]: Handler } = {
      'lifecycle/bootstrap': ([boot]) => this.#bootstrap(boot as Boot),
      'lifecycle/waitReady': () => this.#demand().serving.ready(),
      'lifecycle/shutdown': () => this.#shutdown(),
      'serving/pause': () => this.#demand().serving.pause(),
      'serving/resume': () => this.#demand().serving.resume(),
      'serving/state': () => this.#demand().state(),
      'barriers/install': ([name, key]) => this.points.install(name as string, key),
      'barriers/waitHeld': ([token], cancelled) => this.points.waitHeld(token as string, cancelled),
      'barriers/release': ([token]) => this.points.release(token as string),
      'barriers/releaseAll': () => this.points.releaseAll(),
      'calls/invoke': ([name, ...args]) => this.#demand().invoke(name as string, args),
    };
    const { pilot } = this.points;
    pilot.attach(connection);
    for (const [method, handler] of Object.entries(handlers)) connection.on(method, pilot.steered(handler));
    connection.listen();
  }

  /** Replaces the server by a fresh one. Of two bootstraps at the same time the later counts. */
  async #bootstrap({ version, module, config, barriers }: Boot): Promise<Offer> {
    if (version !== CONTRACT_VERSION) throw wrongVersion(`the parent speaks version ${version}`);
    const boot = ++this.#boots;
    // What the old server does at its end depends on the execution before this one: it must not be part of this one.
    const { pilot } = this.points;
    await pilot.idle.during(pilot.aside(() => this.#end()));
    const server = await pilot.idle.during(load(module));
    if (boot !== this.#boots) throw new StraddleError('shutdown', 'a later bootstrap has replaced this one.');
    this.points.reset(barriers);
    const instance = new Instance((name, body) => this.points.pilot.run(name, body));
    this.#instance = instance;
    try {
      await instance.start(server, config);
    } catch (error) {
      if (this.#instance === instance) this.#instance = undefined;
      throw error;
    }
    return { calls: instance.calls };
  }

  async #shutdown(): Promise<void> {
    this.#boots++;
    await this.#end();
  }

  /** First nobody is parked any more, then the server can be waited for. */
  async #end(): Promise<void> {
    const instance = this.#instance;
    this.#instance = undefined;
    this.points.close();
    await instance?.close();
  }

  #demand(): Instance {
    if (this.#instance !== undefined) return this.#instance;
    throw new StraddleError('shutdown', 'no server runs in this child: it was shut down, or its bootstrap failed.');
  }
}

async function load(url: string): Promise<Server<Contract>> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(url)) as Record<string, unknown>;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StraddleError('remote-module', `the module could not be loaded: ${why}`, { cause });
  }
  const server = exported['server'] as Partial<Server<Contract>> | undefined;
  if (typeof server?.setup !== 'function') {
    const remedy = 'write `export const server = serve(async (config, context) => ({ calls: { … } }))`';
    throw new StraddleError('remote-module', `the module exports no \`server\`; ${remedy}.`);
  }
  if (server.version !== CONTRACT_VERSION) throw wrongVersion(`its module was made with version ${server.version}`);
  return server as Server<Contract>;
}

function wrongVersion(what: string): StraddleError {
  const why = 'two versions of straddle are installed; make it one';
  return new StraddleError(
    'remote-version',
    `the child speaks contract version ${CONTRACT_VERSION}, but ${what}: ${why}.`,
  );
}
