import { setMaxListeners } from 'node:events';
import { type Clock, systemClock } from '../../lib/clock.js';
import { NicError } from '../../lib/errors.js';
import type { FabricNic, FabricSubnet, NicFabric } from '../../lib/fabric.js';
import { type Logger, silentLogger } from '../../lib/log.js';
import type { LinkEvent } from '../link-monitor.js';
import { type NamespaceHandle, openNamespace } from '../namespace.js';
import { openRtnetlink, type Rtnetlink } from '../rtnetlink.js';
import { toLink } from '../to-link.js';
import { freeNicName, namesOf, returningNicName } from './nic-name.js';
import { type MachineEnd, PrivateNetwork } from './private-network.js';

/** Settings of a {@link createVethFabric}. */
export interface VethFabricOptions {
  /**
   * Names the namespace of a private network, so that it is seen in `ip netns`. Without it the namespaces have no name and end with
   * this process, however it ends.
   */
  readonly namespaceName?: (networkId: string) => string;
  /** The name a NIC appears under in a machine where these names are taken; default the first free of `eth0`, `eth1`, … */
  readonly nicName?: (taken: ReadonlySet<string>, nic: FabricNic) => string;
  /** How long a NIC is away when the namespace it lives in dies, in milliseconds; default 100. `never`: it does not come back, as no veth does by itself. */
  readonly returnDelayMs?: number | 'never';
  /** Time. */
  readonly clock?: Clock;
  /** Where to say what returns, and what does not. */
  readonly log?: Logger;
}

/** A fabric of veth pairs and bridges. */
export interface VethFabric extends NicFabric {
  /** The namespace that switches and routers of a private network are in; undefined when there is none. The handle is the fabric's. */
  network(networkId: string): NamespaceHandle | undefined;
  /** NICs whose frames with foreign source addresses are dropped. */
  readonly filtered: ReadonlySet<string>;
  /** Index and name of a NIC in the namespace it is in, as they were when its link was last taken up or down; undefined when it is not plugged. */
  lastSeen(nicId: string): MachineEnd | undefined;
}

interface Machine {
  readonly instanceId: string;
  readonly namespace: NamespaceHandle;
  readonly rtnetlink: Rtnetlink;
}

interface PluggedNic {
  readonly nic: FabricNic;
  readonly machine: Machine;
  readonly network: PrivateNetwork;
  /** Index of its end on the switch, in the network's namespace. */
  portIndex: number;
  /** Its other end as last seen. */
  machineEnd: MachineEnd;
}

