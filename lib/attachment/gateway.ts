import { isNicError, NicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { acquireNic } from './acquire.js';
import { NicAttaching } from './attach-nic.js';
import { blankGateway } from './blank-record.js';
import { toReason } from './cloud-error.js';
import { askerOf, type Command } from './context.js';
import { carries, configureGatewayLink, findHostLink, inSubnet, warnOfHostSettings } from './gateway-link.js';
import { removeGateway } from './gateway-removal.js';
import { Journal } from './journal.js';
import { gatewayId, gatewayName, isNicName, originalName } from './names.js';
import { originalGateway, takeOver } from './original-gateway.js';
import type { RoutedSubnet } from './plan.js';
import { type AttachmentRecord, type GatewayRecord, type GatewayUse, isOfAnotherInstance, type NicEntry } from './record.js';
import { toNicEntry } from './settle.js';
import { survey } from './survey.js';

/** What {@link useGateway} needs. */
export interface GatewayOptions {
  /** The record of the attachment whose routes lead through the gateway, its lock held. */
  readonly journal: Journal<AttachmentRecord>;
  /** The container's subnet. */
  readonly subnet: RoutedSubnet;
  /** Rejects when the command must not go on. */
  readonly guard: () => Promise<void>;
}

/**
 * Finds or makes this host's gateway in a subnet and writes it into the attachment's record, under the gateway's lock:
 * however many commands of however many networks race, one is made.
 */
export async function useGateway(command: Command, options: GatewayOptions): Promise<GatewayUse> {
  const { hostStore } = command.context;
  const lock = await hostStore.gateways.lock(gatewayId(options.subnet.id), { signal: command.budget.signal });
  try {
    const use = await new Gateway(command, options).ready();
    await options.journal.save({ gateway: use }, 'quick');
    await warnOfHostSettings(command);
    return use;
  } finally {
    lock.release();
  }
}

/** All its NICs are gone and only a late one is possible: whoever uses the record on adopts that, or it becomes surplus. */
function isOnlyWatched({ found, nics, create, uncertainAt }: GatewayRecord): boolean {
  return !found && nics.length === 0 && create === undefined && uncertainAt !== undefined;
}

class Gateway {
  readonly #command: Command;
  readonly #options: GatewayOptions;

  constructor(command: Command, options: GatewayOptions) {
    this.#command = command;
    this.#options = options;
  }

  async ready(): Promise<GatewayUse> {
    const journal = await this.#stored();
    if (journal !== undefined) {
      const use = await this.#renew(journal);
      if (use !== undefined) return use;
    }
    return (await this.#find()) ?? (await this.#allocate(this.#blank()));
  }

  /** The record there is, brought to a state that can be used: what a dead command was removing is removed first. */
  async #stored(): Promise<Journal<GatewayRecord> | undefined> {
    const { hostStore, log } = this.#command.context;
    const store = hostStore.gateways;
    const id = gatewayId(this.#options.subnet.id);
    const stored = await store.read(id);
    if (stored === undefined) return undefined;
    if (stored.kind === 'newer') throw new NicError('ERR_JOURNAL', stored.reason);
    if (stored.kind === 'unreadable') {
      log.warn('the record of a gateway cannot be read; looking for it in the cloud', { reason: stored.reason });
      await store.setAside(id);
      return undefined;
    }
    const { instanceId } = await this.#command.cloud();
    if (isOfAnotherInstance(stored.record, instanceId)) {
      await store.setAside(id);
      return undefined;
    }
    const journal = new Journal({ store, id, record: stored.record, log });
    if (stored.record.state !== 'removing' || isOnlyWatched(stored.record)) return journal;
    try {
      await removeGateway(this.#command, journal, { signal: this.#command.budget.signal });
    } catch (error) {
      if (!isNicError(error, 'ERR_PENDING') || !isOnlyWatched(journal.current)) throw error;
      return journal;
    }
    return undefined;
  }

  /** Uses a recorded gateway again when it is what the record says, or can be made so. */
  async #renew(journal: Journal<GatewayRecord>): Promise<GatewayUse | undefined> {
    const { current } = journal;
    const entry = current.nics.find((nic) => nic.id === current.nicId);
    if (current.state === 'ready' && entry !== undefined && current.bootId === this.#command.context.bootId) {
      const use = await this.#asRecorded(journal, entry);
      if (use !== undefined) return use;
    }
    // A NIC of the host that was found before may have gone, or may be found again.
    if (current.found) {
      const ours = await takeOver(this.#command, current);
      if (ours === undefined) {
        await journal.remove();
        return undefined;
      }
      journal.note(ours);
    }
    // After a reboot, or with the link gone, or with a dead command's work half done: the cloud says what is left of it.
    return this.#allocate(journal);
  }

  async #asRecorded(journal: Journal<GatewayRecord>, entry: NicEntry): Promise<GatewayUse | undefined> {
    const { found, address, unusedSince } = journal.current;
    if (address === undefined) return undefined;
    const host = address.slice(0, address.indexOf('/'));
    if (found) {
      if (!(await carries(await this.#command.host(), entry.mac, host))) return undefined;
    } else {
      const link = await findHostLink(this.#command, entry.mac);
      if (link === undefined) return undefined;
      await configureGatewayLink(this.#command, link, address);
    }
    if (unusedSince !== undefined) await journal.save({ unusedSince: undefined }, 'quick');
    return { nicId: entry.id, mac: entry.mac, address: host };
  }

  /** A NIC that the host has in the subnet anyway, by what cloud and kernel say. Never a container's. */
  async #find(): Promise<GatewayUse | undefined> {
    const { subnet } = this.#options;
    const { provider, instanceId } = await this.#command.cloud();
    const nics = await provider.listNics({ instanceId, subnetIds: [subnet.id] }, { signal: this.#command.budget.signal });
    const own = gatewayName(instanceId, subnet.id);
    const lost = nics.find((nic) => nic.name === own);
    // Ours, and its record is lost.
    if (lost !== undefined) return this.#allocate(this.#blank({ uncertainAt: 0 }));
    const containers = await this.#containerNics();
    for (const nic of [...nics].sort((a, b) => Number(b.role === 'primary') - Number(a.role === 'primary'))) {
      const address = await this.#usableAddress(nic, containers);
      if (address === undefined) continue;
      const full = inSubnet(address, subnet);
      const journal = this.#blank(nic.name === originalName(instanceId) ? originalGateway(instanceId) : { instanceId });
      const entry = toNicEntry(nic);
      await journal.save({ state: 'ready', found: true, nics: [entry], nicId: nic.id, address: full }, 'durable');
      this.#command.context.log.info('gateway found', { nic: nic.id, subnet: subnet.id, address });
      return { nicId: nic.id, mac: nic.mac, address };
    }
    return undefined;
  }

  /** The address by which a NIC of this instance can be routed through; undefined for those of containers and those the host does not use. */
  async #usableAddress(nic: Nic, containers: ReadonlySet<string>): Promise<string | undefined> {
    if (nic.role !== 'primary' && (isNicName(nic.name) || containers.has(nic.id))) return undefined;
    const host = await this.#command.host();
    for (const address of nic.addresses) {
      if (await carries(host, nic.mac, address)) return address;
    }
    return undefined;
  }

  async #containerNics(): Promise<ReadonlySet<string>> {
    const { records } = await survey(this.#command);
    const originals = await this.#command.context.hostStore.listOriginals();
    return new Set([...records.flatMap(({ record }) => record.nics.map((nic) => nic.id)), ...originals.map((original) => original.nicId)]);
  }

  #blank(patch: Partial<GatewayRecord> = {}): Journal<GatewayRecord> {
    const { hostStore, bootId, log } = this.#command.context;
    const { subnet } = this.#options;
    const record = blankGateway(bootId, subnet.id, patch);
    return new Journal({ store: hostStore.gateways, id: gatewayId(subnet.id), record, log });
  }

  /** Makes a NIC the gateway: one of its name that is there, else a new one. */
  async #allocate(journal: Journal<GatewayRecord>): Promise<GatewayUse> {
    const { subnet, guard } = this.#options;
    const { context, budget } = this.#command;
    const cloud = await this.#command.cloud();
    const { provider, instanceId } = cloud;
    journal.note({
      instanceId,
      // Those that are there already were made by whoever asked then.
      ...(journal.current.nics.length === 0 ? { asker: askerOf(cloud) } : {}),
      nicName: gatewayName(instanceId, subnet.id),
      bootId: context.bootId,
      state: 'adding',
      attempts: 0,
      retryAt: undefined,
    });
    const host = await this.#command.host();
    const watch = await host.watchLinks({ signal: budget.signal });
    try {
      const { entry, attached } = await acquireNic(this.#command, { journal, subnets: [subnet], guard });
      const attaching = new NicAttaching(this.#command, { journal, entry, attached, watch, guard });
      const link = await attaching.run();
      await attaching.settled();
      if (provider.features.forwarding) await provider.allowForwarding(entry.id, { signal: budget.patientSignal });
      const address = inSubnet(entry.addresses[0] ?? '', subnet);
      if (address === undefined) throw new NicError('ERR_RESPONSE', `the cloud gave the gateway NIC ${entry.id} no address`);
      await configureGatewayLink(this.#command, link, address);
      await journal.save({ state: 'ready', address, found: false, unusedSince: undefined }, 'durable');
      context.log.info('gateway allocated', { nic: entry.id, subnet: subnet.id, address });
      return { nicId: entry.id, mac: entry.mac, address: address.slice(0, address.indexOf('/')) };
    } catch (error) {
      await this.#undo(journal);
      throw error;
    } finally {
      watch.close();
    }
  }

  async #undo(journal: Journal<GatewayRecord>): Promise<void> {
    try {
      await removeGateway(this.#command, journal, { signal: this.#command.budget.unwind() });
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#command.context.log.warn('a gateway NIC is left for later', { id: journal.id, reason: toReason(error) });
    }
  }
}
