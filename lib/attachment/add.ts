import { orThrow } from '../codec.js';
import type { LinkWatch, NetworkNamespace } from '../driver.js';
import { isNicError, NicError } from '../errors.js';
import { type AcquiredNic, acquireNic } from './acquire.js';
import { workOffLeftOvers } from './afterwards.js';
import { NicAttaching } from './attach-nic.js';
import { blankRecord } from './blank-record.js';
import { requireRoom } from './capacity.js';
import { toReason } from './cloud-error.js';
import { configure, moveIn } from './configure.js';
import { askerOf, type Command } from './context.js';
import { workElsewhere } from './elsewhere.js';
import { finishAttachments } from './finish.js';
import { useGateway } from './gateway.js';
import { AddGuard } from './guard.js';
import { Journal } from './journal.js';
import { pathOf } from './local.js';
import { attachmentId, nicName } from './names.js';
import { isAlive, sweep } from './pending.js';
import { checkRequest, needsGateway, planAddresses, planRoutes, planSubnets, type RoutedSubnet } from './plan.js';
import { type AttachmentRecord, isOfAnotherInstance, type ResultEntry } from './record.js';
import type { Attachment, AttachRequest } from './request.js';
import { describeSubnets, rankSubnets } from './subnets.js';
import { type Survey, survey } from './survey.js';

/** Runs one ADD: see {@link AttachmentEngine.attach}. */
export async function add(command: Command, request: AttachRequest): Promise<Attachment> {
  const run = new Add(command, orThrow(checkRequest(request)));
  return run.run();
}

/** Where a NIC goes and where it may come from. */
interface Checked {
  readonly target: NetworkNamespace;
  readonly candidates: readonly RoutedSubnet[];
}

/** An ADD that went well. */
interface Done {
  readonly attachment: Attachment;
  /** The host's records as read before; undefined when they have to be read again. */
  readonly known: Survey | undefined;
}

class Add {
  readonly #command: Command;
  readonly #request: AttachRequest;
  readonly #id: string;

  constructor(command: Command, request: AttachRequest) {
    this.#command = command;
    this.#request = request;
    this.#id = attachmentId(request.key);
  }

