import { hookCompression } from './compression.ts';
import { hookCallbacks, targets } from './crossing.ts';
import { hookDatagrams } from './datagrams.ts';
import { deepStack } from '../sites.ts';
import { worldSlot } from './dispatch.ts';
import { FileCalls } from './fs-calls.ts';
import type { OutsideWork } from './outside.ts';
import { hookProcesses } from './processes.ts';
import { hookImmediates } from './real-immediates.ts';
import { hookSignals, SignalWatch } from './signals.ts';
import { hookStreams } from './stream-hooks.ts';
import { hookWatchers } from './watchers.ts';
import { StrayTimers } from './stray-timers.ts';

/** What is replaced in Node's native modules, once per thread. */
export class NativeHooks {
  readonly timers: StrayTimers;

  constructor() {
    const work = (): OutsideWork => worldSlot.world!.outside;
    const files = new FileCalls(work);
    hookCallbacks((object) => {
      if (files.isRequest(object)) files.requested(object);
      else if (!targets.has(object)) asked(object, work);
    });
    hookSignals(work);
    hookStreams(work);
    hookWatchers(work);
    hookProcesses(work);
    hookCompression(work);
    hookDatagrams(work);
    hookImmediates(work);
    this.timers = new StrayTimers((site) => work().host.health.note('real-timer', () => realTimer(site())));
  }
}

/** Native objects that stand for one answer, and what a person calls it. */
const REQUESTS: readonly (readonly [RegExp, string])[] = [
  [/^GetAddrInfoReqWrap$/, 'dns.lookup'],
  [/^GetNameInfoReqWrap$/, 'dns.lookupService'],
  [/^QueryReqWrap$/, 'dns.resolve'],
  [/^(?!ReadFile|WriteFile|CpDir).*Job$/, 'crypto'],
];

function asked(object: object, work: () => OutsideWork): void {
  if (object.constructor.name === 'Signal') new SignalWatch(work(), object);
  const known = REQUESTS.find(([kind]) => kind.test(object.constructor.name));
  if (known === undefined || (known[1] === 'crypto' && isOfWebCrypto())) return;
  targets.set(object, work().request(known[1]));
}

/** The functions of `crypto.subtle` are operations as a whole. */
function isOfWebCrypto(): boolean {
  const stack = deepStack();
  return stack !== undefined && /jobPromise|internal\/crypto\/webcrypto/.test(stack);
}

function realTimer(site: string): string {
  return (
    `A real timer was set at ${site}, by a function taken from Node before straddle was loaded: it fires when it ` +
    "likes, so a replay may differ. Load 'straddle/register' or the Vite plugin first, or call globalThis.setTimeout."
  );
}

let hooks: NativeHooks | undefined;

/** The same functions in all explorations of this thread. */
export function nativeHooks(): NativeHooks {
  return (hooks ??= new NativeHooks());
}
