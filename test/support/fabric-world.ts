import { setTimeout as delay } from 'node:timers/promises';
import type { Link, LinkWatch, NetworkNamespace } from '../../lib/driver.js';
import type { FabricNic } from '../../lib/fabric.js';
import {
  createNamespace,
  createNetlinkDriver,
  createVethFabric,
  type NamespaceHandle,
  type VethFabric,
  type VethFabricOptions,
} from '../../netlink/index.js';

const driver = createNetlinkDriver();

/** Subnets of two private networks. */
export const fabricSubnets = {
  a: { id: 'vxnet-a', cidr: '192.168.100.0/24', gateway: '192.168.100.1', networkId: 'rtr-1' },
  b: { id: 'vxnet-b', cidr: '192.168.101.0/24', gateway: '192.168.101.1', networkId: 'rtr-1' },
  // The same range in another private network.
  c: { id: 'vxnet-c', cidr: '192.168.100.0/24', gateway: '192.168.100.1', networkId: 'rtr-2' },
  d: { id: 'vxnet-d', cidr: '192.168.102.0/24', gateway: '192.168.102.1', networkId: 'rtr-2' },
} as const;

/** A NIC whose MAC ends with a number. */
export function testNic(number: number, subnetId: string, address: string): FabricNic {
  const mac = `52:54:00:00:00:${number.toString(16).padStart(2, '0')}`;
  return { id: mac, mac, address, subnetId };
}

/** A machine with a fabric that plugs into it, and pods beside it. */
export class FabricWorld {
  readonly fabric: VethFabric;
  readonly machine: NamespaceHandle;
  readonly host: NetworkNamespace;
  readonly watch: LinkWatch;
  readonly #pods = new Map<string, { handle: NamespaceHandle; namespace: NetworkNamespace }>();

  private constructor(fabric: VethFabric, machine: NamespaceHandle, host: NetworkNamespace, watch: LinkWatch) {
    this.fabric = fabric;
    this.machine = machine;
    this.host = host;
    this.watch = watch;
  }

  static async build(options: VethFabricOptions = {}): Promise<FabricWorld> {
    const fabric = createVethFabric({ returnDelayMs: 5, ...options });
    const machine = await createNamespace('machine');
    const host = await driver.open({ kind: 'fd', fd: machine.fd });
    for (const subnet of Object.values(fabricSubnets)) await fabric.addSubnet(subnet);
    await fabric.addInstance('i-1', { kind: 'fd', fd: machine.fd });
    return new FabricWorld(fabric, machine, host, await host.watchLinks());
  }

  /** Waits until a NIC is in the machine. */
  async seen(mac: string): Promise<Link> {
    return this.watch.waitFor((links) => links.find((link) => link.mac === mac), { signal: AbortSignal.timeout(10_000) });
  }

  /** Gives a plugged NIC to a pod, as the attachment engine does. */
  async give(card: FabricNic, podName: string, gateway: string, ifname = 'eth0'): Promise<NamespaceHandle> {
    const pod = this.#pods.get(podName) ?? (await this.#addPod(podName));
    const link = await this.seen(card.mac);
    const moved = await this.host.moveLink(link.index, pod.namespace, ifname);
    await pod.namespace.addAddress(moved.index, `${card.address}/24`);
    await pod.namespace.changeLink(moved.index, { up: true });
    await pod.namespace.replaceRoute({ dst: '0.0.0.0/0', gateway, linkIndex: moved.index });
    return pod.handle;
  }

  /** Waits until the fabric knows the name that a NIC has in its pod. */
  async lastSeenAs(card: FabricNic, name: string): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    while (this.fabric.lastSeen(card.id)?.name !== name) await delay(2, undefined, { signal });
  }

  /** Lets the namespace of a pod die with all that is in it. */
  killPod(podName: string): void {
    const pod = this.#pods.get(podName);
    pod?.namespace.close();
    pod?.handle.close();
    this.#pods.delete(podName);
  }

  /** The namespace of a pod, for sockets in it. */
  handleOf(podName: string): NamespaceHandle {
    const pod = this.#pods.get(podName);
    if (pod === undefined) throw new Error(`there is no pod ${podName}`);
    return pod.handle;
  }

  pod(podName: string): NetworkNamespace {
    const pod = this.#pods.get(podName);
    if (pod === undefined) throw new Error(`there is no pod ${podName}`);
    return pod.namespace;
  }

  async tearDown(): Promise<void> {
    this.watch.close();
    await this.fabric.close();
    for (const name of [...this.#pods.keys()]) this.killPod(name);
    this.host.close();
    this.machine.close();
  }

  async #addPod(podName: string): Promise<{ handle: NamespaceHandle; namespace: NetworkNamespace }> {
    const handle = await createNamespace(podName);
    const pod = { handle, namespace: await driver.open({ kind: 'fd', fd: handle.fd }) };
    this.#pods.set(podName, pod);
    return pod;
  }
}
