import type { Clock } from '../../lib/clock.js';
import type { NicFabric } from '../../lib/fabric.js';
import type { Nic } from '../../lib/nic.js';
import type { NicProvider, ProviderFeatures } from '../../lib/provider.js';
import type { MemoryJob } from './job-runner.js';
import type { MemorySubnet } from './subnet.js';

/** The calls of a {@link NicProvider} that reach its cloud. */
export type MemoryAction =
  | 'describeSubnets'
  | 'createNic'
  | 'listNics'
  | 'attachNics'
  | 'detachNics'
  | 'deleteNics'
  | 'describeJobs'
  | 'allowForwarding';

/** One call that reached the cloud. */
export interface MemoryCall {
  /** Which method of the provider. */
  readonly action: MemoryAction;
  /** Its arguments, without the options. */
  readonly args: readonly unknown[];
}

/**
 * Sees every call twice: `before` it takes effect and `after`, just before the answer.
 * What it throws is what the caller gets: see `refusal` and `lostAnswer`. A promise delays the call.
 */
export type MemoryCallHook = (action: MemoryAction, phase: 'before' | 'after', args: readonly unknown[]) => void | Promise<void>;

/** What `createMemoryCloud` takes. */
export interface MemoryCloudOptions {
  /** The instance that {@link MemoryCloud.provider} runs on unless told otherwise. */
  readonly instanceId: string;
  /** The subnets there are. */
  readonly subnets: readonly MemorySubnet[];
  /** Makes links come and go with the jobs. The caller has added the subnets and instances to it, and closes it. */
  readonly fabric?: NicFabric;
  /** The time that jobs run on; the system's by default. */
  readonly clock?: Clock;
  /** How long a job takes, in milliseconds; `Infinity`: until {@link MemoryCloud.finishJobs}. By default it is over before the call answers. */
  readonly jobMs?: number;
  /** How long until the link comes or goes; as `jobMs` by default. A real cloud plugs before it calls the job done. */
  readonly linkMs?: number;
  /**
   * True: jobs go on by themselves, woken by the clock, as links of a fabric must.
   * Without it there is no timer: a job whose time has come goes on with the next call of anyone.
   */
  readonly timers?: boolean;
  /** NICs that a subnet can hold; 252 by default. */
  readonly maxNicsPerSubnet?: number;
  /** Abilities and limits that differ from the default: 64 NICs per instance, 5 per call, everything supported, no late effects. */
  readonly features?: Partial<ProviderFeatures>;
}

/** A NIC that is there without having been created by a call. */
export interface ExistingNic {
  /** The subnet it lives in. */
  readonly subnetId: string;
  /** Its name; empty by default. */
  readonly name?: string;
  /** Its address; the lowest free one by default. */
  readonly address?: string;
  /** The instance that holds it, if one does. Its link is not plugged. */
  readonly instanceId?: string;
  /** `secondary` by default. */
  readonly role?: Nic['role'];
  /** Now by default. */
  readonly createdAt?: Date;
}

/** A cloud without I/O, for tests and as the reference of {@link NicProvider}. */
export interface MemoryCloud {
  /** Sees every call and may make it fail, wait or lose its answer. */
  onCall: MemoryCallHook | undefined;
  /** The cloud as a process on an instance sees it. */
  provider(options?: { readonly instanceId?: string }): NicProvider;
  /** Lets another instance exist. */
  addInstance(instanceId: string): void;
  /** Lets a NIC exist, past all calls and limits: a primary one, someone else's, or one whose creation took effect late. */
  addNic(nic: ExistingNic): Nic;
  /** Takes a NIC away, past all calls and rules. */
  removeNic(nicId: string): void;
  /** All NICs there are. */
  nics(): readonly Nic[];
  /** Ids of the NICs that may send foreign source addresses. */
  forwardingNics(): readonly string[];
  /** All jobs there were, oldest first. */
  jobs(): readonly MemoryJob[];
  /** Ends all running jobs now, in success or, with a reason, in failure. */
  finishJobs(failure?: string): Promise<void>;
  /** The next `count` jobs that start will fail for this reason. */
  failJobs(count: number, reason: string): void;
  /** All calls that arrived, oldest first, failed ones included. */
  calls(): readonly MemoryCall[];
  /** Stops the timers. Two closes are fine. */
  close(): Promise<void>;
}
