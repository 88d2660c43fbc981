/** What `test/fixtures/remote/counter.js` serves. */
export interface Counter {
  readonly config: { readonly from?: number };
  readonly state: { readonly count: number; readonly loops: number; readonly running: number };
  readonly calls: {
    add(by: number, key?: unknown): number;
    echo<T>(value: T): T;
    pid(): number;
    /** How the loops of all servers so far began and ended; forgotten when told. */
    history(): ('start' | 'stop')[];
    /** Whether anything sits in the slot of the production hook. */
    isHooked(): boolean;
    fail(message: string): never;
    die(code: number): never;
    hang(): never;
    spin(ms: number): void;
    loop(n: number): void;
    spawnChild(): number;
    reject(): void;
  };
}

/** What `test/fixtures/remote/stages.js` serves: a server that goes wrong where it is told to. */
export interface Stages {
  readonly config: { readonly at?: string; readonly how?: 'throw' | 'exit' | 'kill' | 'hang' };
  readonly calls: { work(): string; undone(): string[] };
}
