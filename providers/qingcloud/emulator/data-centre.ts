import { NicError } from '../../../lib/errors.js';
import type { FabricNic, NicFabric } from '../../../lib/fabric.js';
import type { Cloud } from './cloud.js';
import { markPlugged } from './jobs.js';
import type { EmulatedNic } from './model.js';
import type { Settings } from './settings.js';

/** A NIC as it is plugged. */
export function toFabricNic(nic: EmulatedNic): FabricNic {
  return { id: nic.id, mac: nic.id, address: nic.address, subnetId: nic.vxnetId, antiSpoofing: nic.antiSpoofing };
}

/** A fabric that filters nothing, whatever it is told. */
function withoutAntiSpoofing(fabric: NicFabric): NicFabric {
  return {
    addSubnet: (subnet) => fabric.addSubnet(subnet),
    addInstance: (id, namespace) => fabric.addInstance(id, namespace),
    plug: (nic, instanceId) => fabric.plug({ ...nic, antiSpoofing: false }, instanceId),
    unplug: (nicId) => fabric.unplug(nicId),
    setAntiSpoofing: async () => {},
    ...(fabric.returnNic === undefined ? {} : { returnNic: (nicId: string) => fabric.returnNic?.(nicId) ?? Promise.resolve() }),
    close: () => fabric.close(),
  };
}

/**
 * Builds switches and routers.
 * @param demanded whether anti-spoofing was asked for, declined, or neither
 * @returns the fabric to plug into: one that filters nothing where it cannot and need not
 * @throws NicError `ERR_NOT_SUPPORTED` when anti-spoofing was asked for and cannot be had; what the fabric throws
 */
export async function buildNetworks(fabric: NicFabric, settings: Settings, demanded: boolean | undefined): Promise<NicFabric> {
  for (const { id, cidr, managerIp, routerId } of settings.vxnets.values()) {
    // A vxnet outside of any VPC is a network of its own.
    await fabric.addSubnet({ id, cidr, gateway: managerIp, networkId: routerId ?? id });
  }
  const reason = settings.vxnets.size === 0 ? undefined : await fabric.whyNoAntiSpoofing?.();
  if (reason === undefined) return fabric;
  if (demanded === true) throw new NicError('ERR_NOT_SUPPORTED', `emulator options: antiSpoofing cannot be had: ${reason}`);
  if (demanded === undefined) settings.log.warn('NICs may send under foreign addresses', { reason });
  return withoutAntiSpoofing(fabric);
}

/** Lets the machines exist, and plugs the primary NICs that are to be plugged. */
export async function startMachines(fabric: NicFabric, settings: Settings, cloud: Cloud): Promise<void> {
  for (const { id, namespace, primaryNic } of settings.instances) {
    if (namespace === undefined) continue;
    await fabric.addInstance(id, namespace);
    const nic = [...cloud.state.nics.values()].find((entry) => entry.instanceId === id);
    if (nic === undefined || primaryNic?.plug === false) continue;
    await fabric.plug(toFabricNic(nic), id);
    cloud.commit(markPlugged(cloud.state, nic.id, true));
  }
}
