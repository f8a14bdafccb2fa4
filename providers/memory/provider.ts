import type { CallOptions, NicProvider, ProviderFeatures } from '../../lib/provider.js';
import type { MemoryAction } from './interface.js';
import type { MemoryState } from './state.js';

/** Runs one call: hooks, due jobs, effect. @internal */
export type RunCall = <T>(
  action: MemoryAction,
  args: readonly unknown[],
  options: CallOptions | undefined,
  effect: () => T | Promise<T>,
) => Promise<T>;

/** The cloud as a process on an instance sees it. @internal */
export function createMemoryProvider(instanceId: string, features: ProviderFeatures, state: MemoryState, run: RunCall): NicProvider {
  return {
    name: 'memory',
    features,
    instanceId: async () => instanceId,
    describeSubnets: (ids, options) => run('describeSubnets', [ids], options, () => state.describeSubnets(ids)),
    createNic: (request, options) => run('createNic', [request], options, () => state.createNic(request)),
    listNics: (filter, options) => run('listNics', [filter], options, () => state.listNics(filter)),
    attachNics: (nicIds, holder, options) => run('attachNics', [nicIds, holder], options, () => state.attachNics(nicIds, holder)),
    detachNics: (nicIds, options) => run('detachNics', [nicIds], options, () => state.detachNics(nicIds)),
    deleteNics: (nicIds, options) => run('deleteNics', [nicIds], options, () => state.deleteNics(nicIds)),
    describeJobs: (ids, options) => run('describeJobs', [ids], options, () => state.describeJobs(ids)),
    allowForwarding: (nicId, options) => run('allowForwarding', [nicId], options, () => state.allowForwarding(nicId)),
    close: async () => {},
  };
}
