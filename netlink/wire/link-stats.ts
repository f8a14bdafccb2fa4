import { LITTLE_ENDIAN } from './byte-order.js';
import type { LinkStats } from './link-model.js';
import { Malformed } from './malformed.js';
import type { ValueCodec } from './value.js';

/** In the order of struct rtnl_link_stats64 (include/uapi/linux/if_link.h) as it was in Linux 3.x. It has grown since, at its end. */
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
  'rxLengthErrors',
  'rxOverErrors',
  'rxCrcErrors',
  'rxFrameErrors',
  'rxFifoErrors',
  'rxMissedErrors',
  'txAbortedErrors',
  'txCarrierErrors',
  'txFifoErrors',
  'txHeartbeatErrors',
  'txWindowErrors',
  'rxCompressed',
  'txCompressed',
] as const satisfies readonly (keyof LinkStats)[];

type Counters = Record<(typeof COUNTERS)[number], bigint>;

/** Came with Linux 4.6 and 5.19. */
const NO_HANDLER = COUNTERS.length;
const OTHER_HOST_DROPPED = NO_HANDLER + 1;
const LEAST = COUNTERS.length * 8;

/** IFLA_STATS64 as a value. */
export const linkStats: ValueCodec<LinkStats> = {
  decode(view, start, end) {
    if (end - start < LEAST) throw new Malformed(`at least ${LEAST} bytes, not ${end - start}`);
    if ((end - start) % 8 !== 0) throw new Malformed(`counters of 8 bytes each, not ${end - start} bytes`);
    const counter = (index: number): bigint => view.getBigUint64(start + 8 * index, LITTLE_ENDIAN);
    const stats: Partial<Counters> = {};
    for (const [index, name] of COUNTERS.entries()) stats[name] = counter(index);
    const count = (end - start) / 8;
    const further: bigint[] = [];
    for (let index = OTHER_HOST_DROPPED + 1; index < count; index++) further.push(counter(index));
    return {
      ...(stats as Counters),
      ...(count > NO_HANDLER ? { rxNoHandler: counter(NO_HANDLER) } : {}),
      ...(count > OTHER_HOST_DROPPED ? { rxOtherHostDropped: counter(OTHER_HOST_DROPPED) } : {}),
      ...(further.length > 0 ? { further } : {}),
    };
  },
  encode(stats, writer) {
    for (const name of COUNTERS) writer.u64(stats[name]);
    // What is there decides the length; a gap before it is filled.
    const tail = [stats.rxNoHandler, stats.rxOtherHostDropped, ...(stats.further ?? [])];
    while (tail.length > 0 && tail.at(-1) === undefined) tail.pop();
    for (const counter of tail) writer.u64(counter ?? 0n);
  },
};
