import { Mutex } from 'async-mutex';

/** A scheduling point, of either tool. */
export type Point = (name: string, key?: string) => Promise<unknown>;

/** A body with a bug that some orders show: it throws, or never ends. */
export type Program = (point: Point) => Promise<void>;

async function lostUpdate(point: Point): Promise<void> {
  let n = 0;
  const add = async (): Promise<void> => {
    await point('read', 'n');
    const seen = n;
    await point('write', 'n');
    n = seen + 1;
  };
  await Promise.all([add(), add()]);
  if (n !== 2) throw new Error(`lost update: ${n}`);
}

async function bank(point: Point): Promise<void> {
  let balance = 1000;
  const withdraw = async (amount: number): Promise<void> => {
    await point('check', 'balance');
    if (balance < amount) return;
    await point('pay', 'balance');
    balance -= amount;
  };
  await Promise.all([withdraw(500), withdraw(700)]);
  if (balance < 0) throw new Error(`overdrawn: ${balance}`);
}

interface Cell {
  readonly name: string;
  next: Cell | undefined;
}

/** A free list with compare-and-swap: one pop sleeps while the other task pops twice and gives the first one back. */
async function aba(point: Point): Promise<void> {
  const third: Cell = { name: 'c', next: undefined };
  const second: Cell = { name: 'b', next: third };
  let head: Cell | undefined = { name: 'a', next: second };
  const inUse = new Set<Cell>();
  const pop = async (): Promise<Cell> => {
    for (;;) {
      await point('look', 'head');
      const top = head!;
      const { next } = top;
      await point('swap', 'head');
      if (head !== top) continue;
      head = next;
      if (inUse.has(top)) throw new Error(`${top.name} was handed out twice`);
      inUse.add(top);
      return top;
    }
  };
  const push = async (cell: Cell): Promise<void> => {
    await point('link', 'head');
    inUse.delete(cell);
    cell.next = head;
    await point('swap', 'head');
    head = cell;
  };
  const churn = async (): Promise<void> => {
    const first = await pop();
    await pop();
    await push(first);
  };
  await Promise.all([pop(), churn()]);
  if (head !== undefined && inUse.has(head)) throw new Error(`${head.name} is in use and free`);
}

/** Opposite orders: it never ends. */
async function deadlock(point: Point): Promise<void> {
  const a = new Mutex();
  const b = new Mutex();
  const both = async (first: Mutex, second: Mutex): Promise<void> => {
    await point('first lock');
    await first.runExclusive(async () => {
      await point('second lock');
      await second.runExclusive(() => point('work'));
    });
  };
  await Promise.all([both(a, b), both(b, a)]);
}

/** The check stands before an await, so that work goes on after the shutdown. */
async function adders(point: Point): Promise<void> {
  let isClosed = false;
  let isDown = false;
  let active = 0;
  const add = async (): Promise<void> => {
    await point('enter');
    if (isClosed) return;
    await point('checked');
    active++;
    await point('work');
    if (isDown) throw new Error('work after the shutdown');
    active--;
  };
  const shutdown = async (): Promise<void> => {
    await point('shutdown');
    isClosed = true;
    while (active > 0) await point('waits');
    isDown = true;
  };
  await Promise.all([...Array.from({ length: 50 }, add), shutdown()]);
}

/** One task must make so many steps before the other's first. */
const starve =
  (steps: number): Program =>
  async (point) => {
    let made = 0;
    const long = async (): Promise<void> => {
      for (let i = 0; i < steps; i++) {
        await point('step');
        made++;
      }
    };
    const short = async (): Promise<void> => {
      await point('look');
      if (made === steps) throw new Error('starved');
    };
    await Promise.all([long(), short()]);
  };

/** The other task's one step must come between two given ones. */
async function window(point: Point): Promise<void> {
  let made = 0;
  const long = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await point('step');
      made++;
    }
  };
  const short = async (): Promise<void> => {
    await point('look');
    if (made === 10) throw new Error('in the window');
  };
  await Promise.all([long(), short()]);
}

/** A producer must be inside its last await during the whole of a drain; 103 schedules. */
async function narrow(point: Point): Promise<void> {
  let isClosing = false;
  let isFlushing = false;
  const produce = async (): Promise<void> => {
    for (let i = 0; i < 50 && !isClosing; i++) await point('tick');
    if (isClosing) return;
    isFlushing = true;
    await point('flush');
    isFlushing = false;
  };
  const drain = async (): Promise<void> => {
    await point('close');
    isClosing = true;
    const wasFlushing = isFlushing;
    await point('drained');
    if (wasFlushing && isFlushing) throw new Error('drained during the flush');
  };
  await Promise.all([produce(), drain()]);
}

/** With the most executions that fast-check's scheduler is given. */
export const PROGRAMS: readonly { readonly name: string; readonly program: Program; readonly most: number }[] = [
  { name: 'lost update, 2 tasks', program: lostUpdate, most: 1000 },
  { name: 'bank check-then-act', program: bank, most: 1000 },
  { name: 'ABA on a free list', program: aba, most: 500 },
  { name: 'two-lock deadlock', program: deadlock, most: 1000 },
  { name: '50 adders and a shutdown', program: adders, most: 200 },
  { name: 'starve10', program: starve(10), most: 1500 },
  { name: 'starve15', program: starve(15), most: 200 },
  { name: 'window10of20', program: window, most: 500 },
  { name: 'narrow lifecycle', program: narrow, most: 100 },
];
