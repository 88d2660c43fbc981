import type { Scheduler } from '../scheduler.ts';
import { VirtualFrames } from './animation.ts';
import { Chance } from './chance.ts';
import { channelFunctions, type ChannelFunctions } from './channels.ts';
import { PERFORMANCE_START, START_TIME } from './clock.ts';
import { allControls } from './controls.ts';
import { worldSlot } from './dispatch.ts';
import { Entropy } from './entropy.ts';
import { FakeClocks } from './fake-clocks.ts';
import { Fetching } from './fetching.ts';
import { WholeFiles } from './fs-whole.ts';
import { VirtualPorts } from './message-ports.ts';
import { nativeHooks } from './native-hooks.ts';
import { originals } from './originals.ts';
import { OutsideWork } from './outside.ts';
import { Patience } from './patience.ts';
import { ProcessClock } from './process-clock.ts';
import { Strays } from './strays.ts';
import { WaitingTime } from './waiting-time.ts';
import { areThreadsRunning, heardFromAnywhere } from './workers.ts';
import { PromisedTimers } from './timers-promises.ts';
import { VirtualTimers } from './timers.ts';

/**
 * Time, chance and channels as the code under test sees them. In place only while the engine holds the loop;
 * dispatchers that are installed for good pass through at all other times.
 */
export class World {
  readonly chance = new Chance();
  readonly timers: VirtualTimers;
  readonly promised: PromisedTimers;
  readonly processClock: ProcessClock;
  readonly entropy: Entropy;
  readonly frames: VirtualFrames;
  readonly channels: ChannelFunctions;
  readonly fakes: FakeClocks;
  readonly outside: OutsideWork;
  readonly files: WholeFiles;
  readonly fetching: Fetching;
  readonly #controls = allControls();
  readonly #hooks = nativeHooks();
  readonly #strays: Strays;
  readonly #patience = new Patience(new WaitingTime(), () => this.#hooks.timers.areRunning);
  readonly #scheduler: Scheduler;
  readonly #ports: VirtualPorts;
  #startTime = START_TIME;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.timers = new VirtualTimers(scheduler, originals);
    this.promised = new PromisedTimers(this.timers, originals.promised);
    this.processClock = new ProcessClock(
      () => PERFORMANCE_START + this.#now(),
      () => this.#startTime - PERFORMANCE_START,
    );
    this.entropy = new Entropy(this.chance.next, this.timers);
    this.frames = new VirtualFrames(this.timers, this.processClock.now);
    this.outside = new OutsideWork(scheduler, this.#patience);
    this.files = new WholeFiles(this.outside);
    this.#strays = new Strays(scheduler, this.#patience);
    this.fetching = new Fetching(this.outside);
    scheduler.hope = () => this.outside.hope();
    this.#ports = new VirtualPorts(scheduler, {
      areRunning: () => areThreadsRunning(this.outside),
      arrived: (port) => {
        if (this.#ports.leadsAway(port)) heardFromAnywhere(this.outside);
        this.outside.stir();
      },
    });
    this.channels = channelFunctions(this.#ports, this.outside);
    this.fakes = new FakeClocks(this.#controls.patches);
  }

  /** Before an exploration. */
  renew(): void {
    this.#patience.renew();
    this.#controls.refresh();
  }

  /** Virtual milliseconds since the execution began, as code under test reads them. */
  #now(): number {
    const { clock, trace } = this.#scheduler;
    return clock.read(trace.length);
  }

  /** Whole milliseconds since 1970. */
  date(): number {
    return Math.trunc(this.#startTime + this.#now());
  }

  /** The channels of this execution, which has some from now on. */
  get ports(): VirtualPorts {
    return (this.#scheduler.offers.ports = this.#ports);
  }

  /** Code under test leaves something in its async context. */
  entersContext(): void {
    this.#scheduler.renewScope();
  }

  /** Before an execution. */
  reset(seed: number, startTime: number): void {
    this.#startTime = startTime;
    this.#controls.patches.begin();
    this.chance.reset(seed);
    this.#hooks.timers.reset();
    // Most executions ask nothing of the world but chance: then there is nothing to forget.
    if (this.#scheduler.offers.isUntouched) return;
    this.timers.reset();
    this.frames.reset();
    this.#ports.reset();
    this.outside.reset();
  }

  /**
   * After an execution: closes what it has left open, and undoes what code under test has put in the place of
   * ours. True if it takes a turn of the loop until all is gone.
   */
  clean(): boolean {
    const lingers = this.outside.end();
    this.fetching.clean();
    this.fakes.undo();
    return lingers;
  }

  install(): void {
    this.#strays.entering();
    this.#controls.patches.install();
    this.#controls.sync();
    worldSlot.world = this;
    this.outside.isRunning = true;
  }

  uninstall(): void {
    this.#controls.patches.uninstall();
    this.stepAside();
  }

  /** What has been put in place of the host's functions passes through. */
  stepAside(): void {
    if (worldSlot.world !== this) return;
    worldSlot.world = undefined;
    this.outside.isRunning = false;
    this.#strays.leaving();
  }

  /** After the last execution: everything is the host's own again. */
  retire(): void {
    this.#ports.reset();
    this.outside.end();
    this.#controls.sync();
  }
}
