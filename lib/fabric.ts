import type { NamespaceRef } from './driver.js';

/** A subnet that a fabric builds: a switch with a router in it. */
export interface FabricSubnet {
  /** The emulated cloud's id of it. */
  readonly id: string;
  /** Its range, such as `192.168.100.0/24`. */
  readonly cidr: string;
  /** The router's address in it. Routers of subnets with the same `networkId` forward to each other. */
  readonly gateway: string;
  /** The private network it belongs to. */
  readonly networkId: string;
}

/** A NIC to plug into a machine. */
export interface FabricNic {
  /** The emulated cloud's id of it. */
  readonly id: string;
  /** The hardware address the machine sees. */
  readonly mac: string;
  /** Its address in the subnet, without prefix length; empty when it has none. The fabric does not configure it: the machine does. */
  readonly address: string;
  /** The subnet whose switch it hangs on. */
  readonly subnetId: string;
  /** Whether what it sends under foreign MAC or IPv4 addresses is dropped from the first moment on. Default false. */
  readonly antiSpoofing?: boolean;
}

/**
 * What plays the data centre behind an emulated cloud: switches, routers and the machines' sockets for NICs.
 * `createVethFabric` in `hostnic-cni/netlink` builds it from veth pairs and bridges; a test may pass its own.
 */
export interface NicFabric {
  /** Builds the switch and router of a subnet. */
  addSubnet(subnet: FabricSubnet): Promise<void>;
  /** Lets a machine exist: the namespace that plays it. */
  addInstance(instanceId: string, namespace: NamespaceRef): Promise<void>;
  /** Makes a NIC appear in the machine's namespace, down and unconfigured, under a name of the fabric's choice. */
  plug(nic: FabricNic, instanceId: string): Promise<void>;
  /** Takes a NIC away from wherever its machine side lives now. One that is not plugged is no error. */
  unplug(nicId: string): Promise<void>;
  /** Starts or ends dropping what a plugged NIC sends under foreign MAC or IPv4 addresses. */
  setAntiSpoofing(nicId: string, on: boolean): Promise<void>;
  /**
   * Why anti-spoofing cannot be had here; undefined when it can. Asked once there is a subnet. A fabric without this method takes the word
   * `antiSpoofing` without doing anything.
   */
  whyNoAntiSpoofing?(): Promise<string | undefined>;
  /**
   * Takes a plugged NIC out of whatever namespace it is in and lets it come back to its machine, as a card does whose namespace died.
   * Resolves when it is gone; it is back a little later. Absent where links do not come back.
   */
  returnNic?(nicId: string): Promise<void>;
  /** Takes everything down. Two closes are fine. */
  close(): Promise<void>;
}
