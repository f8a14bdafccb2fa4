/** A NIC as the cloud sees it. */
export interface Nic {
  /** The cloud's id of it. QingCloud's is the MAC address. */
  readonly id: string;
  /** The name it was created with; may be empty. Clouds without idempotency keys are searched by it. */
  readonly name: string;
  /** Hardware address, lower case with colons. */
  readonly mac: string;
  /** The subnet it lives in (QingCloud: vxnet). */
  readonly subnetId: string;
  /** Its addresses without prefix length, the primary one first; empty when the cloud manages none for it. */
  readonly addresses: readonly string[];
  /** `available`: held by no instance. `in-use`: attached. A job under way may show either. */
  readonly status: 'available' | 'in-use';
  /** The instance that holds it, if one does. */
  readonly instanceId: string | undefined;
  /** `primary` NICs belong to their instance and are never detached, deleted or moved. */
  readonly role: 'primary' | 'secondary';
  /** When it was created, if the cloud says so. */
  readonly createdAt: Date | undefined;
}

/** A subnet that NICs are taken from (QingCloud: vxnet). */
export interface Subnet {
  /** The cloud's id of it. */
  readonly id: string;
  /** The private network it belongs to (QingCloud: the VPC router); undefined when it is in none. */
  readonly networkId: string | undefined;
  /** Its range, such as `192.168.100.0/24`; undefined when it is in no private network. */
  readonly cidr: string | undefined;
  /** The router's address in it; undefined when it is in no private network. */
  readonly gateway: string | undefined;
  /** How many addresses are free, if the cloud says so. */
  readonly freeAddresses: number | undefined;
}

/** An asynchronous job of the cloud. */
export interface Job {
  /** The cloud's id of it. */
  readonly id: string;
  /** Where it is; `running` covers waiting too. */
  readonly status: 'running' | 'succeeded' | 'failed';
  /** Why it failed, in the cloud's words; undefined otherwise. */
  readonly reason: string | undefined;
}
