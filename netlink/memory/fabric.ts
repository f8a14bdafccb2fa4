import type { NamespaceRef } from '../../lib/driver.js';
import { NicError } from '../../lib/errors.js';
import type { FabricNic, FabricSubnet, NicFabric } from '../../lib/fabric.js';
import type { MemoryKernel } from './kernel.js';
import type { MemoryLink } from './link.js';
import type { MemoryNamespace } from './namespace.js';
import { formatNamespaceRef } from './operation.js';

/** Settings of a fabric in a fake kernel. */
export interface MemoryFabricOptions {
  /** Kind of the links it makes: undefined, the default, makes real cards, which return to the initial namespace when theirs dies; `veth` dies with it. */
  readonly kind?: string;
  /** The name a NIC appears under; default `eth1`, `eth2`, …, the first that is free. */
  readonly nameOf?: (nic: FabricNic) => string;
}

/** A fabric in a fake kernel, with what a test wants to see of it. */
export interface MemoryFabric extends NicFabric {
  /** Subnets that were added. */
  readonly subnets: ReadonlyMap<string, FabricSubnet>;
  /** Links that are plugged now, by NIC id. */
  readonly links: ReadonlyMap<string, MemoryLink>;
  /** NICs that may not send under foreign addresses. */
  readonly filtered: ReadonlySet<string>;
}

function freeName(namespace: MemoryNamespace): string {
  let n = 1;
  while (namespace.isNameTaken(`eth${n}`)) n++;
  return `eth${n}`;
}

/** Makes a fabric that plugs links into namespaces of a fake kernel. Nothing travels over them. */
export function createMemoryFabric(kernel: MemoryKernel, options: MemoryFabricOptions = {}): MemoryFabric {
  const subnets = new Map<string, FabricSubnet>();
  const instances = new Map<string, NamespaceRef>();
  const links = new Map<string, MemoryLink>();
  const filtered = new Set<string>();
  const remove = (nicId: string): void => {
    const link = links.get(nicId);
    if (link !== undefined) kernel.removeLink(link);
    links.delete(nicId);
    filtered.delete(nicId);
  };
  return {
    subnets,
    links,
    filtered,
    addSubnet: async (subnet) => {
      subnets.set(subnet.id, subnet);
    },
    addInstance: async (instanceId, namespace) => {
      kernel.namespace(namespace);
      instances.set(instanceId, namespace);
    },
    plug: async (nic, instanceId) => {
      const machine = instances.get(instanceId);
      if (machine === undefined)
        throw new NicError('ERR_NOT_FOUND', `fabric.plug ${nic.id}: there is no instance ${instanceId}; add it first`);
      if (!subnets.has(nic.subnetId))
        throw new NicError('ERR_NOT_FOUND', `fabric.plug ${nic.id}: there is no subnet ${nic.subnetId}; add it first`);
      if (links.has(nic.id)) throw new NicError('ERR_STATE', `fabric.plug ${nic.id}: it is plugged already`);
      await kernel.run('fabric.plug', formatNamespaceRef(machine), `fabric.plug ${nic.id} into ${instanceId}`, () => {
        const namespace = kernel.namespace(machine);
        const name = options.nameOf?.(nic) ?? freeName(namespace);
        const kind = options.kind === undefined ? {} : { kind: options.kind };
        const permanentMac = options.kind === undefined ? { permanentMac: nic.mac } : {};
        if (nic.antiSpoofing === true) filtered.add(nic.id);
        links.set(nic.id, kernel.addLink(namespace, { name, mac: nic.mac, ...permanentMac, ...kind }));
      });
    },
    unplug: async (nicId) => {
      await kernel.run('fabric.unplug', 'wherever it is', `fabric.unplug ${nicId}`, () => remove(nicId));
    },
    setAntiSpoofing: async (nicId, on) => {
      if (!links.has(nicId)) throw new NicError('ERR_NOT_FOUND', `fabric.setAntiSpoofing ${nicId}: it is not plugged`);
      if (on) filtered.add(nicId);
      else filtered.delete(nicId);
    },
    close: async () => {
      for (const nicId of [...links.keys()]) remove(nicId);
    },
  };
}