  async run(): Promise<Attachment> {
    const { store } = this.#command.context;
    const guard = await AddGuard.begin(this.#command, this.#id);
    try {
      const target = await this.#checkTarget();
      // Before the first call of the cloud, so that a DEL from now on finds that there is somebody to cancel.
      const lock = await store.lock(this.#id, { signal: this.#command.budget.signal });
      let done: Done;
      try {
        done = await this.#locked(target, guard);
      } finally {
        lock.release();
      }
      await workOffLeftOvers(this.#command, done.known);
      return done.attachment;
    } finally {
      guard.close();
    }
  }

  /** What can be found wrong with the container before anything is changed anywhere. */
  async #checkTarget(): Promise<NetworkNamespace> {
    const { namespace, key } = this.#request;
    const target = await this.#command.open(namespace);
    const host = await this.#command.host();
    if (target.cookie === host.cookie) {
      throw new NicError('ERR_NAMESPACE', `${target.label}: is the host's own network namespace: a container needs one of its own`);
    }
    const taken = (await target.listLinks()).some((link) => link.name === key.ifname || link.altNames.includes(key.ifname));
    if (taken && (await this.#command.context.store.read(this.#id)) === undefined) throw this.#linkExists(target);
    return target;
  }

  /** What can be found wrong with the configuration before anything is changed anywhere. */
  async #checkSubnets(): Promise<readonly RoutedSubnet[]> {
    const { provider } = await this.#command.cloud();
    if (this.#request.address !== undefined && !provider.features.wishedAddress) {
      throw new NicError('ERR_NOT_SUPPORTED', `provider ${provider.name} cannot give a NIC a wished address: leave it out`);
    }
    const subnets = await describeSubnets(this.#command, this.#request.subnetIds, this.#command.budget.signal);
    return orThrow(planSubnets(this.#request, subnets));
  }

  #linkExists(target: NetworkNamespace): NicError {
    return new NicError('ERR_LINK_EXISTS', `${target.label}: there is an interface ${this.#request.key.ifname} already`);
  }

  async #locked(target: NetworkNamespace, guard: AddGuard): Promise<Done> {
    const { context, budget } = this.#command;
    await guard.check();
    const candidates = await this.#checkSubnets();
    await guard.check();
    const uncertainAt = await this.#clearWay();
    const links = await target.listLinks();
    const { ifname } = this.#request.key;
    if (links.some((link) => link.name === ifname || link.altNames.includes(ifname))) throw this.#linkExists(target);
    await context.hostStore.register(context.store, { signal: budget.signal });
    const known = await this.#sweepBefore(candidates);
    await requireRoom(this.#command, known, budget.signal);
    const subnets = await rankSubnets(this.#command, candidates, takenSince(known, await context.hostStore.readSubnets()));
    const journal = await this.#intend(target, uncertainAt);
    try {
      const attachment = await this.#attach(journal, { target, candidates: subnets }, guard);
      // Read again only where there is work: with many containers on the host that takes a while.
      return { attachment, known: journal.current.nics.length > 1 ? undefined : known };
    } catch (error) {
      await this.#unwind(journal, target, error);
      throw error;
    }
  }

  /**
   * Deals with an earlier record of this attachment: one that lives is an error, any other is unwound first.
   * @returns since when a lost answer of it is uncertain
   */
  async #clearWay(): Promise<number | undefined> {
    const { store, log } = this.#command.context;
    const stored = await store.read(this.#id);
    if (stored === undefined) {
      await workElsewhere(this.#command, this.#id, (journal) => this.#clearElsewhere(journal));
      return undefined;
    }
    if (stored.kind === 'newer') throw new NicError('ERR_JOURNAL', stored.reason);
    if (stored.kind === 'unreadable') {
      log.warn('an unreadable record is in the way; its NIC is looked for by name', { id: this.#id, reason: stored.reason });
      await store.setAside(this.#id);
      return 0;
    }
    const { instanceId } = await this.#command.cloud();
    if (isOfAnotherInstance(stored.record, instanceId)) {
      await store.setAside(this.#id);
      return undefined;
    }
    const journal = new Journal({ store, id: this.#id, record: stored.record, log });
    const error = await this.#clear(journal);
    if (error === undefined) return undefined;
    // All its NICs are gone and only a late one is possible: the new record watches for that.
    if (journal.current.nics.length === 0 && journal.current.uncertainAt !== undefined) return journal.current.uncertainAt;
    throw error;
  }

  /** The new record does not replace one in another journal, which would look for NICs of the same name: it has to be gone. */
  async #clearElsewhere(journal: Journal<AttachmentRecord>): Promise<void> {
    const { instanceId } = await this.#command.cloud();
    if (isOfAnotherInstance(journal.current, instanceId)) return;
    const error = await this.#clear(journal);
    if (error !== undefined) throw error;
  }

  /** @returns why it is not gone, if it is not */
  async #clear(journal: Journal<AttachmentRecord>): Promise<NicError | undefined> {
    const record = journal.current;
    if (await isAlive(this.#command, record)) {
      throw new NicError('ERR_ATTACHED', `container ${record.key.containerId} has its NIC ${record.nicId} as ${record.key.ifname} already`);
    }
    return (await finishAttachments(this.#command, [{ journal }], this.#command.budget.signal)).get(this.#id);
  }

  /** Work that dead commands left in the same subnets comes first: it holds addresses and places on the instance. */
  async #sweepBefore(candidates: readonly RoutedSubnet[]): Promise<Survey> {
    const { limits } = this.#command.context;
    const known = await survey(this.#command);
    const signal = this.#command.budget.atMost(limits.pendingMs, this.#command.budget.signal);
    const subnetIds = candidates.map((subnet) => subnet.id);
    const changed = await sweep(this.#command, known, { except: this.#id, signal, subnetIds });
    return changed ? survey(this.#command) : known;
  }

  /** The record that is written with the first step. */
  async #intend(target: NetworkNamespace, uncertainAt: number | undefined): Promise<Journal<AttachmentRecord>> {
    const { store, log } = this.#command.context;
    const cloud = await this.#command.cloud();
    const { instanceId } = cloud;
    const { key, namespace, subnetIds } = this.#request;
    const record = blankRecord(this.#command, key, {
      instanceId,
      asker: askerOf(cloud),
      nicName: nicName(instanceId, key),
      subnetIds,
      uncertainAt,
      namespace: { path: pathOf(namespace), cookie: target.cookie },
    });
    return new Journal({ store, id: this.#id, record, log });
  }

  async #attach(journal: Journal<AttachmentRecord>, checked: Checked, guard: AddGuard): Promise<Attachment> {
    const { budget } = this.#command;
    const host = await this.#command.host();
    const watch = await host.watchLinks({ signal: budget.signal });
    try {
      const acquired = await acquireNic(this.#command, {
        journal,
        subnets: checked.candidates,
        address: this.#request.address,
        guard: guard.check,
      });
      return await this.#bringIn(journal, checked.target, { acquired, watch, guard });
    } finally {
      watch.close();
    }
  }

  async #bringIn(
    journal: Journal<AttachmentRecord>,
    target: NetworkNamespace,
    { acquired, watch, guard }: { readonly acquired: AcquiredNic; readonly watch: LinkWatch; readonly guard: AddGuard },
  ): Promise<Attachment> {
    const { entry, subnet, attached } = acquired;
    const { key, mtu } = this.#request;
    const addresses = orThrow(planAddresses(entry.addresses, subnet));
    const attaching = new NicAttaching(this.#command, { journal, entry, attached, watch, guard: guard.check });
    try {
      // The gateway is found or made while the cloud attaches.
      const [link, gateway] = await bothOrFirstError(attaching.run(), this.#gateway(journal, subnet, guard), () => {
        this.#command.budget.cancel(new NicError('ERR_CANCELLED', 'another part of attaching the NIC failed'));
      });
      const options = { journal, target, ifname: key.ifname, mac: entry.mac, guard: guard.check };
      const moved = await moveIn(this.#command, options, link);
      const routes = planRoutes(this.#request, subnet, gateway);
      const result = await configure(this.#command, options, moved, { addresses, routes, mtu, gateway: subnet.gateway });
      await attaching.confirmed();
      await guard.check();
      await journal.save({ state: 'complete', step: undefined, result }, 'durable');
      return toAttachment(journal.current, entry.mac, subnet, result);
    } catch (error) {
      // The answer to the attach request, if it is still under way, belongs into the record before anything is taken back.
      await attaching.settled().catch(() => {});
      throw error;
    }
  }

  async #gateway(journal: Journal<AttachmentRecord>, subnet: RoutedSubnet, guard: AddGuard): Promise<string | undefined> {
    if (!needsGateway(this.#request)) return undefined;
    const use = await useGateway(this.#command, { journal, subnet, guard: guard.check });
    return use.address;
  }

  async #unwind(journal: Journal<AttachmentRecord>, target: NetworkNamespace, error: unknown): Promise<void> {
    const { log, store } = this.#command.context;
    log.warn('attaching failed; taking back what was done', { id: this.#id, reason: toReason(error) });
    const nothing = journal.current.nics.length === 0 && journal.current.create === undefined && journal.current.uncertainAt === undefined;
    try {
      if (nothing) {
        if ((await store.read(this.#id)) !== undefined) await journal.remove();
        return;
      }
      await finishAttachments(this.#command, [{ journal, namespaces: [target] }], this.#command.budget.unwind());
    } catch (unwinding) {
      if (!isNicError(unwinding)) throw unwinding;
      log.warn('what was done is left for the next command', { id: this.#id, reason: toReason(unwinding) });
    }
  }
}

/** NICs that this host took from each subnet after the cloud was asked how many addresses are free. */
function takenSince(
  known: Survey,
  cached: readonly { readonly subnet: { readonly id: string }; readonly fetchedAt: number }[],
): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  for (const { record } of known.records) {
    for (const { subnetId } of record.nics) {
      const fetchedAt = cached.find((entry) => entry.subnet.id === subnetId)?.fetchedAt ?? 0;
      if (record.createdAt >= fetchedAt) taken.set(subnetId, (taken.get(subnetId) ?? 0) + 1);
    }
  }
  return taken;
}

/** Waits for both even when one fails, so that nothing goes on behind the back of what is taken back then. */
async function bothOrFirstError<A, B>(first: Promise<A>, second: Promise<B>, stop: () => void): Promise<[A, B]> {
  const errors: unknown[] = [];
  const onError = (error: unknown): undefined => {
    errors.push(error);
    if (errors.length === 1) stop();
    return undefined;
  };
  await Promise.all([first.catch(onError), second.catch(onError)]);
  if (errors.length > 0) throw errors[0];
  return [await first, await second];
}

function toAttachment(record: AttachmentRecord, mac: string, subnet: RoutedSubnet, result: ResultEntry): Attachment {
  const withGateway = <T extends { readonly gateway: string | undefined }>(entry: T): Omit<T, 'gateway'> & { gateway?: string } => {
    const { gateway, ...rest } = entry;
    return gateway === undefined ? rest : { ...rest, gateway };
  };
  return {
    key: record.key,
    nicId: record.nicId ?? '',
    subnetId: subnet.id,
    mac,
    mtu: result.mtu,
    addresses: result.addresses.map(withGateway),
    routes: result.routes.map(withGateway),
  };
}
