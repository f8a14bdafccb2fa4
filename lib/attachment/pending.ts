import type { Link } from '../driver.js';
import { isNicError } from '../errors.js';
import type { StoreLock } from '../folder/index.js';
import { toReason } from './cloud-error.js';
import type { Cloud, Command } from './context.js';
import { type FinishItem, finishAttachments, isOwn, isTooEarly, retryTime } from './finish.js';
import { Journal } from './journal.js';
import { findOut } from './local.js';
import { nicName } from './names.js';
import { findNicLink } from './nic-link.js';
import { recordOriginals } from './originals.js';
import { type AttachmentRecord, isOfAnotherInstance } from './record.js';
import { isDue, settleNics } from './settle.js';
import type { Survey } from './survey.js';

/** True for a record of this boot whose NIC serves a container. */
export function isComplete(command: Command, record: AttachmentRecord): boolean {
  return record.state === 'complete' && record.bootId === command.context.bootId;
}

/** True when the container of a finished attachment still has its NIC. @throws NicError when that cannot be told */
export async function isAlive(command: Command, record: AttachmentRecord): Promise<boolean> {
  const nic = record.nics.find((entry) => entry.id === record.nicId);
  if (record.state !== 'complete' || nic === undefined) return false;
  return (await findOut(command, record, nic.mac)) === 'inside';
}

/** True when finishing a record has been tried and has failed. */
export function isStuck(command: Command, record: AttachmentRecord): boolean {
  return !isComplete(command, record) && record.attempts > 0;
}

/** Work on a record of a living attachment: NICs that are too many, or a lost answer of which all can be known now. */
function hasSurplus(record: AttachmentRecord, now: number, lateEffectMs: number): boolean {
  if (record.create !== undefined || record.nics.some((nic) => nic.id !== record.nicId)) return true;
  return record.uncertainAt !== undefined && isDue(now, record.uncertainAt, lateEffectMs);
}

/** The NIC of a finished attachment is back on the host: its namespace is gone, as when a runtime never sends DEL. */
async function isAbandoned(command: Command, record: AttachmentRecord, hostLinks: readonly Link[]): Promise<boolean> {
  const nic = record.nics.find((candidate) => candidate.id === record.nicId);
  if (nic === undefined) return false;
  try {
    if (findNicLink(hostLinks, nic.mac) === undefined) return false;
    return (await findOut(command, record, nic.mac)) === 'gone';
  } catch (error) {
    if (!isNicError(error)) throw error;
    // Two links with its address, or no answer of the kernel's: nothing is certain, so nothing is done.
    return false;
  }
}

/** Which left-over work a command takes on. */
export interface SweepOptions {
  /** The command's own attachment, which it holds the lock of. */
  readonly except: string;
  /** When to stop. */
  readonly signal: AbortSignal;
  /** Only attachments that may hold NICs in these subnets. */
  readonly subnetIds?: readonly string[];
}

type Work = 'finish' | 'settle' | 'aside' | 'follow';

/** An attach job whose NIC has appeared is as good as done, so its end is asked for late, and for many records at once. */
const JOB_AGE_MS = 30_000;

/** What the sweep looks at to tell whether a record needs work. */
interface Surroundings {
  readonly cloud: Cloud;
  readonly hostLinks: readonly Link[];
}

async function workOn(command: Command, record: AttachmentRecord, { cloud, hostLinks }: Surroundings): Promise<Work | undefined> {
  if (isOfAnotherInstance(record, cloud.instanceId)) return 'aside';
  const now = command.context.clock.now();
  if (isTooEarly(now, record.retryAt)) return undefined;
  if (!isComplete(command, record)) return 'finish';
  if (await isAbandoned(command, record, hostLinks)) return 'finish';
  if (hasSurplus(record, now, cloud.provider.features.lateEffectMs)) return 'settle';
  return now - record.createdAt >= JOB_AGE_MS && record.nics.some((nic) => nic.job !== undefined) ? 'follow' : undefined;
}

function concerns(record: AttachmentRecord, subnetIds: readonly string[] | undefined): boolean {
  if (subnetIds === undefined) return true;
  const own = [...record.subnetIds, ...record.nics.map((nic) => nic.subnetId)];
  return own.length === 0 || own.some((id) => subnetIds.includes(id));
}

/**
 * Finishes what dead commands left over: a bounded number of records, of any attachment of this host whose lock is free.
 * Failures are recorded, logged and not thrown: the command that sweeps has done nothing wrong.
 * @returns true when it took something on, so that `known` is not true any more
 */
