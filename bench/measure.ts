import type { Row } from './main.ts';

const { cpuUsage } = process;

/** Nanoseconds of CPU time of this process: what runs beside it does not count. */
export function cpuNs(): number {
  const { user, system } = cpuUsage();
  return (user + system) * 1e3;
}

/** The fastest rounds, in turn. */
export async function fastest(
  name: string,
  ours: () => Promise<number>,
  peer: string,
  theirs: () => Promise<number>,
  rounds = 7,
): Promise<Row> {
  let straddleNs = Infinity;
  let peerNs = Infinity;
  for (let round = 0; round < rounds; round++) {
    straddleNs = Math.min(straddleNs, await ours());
    peerNs = Math.min(peerNs, await theirs());
  }
  return { name, straddleNs, peer, peerNs, ratio: straddleNs / peerNs };
}
