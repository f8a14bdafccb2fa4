import type { Job, Nic, Subnet } from './nic.js';

/** What every call that may take time accepts. */
export interface CallOptions {
  /** Ends the call early. The call then rejects with `ERR_CANCELLED`, or `ERR_DEADLINE` when the signal's reason is a time-out. */
  readonly signal?: AbortSignal;
}

/** What `createNic` accepts beside. */
export interface CreateNicOptions extends CallOptions {
  /**
   * Aborts when it is too late to begin. A provider that keeps a request waiting before it sends it, as for a budget of calls, gives up the
   * wait then: it rejects as for `signal`, with `outcome` `refused`. A request that has been sent is none of its business.
   */
  readonly startSignal?: AbortSignal;
}

/** What a provider can do and the limits of its cloud. */
export interface ProviderFeatures {
  /** `createNic` takes a wished address. */
  readonly wishedAddress: boolean;
  /** `allowForwarding` works. When false the cloud lets NICs forward anyway, or cannot be told to. */
  readonly forwarding: boolean;
  /** NICs an instance can hold, the primary included. */
  readonly maxNicsPerInstance: number;
  /** NICs one attach or detach call takes. */
  readonly maxNicsPerCall: number;
  /**
   * How long after a lost `createNic` answer its NIC may still appear, in milliseconds:
   * the time a signed request stays valid plus the age of a stale read.
   */
  readonly lateEffectMs: number;
}

/** What `createNic` needs. */
export interface CreateNicRequest {
  /** The subnet to take it from. */
  readonly subnetId: string;
  /** Its name. Names are the only idempotency key that clouds without one have, so callers choose them with care. */
  readonly name: string;
  /** A wished address without prefix length; only where `features.wishedAddress`. */
  readonly address?: string;
}

/** Which NICs `listNics` shall return. Given fields combine with AND; an empty list of ids matches nothing. */
export interface NicFilter {
  /** Only these ids. Unknown ids are left out of the answer. */
  readonly ids?: readonly string[];
  /** Only those attached to this instance. */
  readonly instanceId?: string;
  /** Only those of these subnets. */
  readonly subnetIds?: readonly string[];
  /** Only those in this status. */
  readonly status?: Nic['status'];
  /** Only those with exactly this name. The provider compares names itself, whatever the cloud's filter does. */
  readonly name?: string;
}

/**
 * A cloud that NICs come from: the contract for implementors.
 *
 * - Arguments are already checked by the caller: ids are non-empty, lists are non-empty and hold no double.
 * - Every rejection is a {@link ProviderError} (`ERR_DECODE` never: an unreadable answer is `ERR_RESPONSE`), with `outcome` set
 *   truthfully: everything the attachment engine guarantees rests on it. So is that of a call which its signal ended: a ProviderError with
 *   the code `ERR_CANCELLED` or `ERR_DEADLINE`, whose outcome is `refused` only when no request can have arrived.
 *   Only `instanceId` may reject with a plain NicError.
 * - What is not idempotent (`createNic`) is never repeated by the provider once a request may have reached the cloud.
 *   Reads, and what can be repeated without harm, may be retried within `signal`.
 * - Calls may run at the same time, for the same NICs too. What becomes of one, and whose signal ends it, is nothing to the others.
 * - Nothing is cached that another process may change, but `describeSubnets` may be.
 * - No method prints. No error holds a secret.
 *
 * `describeProvider` in `hostnic-cni/testing` checks an implementation against this contract.
 */
export interface NicProvider {
  /** The name in configuration files, such as `qingcloud`. */
  readonly name: string;
  /**
   * Tells these settings from others for the same cloud: endpoint, account, and which version of the secret, but never the secret or
   * anything made from it. What the cloud said to other settings is not taken for true then. Absent: the name alone tells them apart.
   */
  readonly identity?: string;
  /** Abilities and limits. */
  readonly features: ProviderFeatures;

  /**
   * The id of the instance this process runs on, without a call to the cloud where the host knows it.
   * @throws NicError `ERR_CONFIG` when it cannot be found out; the message names the file
   */
  instanceId(options?: CallOptions): Promise<string>;

  /** The subnets of `ids` that exist, in any order. Unknown ids are left out. */
  describeSubnets(ids: readonly string[], options?: CallOptions): Promise<readonly Subnet[]>;

  /**
   * Creates one NIC, `available` and attachable at once. Not idempotent: two calls make two NICs.
   * When it rejects with `outcome: 'unknown'` a NIC of that name may exist or may still appear within `features.lateEffectMs`.
   */
  createNic(request: CreateNicRequest, options?: CreateNicOptions): Promise<Nic>;

  /** All NICs that match, every page of them, in any order. */
  listNics(filter: NicFilter, options?: CallOptions): Promise<readonly Nic[]>;

  /**
   * Starts attaching NICs to an instance; resolves with the id of the job. Rejects with `ERR_STATE` when one is not `available` or on its way,
   * `ERR_NOT_FOUND` when the cloud does not know one of them or the instance, `ERR_REQUEST` for more than `features.maxNicsPerCall` ids,
   * `ERR_INSTANCE_FULL` when the instance has no room and the cloud tells it apart. A call that is refused attaches none of them.
   */
  attachNics(nicIds: readonly string[], instanceId: string, options?: CallOptions): Promise<string>;

  /**
   * Starts detaching NICs from whatever holds them; resolves with the id of the job. Rejects with `ERR_STATE` when one is not `in-use`,
   * `ERR_NOT_FOUND` when one is unknown, `ERR_REQUEST` for more than `features.maxNicsPerCall` ids. Never detaches a primary NIC.
   */
  detachNics(nicIds: readonly string[], options?: CallOptions): Promise<string>;

  /**
   * Deletes NICs that no instance holds, any number of them. Rejects with `ERR_STATE` when one is held or still in transition, `ERR_NOT_FOUND` when one is gone already;
   * then the others may or may not be deleted.
   */
  deleteNics(nicIds: readonly string[], options?: CallOptions): Promise<void>;

  /** The jobs of `ids` that the cloud knows. Unknown ids are left out of the answer, never an error. */
  describeJobs(ids: readonly string[], options?: CallOptions): Promise<readonly Job[]>;

  /**
   * Lets a NIC send packets with foreign source addresses, as a gateway must. Idempotent. Rejects with `ERR_NOT_FOUND` when it is unknown.
   * @throws ProviderError `ERR_NOT_SUPPORTED` where `features.forwarding` is false
   */
  allowForwarding(nicId: string, options?: CallOptions): Promise<void>;

  /** Frees connections. Two closes are fine. */
  close(): Promise<void>;
}
