import { speed } from './speed.ts';

/** One line of the benchmark: nanoseconds of ours and of the peer, and how many times the peer's ours are. */
export interface Row {
  name: string;
  straddleNs: number;
  peer: string;
  peerNs: number;
  ratio: number;
}

const rows = await speed();
if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2));
else {
  for (const { name, straddleNs, peer, peerNs, ratio } of rows) {
    console.log(`${name.padEnd(44)} ${ns(straddleNs)}   ${peer.padEnd(26)} ${ns(peerNs)}   ratio ${ratio.toFixed(3)}`);
  }
}

function ns(value: number): string {
  return `${Math.round(value).toLocaleString('en')} ns`.padStart(14);
}
