import { tellFinding } from './finding.ts';
import { loopback } from './http.ts';
import { instrumented } from './instrument.ts';
import { property } from './property.ts';
import { remoteHarness } from './remote.ts';
import { speed } from './speed.ts';
import { insideVitest } from './vitest.ts';
import { world } from './world.ts';

/** One line of the benchmark: nanoseconds of ours and of the peer, and how many times the peer's ours are. */
export interface Row {
  name: string;
  straddleNs: number;
  peer: string;
  peerNs: number;
  ratio: number;
}

/** By name, so that one can be asked for: `npm run bench -- fast-check vitest`. */
const PARTS: Record<string, () => Promise<Row[]>> = {
  engine: speed,
  'fast-check': property,
  http: loopback,
  remote: remoteHarness,
  instrument: instrumented,
  // Last: it leaves dispatchers in place.
  world,
  vitest: insideVitest,
};
/** They start processes for half a minute: run only when asked for. */
const SLOW: ReadonlySet<string> = new Set(['vitest']);

if (process.argv[2] === 'finding') {
  await tellFinding(process.argv.slice(3).map(Number).find(Number.isInteger), process.argv.includes('--json'));
  process.exit();
}
const asked = process.argv.slice(2).filter((name) => name in PARTS);
const rows: Row[] = [];
for (const name of asked.length > 0 ? asked : Object.keys(PARTS).filter((part) => !SLOW.has(part)))
  rows.push(...(await PARTS[name]!()));
if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2));
else {
  for (const { name, straddleNs, peer, peerNs, ratio } of rows) {
    console.log(`${name.padEnd(50)} ${ns(straddleNs)}   ${peer.padEnd(20)} ${ns(peerNs)}   ratio ${ratio.toFixed(3)}`);
  }
}

function ns(value: number): string {
  return `${Math.round(value).toLocaleString('en')} ns`.padStart(14);
}
