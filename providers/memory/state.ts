import type { NicFabric } from '../../lib/fabric.js';
import type { Job, Nic, Subnet } from '../../lib/nic.js';
import type { CreateNicRequest, NicFilter, ProviderFeatures } from '../../lib/provider.js';
import { refusal } from './fault.js';
import type { ExistingNic } from './interface.js';
import type { JobRunner } from './job-runner.js';
import { AddressRange, type MemorySubnet } from './subnet.js';

/** What {@link MemoryState} works with. */
export interface MemoryStateOptions {
  /** All NICs there are, by id. */
  readonly nics: Map<string, Nic>;
  /** The subnets there are. */
  readonly subnets: readonly MemorySubnet[];
  /** NICs that a subnet can hold. */
  readonly maxNicsPerSubnet: number;
  /** Abilities and limits. */
  readonly features: ProviderFeatures;
  /** Runs what takes time. */
  readonly jobs: JobRunner;
  /** Lets NICs forward. */
  readonly fabric: NicFabric | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What is in a memory cloud, and the effect of each call on it. @internal */
export class MemoryState {
  readonly instances = new Set<string>();
  readonly forwarding = new Set<string>();
  readonly #options: MemoryStateOptions;
  readonly #ranges: ReadonlyMap<string, AddressRange>;
  #made = 0;

  constructor(options: MemoryStateOptions) {
    this.#options = options;
    this.#ranges = new Map(options.subnets.map((subnet) => [subnet.id, new AddressRange(subnet, options.maxNicsPerSubnet)]));
  }

