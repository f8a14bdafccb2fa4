import type { NetworkNamespace } from '../driver.js';
import { isNicError, NicError } from '../errors.js';
import { isReadOnly, type StoreLock } from '../folder/index.js';
import { workOffLeftOvers } from './afterwards.js';
import { blankRecord } from './blank-record.js';
import { claimedByOthers } from './claims.js';
import { toDetachError, toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { workElsewhere } from './elsewhere.js';
import { finishAttachments } from './finish.js';
import { Journal } from './journal.js';
import { clearLink, findIn, openContainer } from './local.js';
import { attachmentId } from './names.js';
import { originalsOf } from './originals.js';
import type { AttachmentRecord, NicEntry } from './record.js';
import type { DetachRequest } from './request.js';

/** Runs one DEL: see {@link AttachmentEngine.detach}. */
export async function del(command: Command, request: DetachRequest): Promise<void> {
  try {
    await new Del(command, request).run();
  } catch (error) {
    throw toDetachError(error);
  }
}

class Del {
  readonly #command: Command;
  readonly #request: DetachRequest;
  readonly #id: string;

  constructor(command: Command, request: DetachRequest) {
    this.#command = command;
    this.#request = request;
    this.#id = attachmentId(request.key);
  }

  async run(): Promise<void> {
    const lock = await this.#lock();
    try {
      await this.#locked();
      await this.#clearMark();
    } finally {
      lock.release();
    }
    await workOffLeftOvers(this.#command);
  }

  /** An ADD that holds the lock is asked to give up before it is waited for. */
  async #lock(): Promise<StoreLock> {
    const { store } = this.#command.context;
    try {
      const free = await store.tryLock(this.#id);
      if (free !== undefined) return free;
    } catch (error) {
      // No lock can be made there, so nobody holds it, and nobody can record an ADD.
      if (!isReadOnly(error) || (await store.read(this.#id)) !== undefined) throw error;
      return { release: () => {} };
    }
    await store.cancel(this.#id);
    return store.lock(this.#id, { signal: this.#command.budget.whole() });
  }

  /** A mark that stays ends no later ADD: each knows those that stood before it. */
  async #clearMark(): Promise<void> {
    const { store, log } = this.#command.context;
    try {
      await store.clearCancellation(this.#id);
    } catch (error) {
      if (!isNicError(error)) throw error;
      log.debug('a mark of cancellation stays', { id: this.#id, reason: toReason(error) });
    }
  }

  async #locked(): Promise<void> {
    const namespace = await openContainer(this.#command, this.#request.namespace);
    const recorded = await this.#recorded();
    if (recorded !== undefined) return this.#finish(recorded, namespace);
    // With the record gone there, what bears the attachment's name beside is still looked for.
    await workElsewhere(this.#command, this.#id, async (journal) => {
      if (await this.#isForeign(journal.current)) return;
      await this.#finish(journal, namespace);
    });
    await this.#register();
    const journal = await this.#identified(namespace);
    const named = journal.current.nics.map(({ id }) => id);
    await this.#finish(journal, namespace);
    await this.#finishOriginals(namespace, named);
  }

  /** Commands with another data folder have to find the record too, should it stay. */
  async #register(): Promise<void> {
    const { store, hostStore, log } = this.#command.context;
    try {
      await hostStore.register(store, { signal: this.#command.budget.whole() });
    } catch (error) {
      if (!isNicError(error)) throw error;
      log.warn("the journal could not be put on the host's list", { reason: toReason(error) });
    }
  }

  /** Brings what is recorded of the original plugin's container to its end, but for what serves another interface of it. */
  async #finishOriginals(namespace: NetworkNamespace | undefined, released: readonly string[]): Promise<void> {
    const { containerId, ifname } = this.#request.key;
    for (const { store, id, record } of await originalsOf(this.#command, containerId)) {
      const [nic] = record.nics;
      const found = nic === undefined || namespace === undefined ? undefined : await findIn(this.#command, namespace, nic.mac);
      if (found !== undefined && found.link.name !== ifname) continue;
      // Not waited for, as several locks are held; whoever has it does the same.
      const lock = await store.tryLock(id);
      if (lock === undefined) continue;
      try {
        if (nic !== undefined && released.includes(nic.id)) await store.remove(id);
        else await this.#finish(new Journal({ store, id, record, log: this.#command.context.log }), namespace);
      } finally {
        lock.release();
      }
    }
  }

  async #finish(journal: Journal<AttachmentRecord>, namespace: NetworkNamespace | undefined): Promise<void> {
    const namespaces = namespace === undefined ? [] : [namespace];
    const pending = await finishAttachments(this.#command, [{ journal, namespaces }], this.#command.budget.whole());
    const error = pending.get(journal.id);
    if (error !== undefined) throw error;
  }

  async #recorded(): Promise<Journal<AttachmentRecord> | undefined> {
    const { store, log } = this.#command.context;
    const stored = await store.read(this.#id);
    if (stored === undefined) return undefined;
    if (stored.kind === 'newer') throw new NicError('ERR_JOURNAL', stored.reason);
    if (stored.kind === 'unreadable') {
      log.warn('an unreadable record is set aside; its NIC is looked for', { id: this.#id, reason: stored.reason });
      await store.setAside(this.#id);
      return undefined;
    }
    if (await this.#isForeign(stored.record)) {
      await store.setAside(this.#id);
      return undefined;
    }
    return new Journal({ store, id: this.#id, record: stored.record, log });
  }

  /** A record of another instance, as on a machine made from an image of another, is never acted on. */
  async #isForeign(record: AttachmentRecord): Promise<boolean> {
    if (record.instanceId === undefined) return false;
    try {
      return (await this.#command.cloud()).instanceId !== record.instanceId;
    } catch (error) {
      if (!isNicError(error)) throw error;
      // Nothing will be done in the cloud either, and in the container only to a NIC with the recorded address.
      this.#command.context.log.warn('the provider cannot be used; only the container is cleaned up', { reason: toReason(error) });
      return false;
    }
  }

  /**
   * Makes a record of what can be known without one. What it was called with names the NIC, in this order: the original plugin's file,
   * the earlier result's address, the link at the interface's name; and the cloud is searched for the attachment's name in any case.
   */
  async #identified(namespace: NetworkNamespace | undefined): Promise<Journal<AttachmentRecord>> {
    const { store, log } = this.#command.context;
    const { key, known, subnetIds } = this.#request;
    const original = await this.#original(namespace);
    const record = blankRecord(this.#command, key, {
      state: 'removing',
      subnetIds: subnetIds ?? [],
      nics: original === undefined ? [] : [original],
      original: original !== undefined,
      // Long ago: one look-up by name is enough.
      uncertainAt: 0,
      macs: original === undefined ? await this.#macs(namespace, known?.mac?.toLowerCase()) : [],
    });
    return new Journal({ store, id: this.#id, record, log });
  }

  /** The original kept one file per container, whatever the number of its interfaces: the last one's. */
  async #original(namespace: NetworkNamespace | undefined): Promise<NicEntry | undefined> {
    const { containerId, ifname } = this.#request.key;
    const original = await this.#command.context.hostStore.readOriginal(containerId);
    if (original === undefined) return undefined;
    const found = namespace === undefined ? undefined : await findIn(this.#command, namespace, original.mac);
    if (found !== undefined && found.link.name !== ifname) return undefined;
    return { id: original.nicId, mac: original.mac, subnetId: original.subnetId, addresses: [], job: undefined };
  }

  async #macs(namespace: NetworkNamespace | undefined, known: string | undefined): Promise<readonly string[]> {
    if (namespace === undefined) return known === undefined ? [] : [known];
    if (known !== undefined) {
      // A NIC that somebody else has is that one's, whatever an earlier result says.
      if ((await claimedByOthers(this.#command, this.#request.key)).macs.has(known)) return [];
      const found = await findIn(this.#command, namespace, known);
      // Both name and address are what ADD answered with.
      if (found !== undefined && found.link.name === this.#request.key.ifname) await clearLink(this.#command, found);
      return [known];
    }
    const link = (await namespace.listLinks()).find((candidate) => candidate.name === this.#request.key.ifname);
    return link === undefined || link.loopback ? [] : [link.permanentMac ?? link.mac];
  }
}
