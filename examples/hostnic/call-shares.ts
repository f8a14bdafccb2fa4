import type { CniCommand } from '../../lib/cni/index.js';

/**
 * How many calls to the API one command may make at most, its own repetitions and the left-overs of others that it finishes included. Where the
 * cloud is quick an ADD makes 2, or 3 when it has to ask about vxnets, a DEL 3, and STATUS one in five minutes; these are for the worst.
 * What takes NICs back may use all of it, what creates leaves a fifth to that. All commands of a host together keep to `apiCallsPerHour`.
 */
export const callShares: Readonly<Record<CniCommand, number>> = { ADD: 100, DEL: 100, CHECK: 20, GC: 300, STATUS: 10, VERSION: 0 };
