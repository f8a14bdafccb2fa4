import { contains, formatCidr } from '../../lib/address.js';
import { type NetlinkError, NicError } from '../../lib/errors.js';
import type { FabricNic, FabricSubnet } from '../../lib/fabric.js';
import { requireCidr, requireIp } from '../argument.js';
import { type BatchResult, NetlinkConnection } from '../connection.js';
import { type LinkMonitor, openLinkMonitor } from '../link-monitor.js';
import { createNamedNamespace, deleteNamedNamespace } from '../named-namespace.js';
import { createNamespace, type NamespaceHandle } from '../namespace.js';
import { openRtnetlink, type Rtnetlink } from '../rtnetlink.js';
import { deleteLinkRequest, isErrno, setLinkRequest } from '../services/index.js';
import { writeSysctl } from '../sysctl.js';
import { decodeLink, encodeLink, IFA_F, RTEXT_FILTER, RTM } from '../wire/index.js';
import { addSourceFilter, removeSourceFilter } from './source-filter.js';

/** How often another name is tried when somebody takes the chosen one in between. */
const nameTries = 20;

/** The end of a NIC that machines and pods see, in whatever namespace it is. */
export interface MachineEnd {
  /** Index in that namespace. */
  readonly index: number;
  /** Name in that namespace. */
  readonly name: string;
}

/** Indexes of ends on switches start here, far from those that the kernel chooses for bridges. */
const firstPort = 1000;

/** What a router needs, whatever the host's defaults are, which a new namespace may inherit. */
const routerSysctls: Readonly<Record<string, string>> = {
  'ipv4/ip_forward': '1',
  'ipv4/conf/all/rp_filter': '0',
  'ipv4/conf/default/rp_filter': '0',
  'ipv6/conf/all/forwarding': '1',
};

/** What kernels answer that were built without filters: no such discipline or classifier, no traffic control at all. */
const UNSUPPORTED = ['ENOENT', 'EOPNOTSUPP'] as const;

function toUnsupported(what: string, cause: NetlinkError): NicError {
  const needs = 'the kernel lacks the clsact discipline or the bpf classifier (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF)';
  return new NicError('ERR_NOT_SUPPORTED', `${what}: ${needs}; load sch_ingress and cls_bpf, or switch anti-spoofing off`, { cause });
}

/** The first request of a batch that was refused, other than for these reasons. */
function firstRefusal(results: readonly BatchResult[], ...harmless: readonly string[]): NetlinkError | undefined {
  return results.find((result) => result !== undefined && !harmless.includes(result.errno));
}

/** A private network: a namespace with one bridge for each subnet, whose address is the subnet's router. It forwards between its subnets and nowhere else. */
export class PrivateNetwork {
  /** The namespace that switches and router are in. */
  readonly namespace: NamespaceHandle;
  /** Sees ends on the switches vanish. */
  readonly monitor: LinkMonitor;
  readonly #rtnetlink: Rtnetlink;
  readonly #connection: NetlinkConnection;
  readonly #name: string | undefined;
  readonly #bridges = new Map<string, number>();
  #lastPort = firstPort - 1;
  #closed = false;

  private constructor(namespace: NamespaceHandle, rtnetlink: Rtnetlink, monitor: LinkMonitor, name: string | undefined) {
    this.namespace = namespace;
    this.#rtnetlink = rtnetlink;
    this.monitor = monitor;
    this.#connection = NetlinkConnection.open(namespace);
    this.#name = name;
  }

  /**
   * Makes a network without subnets.
   * @param name of the namespace, for `ip netns`; without it the namespace has none and ends with this process
   */
  static async open(networkId: string, name?: string): Promise<PrivateNetwork> {
    const namespace = name === undefined ? await createNamespace(`network ${networkId}`) : await createNamedNamespace(name);
    const rtnetlink = openRtnetlink(namespace);
    try {
      for (const [setting, value] of Object.entries(routerSysctls)) await writeSysctl(namespace, setting, value);
      const { index } = await rtnetlink.link.get({ name: 'lo' });
      await rtnetlink.link.set(index, { up: true });
      return new PrivateNetwork(namespace, rtnetlink, await openLinkMonitor(rtnetlink), name);
    } catch (error) {
      rtnetlink.close();
      namespace.close();
      if (name !== undefined) await deleteNamedNamespace(name);
      throw error;
    }
  }