export async function sweep(command: Command, known: Survey, options: SweepOptions): Promise<boolean> {
  const { limits, log } = command.context;
  const work: { readonly item: FinishItem; readonly kind: Work }[] = [];
  const locks: StoreLock[] = [];
  try {
    await command.context.store.tidy();
    await command.context.hostStore.tidy();
    await recordOriginals(command, known);
    const suspects = known.records.filter(({ id, record }) => id !== options.except && concerns(record, options.subnetIds));
    if (suspects.length === 0) return false;
    const hostLinks = await (await command.host()).listLinks();
    const surroundings = { hostLinks, cloud: await command.cloud() };
    suspects.sort((a, b) => a.record.attempts - b.record.attempts || a.record.createdAt - b.record.createdAt);
    for (const { store, id, record } of suspects) {
      if (work.length >= limits.pendingPerCommand || options.signal.aborted) break;
      if ((await workOn(command, record, surroundings)) === undefined) continue;
      const lock = await store.tryLock(id);
      if (lock === undefined) continue;
      locks.push(lock);
      const again = await store.read(id);
      if (again?.kind !== 'record') continue;
      const kind = await workOn(command, again.record, surroundings);
      if (kind === 'aside') await store.setAside(id);
      else if (kind !== undefined) work.push({ kind, item: { journal: new Journal({ store, id, record: again.record, log }) } });
    }
    await takeOn(command, work, options.signal);
  } catch (error) {
    if (!isNicError(error)) throw error;
    log.warn('left-over work could not be finished', { reason: toReason(error) });
  } finally {
    for (const lock of locks) lock.release();
  }
  return locks.length > 0;
}

async function takeOn(
  command: Command,
  work: readonly { readonly item: FinishItem; readonly kind: Work }[],
  signal: AbortSignal,
): Promise<void> {
  const finishing = work.filter(({ kind }) => kind === 'finish').map(({ item }) => item);
  if (finishing.length > 0) await finishAttachments(command, finishing, signal);
  const following = work.filter(({ kind }) => kind === 'follow').map(({ item }) => item.journal);
  if (following.length > 0) await followJobs(command, following, signal);
  const settling = work.filter(({ kind }) => kind === 'settle').map(({ item }) => item.journal);
  if (settling.length > 0) await settleSurplus(command, settling, signal);
}

/** Brings NICs of living attachments to their end that are too many. */
export async function settleSurplus(command: Command, journals: readonly Journal<AttachmentRecord>[], signal: AbortSignal): Promise<void> {
  const items = journals.map((journal) => ({
    journal,
    nameOn: (instanceId: string) => nicName(instanceId, journal.current.key),
    keep: journal.current.nicId,
    proven: new Set<string>(),
    isOwn: isOwn(command, journal.current),
  }));
  const left = await settleNics(command, items, { signal });
  for (const journal of journals) {
    const error = left.get(journal.id);
    if (error === undefined) continue;
    const attempts = journal.current.attempts + 1;
    await journal.trySave({ attempts, retryAt: retryTime(command.context.clock.now(), attempts) }, 'quick');
    command.context.log.warn('a surplus NIC is left for later', { id: journal.id, reason: toReason(error) });
  }
}

/** Notices attach jobs that failed although the link had appeared: the container may be cut off then, and CHECK says so. */
async function followJobs(command: Command, journals: readonly Journal<AttachmentRecord>[], signal: AbortSignal): Promise<void> {
  const { provider } = await command.cloud();
  const ids = new Set(journals.flatMap((journal) => journal.current.nics.flatMap((nic) => nic.job?.id ?? [])));
  const jobs = await provider.describeJobs([...ids], { signal });
  for (const journal of journals) {
    const { nics, key } = journal.current;
    const ended = nics.map((nic) =>
      jobs.some((job) => job.id === nic.job?.id && job.status === 'running') ? nic : { ...nic, job: undefined },
    );
    const failed = jobs.find((job) => job.status === 'failed' && nics.some((nic) => nic.job?.id === job.id));
    const jobFailure = failed === undefined ? journal.current.jobFailure : (failed.reason ?? 'no reason given');
    if (failed !== undefined) {
      command.context.log.warn('attaching a NIC failed after it had appeared', {
        container: key.containerId,
        job: failed.id,
        reason: jobFailure,
      });
    }
    await journal.trySave({ nics: ended, jobFailure }, 'quick');
  }
}
