import type { LinkStats } from './link-model.js';
import { Malformed } from './malformed.js';
import type { ValueCodec } from './value.js';

/** In the order of struct rtnl_link_stats64 (include/uapi/linux/if_link.h); what follows them is not read. */
const COUNTERS = [
  'rxPackets',
  'txPackets',
  'rxBytes',
  'txBytes',
  'rxErrors',
  'txErrors',
  'rxDropped',
  'txDropped',
  'multicast',
  'collisions',
] as const satisfies readonly (keyof LinkStats)[];

/** Length of the structure in Linux 3.x; it has grown since, at its end. */
const LEAST = 23 * 8;

/** IFLA_STATS64 as a value. */
export const linkStats: ValueCodec<LinkStats> = {
  decode(view, start, end) {
    if (end - start < LEAST) throw new Malformed(`at least ${LEAST} bytes, not ${end - start}`);
    const counter = (index: number): bigint => view.getBigUint64(start + 8 * index, true);
    return {
      rxPackets: counter(0),
      txPackets: counter(1),
      rxBytes: counter(2),
      txBytes: counter(3),
      rxErrors: counter(4),
      txErrors: counter(5),
      rxDropped: counter(6),
      txDropped: counter(7),
      multicast: counter(8),
      collisions: counter(9),
    };
  },
  encode(stats, writer) {
    for (const name of COUNTERS) writer.u64(stats[name]);
    writer.skip(LEAST - 8 * COUNTERS.length);
  },
};
