/** A VPC router of the emulated cloud. */
export interface EmulatedRouter {
  /** `rtr-…` */
  readonly id: string;
  /** A name for people. */
  readonly name: string;
  /** The range its vxnets lie in, such as `192.168.0.0/16`. */
  readonly cidr: string;
  /** When it was made, in milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A run of addresses. */
export interface AddressRange {
  /** The first one. */
  readonly start: string;
  /** The last one. */
  readonly end: string;
}

/** A vxnet of the emulated cloud. */
export interface EmulatedVxnet {
  /** `vxnet-…` */
  readonly id: string;
  /** A name for people. */
  readonly name: string;
  /** 0 self-managed, 1 managed, 2 basic (docs, `describe_vxnets`). */
  readonly type: 0 | 1 | 2;
  /** The VPC router it has joined; undefined: none, and then the API shows neither range nor router and hands out no addresses. */
  readonly routerId: string | undefined;
  /** Its range. */
  readonly cidr: string;
  /** The router's address in it. */
  readonly managerIp: string;
  /** The addresses that DHCP hands out, both ends included; undefined when DHCP is off. */
  readonly dynRange: AddressRange | undefined;
  /** When it was made, in milliseconds since the epoch. */
  readonly createdAt: number;
}

/** States of an instance (docs, `describe_instances`). */
export type InstanceStatus = 'pending' | 'running' | 'stopped' | 'suspended' | 'terminated' | 'ceased';

/** A virtual machine of the emulated cloud. */
export interface EmulatedInstance {
  /** `i-…` */
  readonly id: string;
  /** A name for people. */
  readonly name: string;
  /** NICs are attached only to what is `running`. */
  readonly status: InstanceStatus;
  /** True for a node that an AppCenter cluster made: DescribeInstances shows it only when `is_cluster_node=1` is asked for. */
  readonly clusterNode: boolean;
  /** True when a namespace plays it, so that NICs really appear. */
  readonly hasNamespace: boolean;
  /** When it was made, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** When its status changed last, in milliseconds since the epoch. */
  readonly statusAt: number;
}

/** What a job under way does to a NIC. */
export interface NicTransition {
  /** The job. */
  readonly jobId: string;
  /** What it does. */
  readonly kind: 'attach' | 'detach';
  /** The instance it attaches to or detaches from. */
  readonly instanceId: string;
}

/** A NIC of the emulated cloud. */
export interface EmulatedNic {
  /** Its MAC address. */
  readonly id: string;
  /** The name it was created with. */
  readonly name: string;
  /** The vxnet it belongs to. */
  readonly vxnetId: string;
  /** Its address; empty when the cloud manages none for it. */
  readonly address: string;
  /** As the API shows it: no state for "in transition" exists. */
  readonly status: 'available' | 'in-use';
  /** The instance that holds it, if one does. */
  readonly instanceId: string | undefined;
  /** 1 primary, 0 secondary. */
  readonly role: 0 | 1;
  /** Its index on the instance. */
  readonly sequence: number;
  /** True: packets with foreign source addresses are dropped. */
  readonly antiSpoofing: boolean;
  /** The job that changes it, if one does. */
  readonly transition: NicTransition | undefined;
  /** True while its link exists in the machine (or in a container it was moved to). */
  readonly plugged: boolean;
  /** When it was created, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** When its status changed last, in milliseconds since the epoch. */
  readonly statusAt: number;
}

/** States of a job; `done with failure` is in the SDK's list only. */
export type JobStatus = 'pending' | 'working' | 'successful' | 'failed' | 'done with failure';

/** A job of the emulated cloud. */
export interface EmulatedJob {
  /** `j-…` */
  readonly id: string;
  /** The action that started it. */
  readonly action: 'AttachNics' | 'DetachNics';
  /** Where it is. */
  readonly status: JobStatus;
  /** The NICs it changes. */
  readonly nicIds: readonly string[];
  /** The instance it attaches to; for a detach the one that held the first NIC. */
  readonly instanceId: string;
  /** `error_codes` of the API; empty when fine. */
  readonly errorCodes: string;
  /** When it was started, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** When its status changed last, in milliseconds since the epoch. */
  readonly statusAt: number;
  /** When its links had appeared or vanished, in milliseconds since the epoch; undefined before that. */
  readonly linksAt: number | undefined;
}

/** All that the emulated cloud knows at one instant. Never changed in place: old states serve stale reads. */
export interface CloudState {
  /** By id. */
  readonly routers: ReadonlyMap<string, EmulatedRouter>;
  /** By id. */
  readonly vxnets: ReadonlyMap<string, EmulatedVxnet>;
  /** By id. */
  readonly instances: ReadonlyMap<string, EmulatedInstance>;
  /** By id, in the order of creation. */
  readonly nics: ReadonlyMap<string, EmulatedNic>;
  /** By id, in the order of creation. */
  readonly jobs: ReadonlyMap<string, EmulatedJob>;
}

/** A copy of `map` with some entries set or put in place of old ones. */
export function withEntries<T extends { readonly id: string }>(map: ReadonlyMap<string, T>, entries: readonly T[]): ReadonlyMap<string, T> {
  const copy = new Map(map);
  for (const entry of entries) copy.set(entry.id, entry);
  return copy;
}

/** A copy of `map` without some entries. */
export function withoutEntries<T>(map: ReadonlyMap<string, T>, ids: readonly string[]): ReadonlyMap<string, T> {
  const copy = new Map(map);
  for (const id of ids) copy.delete(id);
  return copy;
}
