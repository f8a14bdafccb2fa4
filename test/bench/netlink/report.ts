import { quantile } from '../statistics.js';
import type { Samples } from './round-robin.js';

/** One number to compare. */
export interface Figure {
  /** As it is printed. */
  readonly bench: string;
  /** Which times it is made of. */
  readonly of: string;
  /** Which quantile of them; default the median. */
  readonly quantile?: number;
  /** How many operations one time is for, to print operations a second besides. */
  readonly operations?: number;
}

const round = (value: number): number => Number(value.toPrecision(4));

/**
 * Prints one JSON line for each peer: the milliseconds of this library and of the peer, and their ratio, above 1 where this library is ahead.
 * `best` compares the fastest turns, which the rest of the machine has disturbed least.
 */
export function printFigure({ bench, of, quantile: p = 0.5, operations }: Figure, [ours, ...peers]: readonly Samples[]): void {
  const own = ours?.times[of] ?? [];
  for (const { name: peer, times, missing } of peers) {
    const theirs = times[of] ?? [];
    const why = ours?.missing === undefined ? missing : `hostnic-cni/netlink: ${ours.missing}`;
    if (why !== undefined || theirs.length === 0) {
      console.log(
        JSON.stringify({ bench, peer, ...(own.length === 0 ? {} : { oursMs: round(quantile(own, p)) }), missing: why ?? 'no times' }),
      );
      continue;
    }
    const [oursMs, peerMs] = [quantile(own, p), quantile(theirs, p)];
    const best = {
      oursMs: round(quantile(own, 0)),
      peerMs: round(quantile(theirs, 0)),
      ratio: round(quantile(theirs, 0) / quantile(own, 0)),
    };
    const rate = (ms: number): number => Math.round(((operations ?? 0) / ms) * 1000);
    const perSecond = operations === undefined ? {} : { oursPerSecond: rate(oursMs), peerPerSecond: rate(peerMs) };
    const figures = { oursMs: round(oursMs), peerMs: round(peerMs), ratio: round(peerMs / oursMs), best };
    console.log(JSON.stringify({ bench, peer, ...figures, ...perSecond, n: own.length }));
  }
}
