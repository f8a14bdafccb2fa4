/**
 * A cloud without I/O: the reference {@link NicProvider}, and what to test against.
 *
 * @example
 * ```ts
 * import { createMemoryCloud } from 'hostnic-cni/providers/memory';
 *
 * const cloud = createMemoryCloud({ instanceId: 'i-1', subnets: [{ id: 'net-1', networkId: 'vpc-1', cidr: '192.168.100.0/24' }] });
 * const provider = cloud.provider();
 * const nic = await provider.createNic({ subnetId: 'net-1', name: 'demo' }); // 192.168.100.2
 * await provider.attachNics([nic.id], 'i-1');
 * ```
 * @packageDocumentation
 */
export type { CallOptions, CreateNicOptions, CreateNicRequest, NicFilter, NicProvider, ProviderFeatures } from '../../lib/provider.js';
export { createMemoryCloud } from './cloud.js';
export { lostAnswer, refusal } from './fault.js';
export type { ExistingNic, MemoryAction, MemoryCall, MemoryCallHook, MemoryCloud, MemoryCloudOptions } from './interface.js';
export type { MemoryJob } from './job-runner.js';
export type { MemorySubnet } from './subnet.js';