  /** Lets a NIC exist, past all limits. */
  addNic(nic: ExistingNic): Nic {
    const range = this.#range('addNic', nic.subnetId);
    this.#made++;
    const hex = this.#made.toString(16).padStart(6, '0');
    const address = nic.address ?? range.lowestFree(this.#inSubnet(nic.subnetId));
    const made: Nic = {
      // Not the MAC address, so that nobody gets used to the two being one.
      id: `nic-${hex}`,
      name: nic.name ?? '',
      mac: `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`,
      subnetId: nic.subnetId,
      addresses: address === undefined ? [] : [address],
      status: nic.instanceId === undefined ? 'available' : 'in-use',
      instanceId: nic.instanceId,
      role: nic.role ?? 'secondary',
      createdAt: nic.createdAt ?? new Date(this.#options.now()),
    };
    this.#options.nics.set(made.id, made);
    return made;
  }

  /** Takes a NIC away, past all rules. */
  removeNic(nicId: string): void {
    this.#options.nics.delete(nicId);
    this.forwarding.delete(nicId);
  }

  describeSubnets(ids: readonly string[]): readonly Subnet[] {
    return ids.flatMap((id) => this.#ranges.get(id)?.toSubnet(this.#inSubnet(id)) ?? []);
  }

  createNic(request: CreateNicRequest): Nic {
    const { subnetId, name, address } = request;
    const range = this.#range('createNic', subnetId);
    const present = this.#inSubnet(subnetId);
    if (range.free(present) === 0) throw refusal('createNic', 'ERR_CAPACITY', `subnet ${subnetId} has no free address`);
    if (address === undefined) return this.addNic({ subnetId, name });
    if (!this.#options.features.wishedAddress) throw refusal('createNic', 'ERR_NOT_SUPPORTED', 'addresses cannot be wished for');
    if (!range.allows(address)) throw refusal('createNic', 'ERR_REQUEST', `${address} is no address for NICs of ${subnetId}`);
    if (present.some((nic) => nic.addresses.includes(address))) throw refusal('createNic', 'ERR_STATE', `${address} is taken`);
    return this.addNic({ subnetId, name, address });
  }

  listNics(filter: NicFilter): readonly Nic[] {
    return [...this.#options.nics.values()].filter(
      (nic) =>
        (filter.ids?.includes(nic.id) ?? true) &&
        (filter.subnetIds?.includes(nic.subnetId) ?? true) &&
        (filter.instanceId === undefined || filter.instanceId === nic.instanceId) &&
        (filter.status === undefined || filter.status === nic.status) &&
        (filter.name === undefined || filter.name === nic.name),
    );
  }

  async attachNics(nicIds: readonly string[], instanceId: string): Promise<string> {
    const { jobs, nics, features } = this.#options;
    if (!this.instances.has(instanceId)) throw refusal('attachNics', 'ERR_NOT_FOUND', `there is no instance ${instanceId}`);
    this.#checkCount('attachNics', nicIds);
    for (const id of nicIds) this.#settled('attachNics', id, 'available');
    const coming = jobs.running().filter((job) => job.action === 'attach' && job.instanceId === instanceId);
    const present = [...nics.values()].filter((nic) => nic.instanceId === instanceId);
    const held = present.length + coming.flatMap((job) => job.nicIds).length;
    if (held + nicIds.length > features.maxNicsPerInstance) {
      throw refusal('attachNics', 'ERR_INSTANCE_FULL', `instance ${instanceId} has ${held} NICs and no room for ${nicIds.length} more`);
    }
    return jobs.start('attach', nicIds, instanceId);
  }

  async detachNics(nicIds: readonly string[]): Promise<string> {
    this.#checkCount('detachNics', nicIds);
    const nics = nicIds.map((id) => this.#settled('detachNics', id, 'in-use'));
    const primary = nics.find((nic) => nic.role === 'primary');
    if (primary !== undefined) throw refusal('detachNics', 'ERR_STATE', `${primary.id} is the primary NIC of its instance`);
    const [instanceId, ...others] = new Set(nics.map((nic) => nic.instanceId));
    if (instanceId === undefined || others.length > 0) {
      throw refusal('detachNics', 'ERR_REQUEST', 'the NICs are held by different instances');
    }
    return this.#options.jobs.start('detach', nicIds, instanceId);
  }

  /** Deletes all or none. */
  deleteNics(nicIds: readonly string[]): void {
    for (const id of nicIds) this.#settled('deleteNics', id, 'available');
    for (const id of nicIds) this.removeNic(id);
  }

  describeJobs(ids: readonly string[]): readonly Job[] {
    return this.#options.jobs.all().filter((job) => ids.includes(job.id));
  }

  async allowForwarding(nicId: string): Promise<void> {
    if (!this.#options.features.forwarding) throw refusal('allowForwarding', 'ERR_NOT_SUPPORTED', 'forwarding cannot be allowed here');
    this.#nic('allowForwarding', nicId);
    this.forwarding.add(nicId);
    await this.#options.fabric?.setAntiSpoofing(nicId, false);
  }

  #range(action: string, subnetId: string): AddressRange {
    const range = this.#ranges.get(subnetId);
    if (range === undefined) throw refusal(action, 'ERR_NOT_FOUND', `there is no subnet ${subnetId}`);
    return range;
  }

  #nic(action: string, id: string): Nic {
    const nic = this.#options.nics.get(id);
    if (nic === undefined) throw refusal(action, 'ERR_NOT_FOUND', `there is no NIC ${id}`);
    return nic;
  }

  #inSubnet(subnetId: string): readonly Nic[] {
    return [...this.#options.nics.values()].filter((nic) => nic.subnetId === subnetId);
  }

  #settled(action: string, id: string, status: Nic['status']): Nic {
    const nic = this.#nic(action, id);
    const moving = this.#options.jobs.running().some((job) => job.nicIds.includes(id));
    if (moving) throw refusal(action, 'ERR_STATE', `NIC ${id} is in transition`);
    if (nic.status !== status) throw refusal(action, 'ERR_STATE', `NIC ${id} is ${nic.status}, not ${status}`);
    return nic;
  }

  #checkCount(action: string, nicIds: readonly string[]): void {
    const most = this.#options.features.maxNicsPerCall;
    if (nicIds.length > most) throw refusal(action, 'ERR_REQUEST', `a call takes at most ${most} NICs, not ${nicIds.length}`);
  }
}
