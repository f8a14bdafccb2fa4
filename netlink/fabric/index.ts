export type { MachineEnd } from './private-network.js';
export { createVethFabric, type VethFabric, type VethFabricOptions } from './veth-fabric.js';