class Fabric implements VethFabric {
  readonly filtered = new Set<string>();
  readonly #options: VethFabricOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #networks = new Map<string, Promise<PrivateNetwork>>();
  readonly #opened = new Map<string, PrivateNetwork>();
  readonly #subnets = new Map<string, PrivateNetwork>();
  readonly #machines = new Map<string, Machine>();
  readonly #nics = new Map<string, PluggedNic>();
  /** The last thing that is done with each NIC and machine: plugs, unplugs and returns of one NIC never cross. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: VethFabricOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    // Every NIC on its way back listens.
    setMaxListeners(0, this.#closing.signal);
  }

  network(networkId: string): NamespaceHandle | undefined {
    return this.#opened.get(networkId)?.namespace;
  }

  lastSeen(nicId: string): MachineEnd | undefined {
    return this.#nics.get(nicId)?.machineEnd;
  }

  async addSubnet(subnet: FabricSubnet): Promise<void> {
    this.#requireOpen(`addSubnet ${subnet.id}`);
    if (this.#subnets.has(subnet.id)) throw new NicError('ERR_STATE', `fabric.addSubnet ${subnet.id}: it is there already`);
    const network = await this.#openNetwork(subnet.networkId);
    await network.addSubnet(subnet);
    this.#subnets.set(subnet.id, network);
  }

  async addInstance(instanceId: string, ref: Parameters<NicFabric['addInstance']>[1]): Promise<void> {
    this.#requireOpen(`addInstance ${instanceId}`);
    if (this.#machines.has(instanceId)) throw new NicError('ERR_STATE', `fabric.addInstance ${instanceId}: it is there already`);
    const namespace = await openNamespace(ref);
    try {
      this.#machines.set(instanceId, { instanceId, namespace, rtnetlink: openRtnetlink(namespace) });
    } catch (error) {
      namespace.close();
      throw error;
    }
  }

  async plug(nic: FabricNic, instanceId: string): Promise<void> {
    this.#requireOpen(`plug ${nic.id}`);
    const machine = this.#machines.get(instanceId);
    const network = this.#subnets.get(nic.subnetId);
    if (machine === undefined)
      throw new NicError('ERR_NOT_FOUND', `fabric.plug ${nic.id}: there is no instance ${instanceId}; add it first`);
    if (network === undefined)
      throw new NicError('ERR_NOT_FOUND', `fabric.plug ${nic.id}: there is no subnet ${nic.subnetId}; add it first`);
    await this.#inTurn(`nic ${nic.id}`, async () => {
      if (this.#nics.has(nic.id)) throw new NicError('ERR_STATE', `fabric.plug ${nic.id}: it is plugged already`);
      const choose = this.#options.nicName ?? freeNicName;
      const plugged: PluggedNic = { nic, machine, network, portIndex: network.reservePort(), machineEnd: { index: 0, name: 'eth0' } };
      this.#nics.set(nic.id, plugged);
      if (nic.antiSpoofing === true) this.filtered.add(nic.id);
      try {
        await this.#make(plugged, (taken) => choose(taken, nic));
      } catch (error) {
        this.#nics.delete(nic.id);
        this.filtered.delete(nic.id);
        throw error;
      }
    });
  }

  async unplug(nicId: string): Promise<void> {
    await this.#inTurn(`nic ${nicId}`, async () => {
      const plugged = this.#nics.get(nicId);
      if (plugged === undefined) return;
      // Out of the books first, so that its vanishing is no reason to bring it back.
      this.#nics.delete(nicId);
      this.filtered.delete(nicId);
      await plugged.network.unplug([plugged.portIndex]);
    });
  }

  async returnNic(nicId: string): Promise<void> {
    await this.#inTurn(`nic ${nicId}`, async () => {
      const plugged = this.#nics.get(nicId);
      if (plugged === undefined) throw new NicError('ERR_NOT_FOUND', `fabric.returnNic ${nicId}: it is not plugged`);
      // It stays in the books: its vanishing is what brings it back.
      await plugged.network.unplug([plugged.portIndex]);
    });
  }

  async setAntiSpoofing(nicId: string, on: boolean): Promise<void> {
    await this.#inTurn(`nic ${nicId}`, async () => {
      const plugged = this.#nics.get(nicId);
      if (plugged === undefined) throw new NicError('ERR_NOT_FOUND', `fabric.setAntiSpoofing ${nicId}: it is not plugged`);
      if (this.filtered.has(nicId) === on) return;
      await plugged.network.setAntiSpoofing(plugged.nic, plugged.portIndex, on);
      if (on) this.filtered.add(nicId);
      else this.filtered.delete(nicId);
    });
  }

  async whyNoAntiSpoofing(): Promise<string | undefined> {
    const [network] = this.#opened.values();
    if (network === undefined) throw new NicError('ERR_STATE', 'fabric.whyNoAntiSpoofing: add a subnet first');
    return network.whyNoAntiSpoofing();
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new NicError('ERR_CANCELLED', 'the fabric is closed'));
    await Promise.allSettled([...this.#tails.values(), ...this.#networks.values()]);
    const ports = new Map<PrivateNetwork, number[]>();
    for (const { network, portIndex } of this.#nics.values()) ports.set(network, [...(ports.get(network) ?? []), portIndex]);
    this.#nics.clear();
    this.filtered.clear();
    const taken = [...ports].map(([network, indexes]) => network.unplug(indexes));
    const outcomes = await Promise.allSettled(taken);
    for (const network of this.#opened.values()) await network.close();
    for (const machine of this.#machines.values()) {
      machine.rtnetlink.close();
      machine.namespace.close();
    }
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #requireOpen(what: string): void {
    if (this.#closed !== undefined) throw new NicError('ERR_STATE', `fabric.${what}: the fabric is closed`);
  }

  async #openNetwork(networkId: string): Promise<PrivateNetwork> {
    const open = async (): Promise<PrivateNetwork> => {
      const network = await PrivateNetwork.open(networkId, this.#options.namespaceName?.(networkId));
      network.monitor.subscribe((event) => this.#onLinkEvent(network, event));
      this.#opened.set(networkId, network);
      return network;
    };
    const opening = this.#networks.get(networkId) ?? open();
    this.#networks.set(networkId, opening);
    try {
      return await opening;
    } catch (error) {
      this.#networks.delete(networkId);
      throw error;
    }
  }

  /** Machines get their NICs one by one, as each takes a free name. */
  async #make(plugged: PluggedNic, choose: (taken: ReadonlySet<string>) => string): Promise<void> {
    const { nic, machine, network, portIndex } = plugged;
    await this.#inTurn(`machine ${machine.instanceId}`, async () => {
      const chooseName = async (): Promise<string> => choose(await this.#namesIn(machine));
      plugged.machineEnd = await network.plug(nic, portIndex, machine.namespace, chooseName, this.filtered.has(nic.id));
    });
  }

  async #namesIn(machine: Machine): Promise<ReadonlySet<string>> {
    return namesOf((await machine.rtnetlink.link.list()).map(toLink));
  }

  /** Does things with one NIC or machine one after another. */
  async #inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#tails.get(key) ?? Promise.resolve()).then(work);
    const tail = turn.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      await turn;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }

  #onLinkEvent(network: PrivateNetwork, event: LinkEvent): void {
    if (event.kind !== 'removed' && event.kind !== 'changed') return;
    const plugged = [...this.#nics.values()].find((one) => one.network === network && one.portIndex === event.link.index);
    if (plugged === undefined) return;
    const work = event.kind === 'removed' ? this.#bringBack(plugged) : this.#lookAfter(plugged);
    work.catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#log.warn('a NIC was lost track of', { nic: plugged.nic.id, error: String(error) });
    });
  }

  /** The carrier changed: the machine's end was taken up or down, or moved. It is the only time at which its name is heard of. */
  async #lookAfter(plugged: PluggedNic): Promise<void> {
    const { portIndex } = plugged;
    const machineEnd = await plugged.network.findMachineEnd(portIndex);
    if (machineEnd !== undefined && plugged.portIndex === portIndex) plugged.machineEnd = machineEnd;
  }

  /**
   * The namespace with the machine's end died and took the veth with it. A real card would be back in the machine, down,
   * and so is this one after a while.
   */
  async #bringBack(plugged: PluggedNic): Promise<void> {
    const { nic, network } = plugged;
    const { returnDelayMs = 100 } = this.#options;
    if (returnDelayMs === 'never') {
      this.#log.info('a NIC was lost with a namespace that died', { nic: nic.id, name: plugged.machineEnd.name });
      return;
    }
    await this.#clock.sleep(returnDelayMs, this.#closing.signal);
    await this.#inTurn(`nic ${nic.id}`, async () => {
      if (this.#nics.get(nic.id) !== plugged || this.#closing.signal.aborted) return;
      const before = plugged.machineEnd;
      plugged.portIndex = network.reservePort();
      await this.#make(plugged, (taken) => returningNicName(taken, before));
      this.#log.info('a NIC came back from a namespace that died', { nic: nic.id, name: plugged.machineEnd.name });
    });
  }
}

/**
 * Builds private networks of veth pairs and bridges in namespaces of their own. NICs behave as real cards do: they appear in the
 * machine, can be moved to any namespace, and come back to the machine when that namespace dies. Networks of different ids do not reach each other.
 *
 * It needs CAP_NET_ADMIN and CAP_SYS_ADMIN. It keeps the process alive until it is closed.
 */
export function createVethFabric(options: VethFabricOptions = {}): VethFabric {
  return new Fabric(options);
}