  /** Builds a subnet's switch and router. @throws RangeError when range and router do not fit, NicError `ERR_STATE` when the subnet is there */
  async addSubnet(subnet: FabricSubnet): Promise<void> {
    const range = requireCidr(subnet.cidr);
    const router = requireIp(subnet.gateway);
    if (!contains(range, router))
      throw new RangeError(`the router ${subnet.gateway} of subnet ${subnet.id} is not in its range ${subnet.cidr}`);
    if (this.#bridges.has(subnet.id)) throw new NicError('ERR_STATE', `fabric.addSubnet ${subnet.id}: it is there already`);
    const number = this.#bridges.size;
    // A bridge without an address of its own takes that of a port, and would change it whenever a NIC comes or goes.
    const mac = `02:00:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 0xff).toString(16).padStart(2, '0')}`;
    const name = `br${number}`;
    const { link, address } = this.#rtnetlink;
    await link.add({ kind: 'bridge', name, mac, up: true, bridge: { stpState: 0, multicastSnooping: false } });
    const { index } = await link.get({ name });
    this.#bridges.set(subnet.id, index);
    await this.#label(index, subnet.id);
    const flags = router.family === 6 ? { flags: IFA_F.NODAD } : {};
    await address.add({ linkIndex: index, address: formatCidr({ ...router, prefix: range.prefix }), ...flags });
  }

  /** An index for an end on a switch. It is known before the NIC is made, so that not even its first event is missed. */
  reservePort(): number {
    this.#lastPort++;
    return this.#lastPort;
  }

  /**
   * Makes a NIC: one end on its subnet's switch, up, the other in the machine, down.
   * @param portIndex a reserved index, for the end on the switch
   * @param chooseName chooses the name in the machine; asked again when somebody else was faster
   * @param filtered whether foreign source addresses are dropped from the first frame on
   * @returns the machine's end
   * @throws NicError `ERR_NOT_SUPPORTED` when the kernel cannot filter
   */
  async plug(
    nic: FabricNic,
    portIndex: number,
    machine: NamespaceHandle,
    chooseName: () => Promise<string>,
    filtered: boolean,
  ): Promise<MachineEnd> {
    const masterIndex = this.#bridges.get(nic.subnetId);
    if (masterIndex === undefined)
      throw new NicError('ERR_NOT_FOUND', `fabric.plug ${nic.id}: there is no subnet ${nic.subnetId}; add it first`);
    const { link } = this.#rtnetlink;
    for (let tries = 1; ; tries++) {
      const name = await chooseName();
      const peer = { name, mac: nic.mac, namespace: machine };
      try {
        await link.add({ kind: 'veth', name: `p${portIndex}`, index: portIndex, masterIndex, up: !filtered, peer });
      } catch (error) {
        if (!isErrno(error, 'EEXIST') || tries === nameTries) throw error;
        continue;
      }
      // From here on it may be moved, and vanish again, at any time.
      if (filtered) await this.#filter(nic, portIndex);
      const port = await link.find({ index: portIndex });
      if (port !== undefined) await this.#label(portIndex, nic.id);
      return { index: port?.lowerIndex ?? 0, name };
    }
  }

  /** Nothing gets through before the filter is there: the end on the switch is taken up after it. */
  async #filter(nic: FabricNic, portIndex: number): Promise<void> {
    const requests = [...addSourceFilter(portIndex, nic.mac, nic.address), setLinkRequest(portIndex, { up: true })];
    const refused = firstRefusal(await this.#rtnetlink.batch(requests), 'ENODEV');
    if (refused === undefined) return;
    await this.unplug([portIndex]);
    throw isErrno(refused, ...UNSUPPORTED) ? toUnsupported(`fabric.plug ${nic.id}`, refused) : refused;
  }

  /** Starts or ends dropping what a NIC sends under foreign addresses. One that vanishes meanwhile is no error. */
  async setAntiSpoofing(nic: FabricNic, portIndex: number, on: boolean): Promise<void> {
    const requests = on ? addSourceFilter(portIndex, nic.mac, nic.address) : [removeSourceFilter(portIndex)];
    const refused = firstRefusal(await this.#rtnetlink.batch(requests), 'ENODEV');
    if (refused === undefined) return;
    throw isErrno(refused, ...UNSUPPORTED) ? toUnsupported(`fabric.setAntiSpoofing ${nic.id}`, refused) : refused;
  }

  /** Why frames cannot be filtered here, tried on the loopback link of the network; undefined when they can. */
  async whyNoAntiSpoofing(): Promise<string | undefined> {
    const { index } = await this.#rtnetlink.link.get({ name: 'lo' });
    const refused = firstRefusal(await this.#rtnetlink.batch(addSourceFilter(index, '02:00:00:00:00:00', '')));
    await this.#rtnetlink.batch([removeSourceFilter(index)]);
    if (refused === undefined) return undefined;
    if (isErrno(refused, ...UNSUPPORTED)) return toUnsupported('anti-spoofing', refused).message;
    throw refused;
  }

  /** Index and name of the machine's end, in whatever namespace it is now; undefined when it is gone or cannot be read. */
  async findMachineEnd(portIndex: number): Promise<MachineEnd | undefined> {
    try {
      const port = await this.#rtnetlink.link.get({ index: portIndex });
      if (port.lowerIndex === undefined || port.lowerNamespaceId === undefined) return undefined;
      const payload = encodeLink({ index: port.lowerIndex, targetNamespaceId: port.lowerNamespaceId, extMask: RTEXT_FILTER.SKIP_STATS });
      const request = { op: `link.get ${port.lowerIndex} in namespace ${port.lowerNamespaceId}`, type: RTM.GETLINK, payload };
      const [end] = await this.#connection.request(request, (reply) => decodeLink(reply.payload));
      return end?.name === undefined ? undefined : { index: end.index, name: end.name };
    } catch (error) {
      // A namespace that is dying has no links to show any more, or no id.
      if (isErrno(error, 'ENODEV', 'EINVAL')) return undefined;
      throw error;
    }
  }

  /** Takes NICs away by their ends on the switch. Those that are gone already are no error. */
  async unplug(portIndexes: readonly number[]): Promise<void> {
    const refused = firstRefusal(await this.#rtnetlink.batch(portIndexes.map((index) => deleteLinkRequest({ index }))), 'ENODEV');
    if (refused !== undefined) throw refused;
  }

  /** For those who look with `ip -d link`. */
  async #label(index: number, alias: string): Promise<void> {
    try {
      await this.#rtnetlink.link.set(index, { alias });
    } catch (error) {
      if (!isErrno(error, 'ENODEV')) throw error;
    }
  }

  /** Takes the network down. Two closes are fine. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.monitor.close();
    this.#connection.close();
    this.#rtnetlink.close();
    this.namespace.close();
    if (this.#name !== undefined) await deleteNamedNamespace(this.#name);
  }
}
