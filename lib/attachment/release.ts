import { isNicError, NicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { isPassing, toReason } from './cloud-error.js';
import type { Command } from './context.js';
import type { NicEntry } from './record.js';
import { isThisMachine } from './same-machine.js';

/** How often a detach job may fail before the NIC is left for later. */
const MAX_FAILED_JOBS = 3;

/** When the link has gone the job is about to end. */
const AFTER_LINK_MS = 25;

/** How a NIC came to its end. */
export type Ending = 'deleted' | 'gone' | 'foreign';

/** A NIC to take off this instance and delete. */
export interface ReleaseTarget {
  /** What is recorded of it. */
  readonly entry: NicEntry;
  /** This boot has shown that it is attached here: its link was seen. */
  readonly proven: boolean;
  /** An ADD of this boot asked for it, so it is this machine's even if the machine does not know who it is. */
  readonly isOwn: boolean;
  /** Records that a call is about to be made. */
  step(name: 'detach' | 'delete'): Promise<void>;
  /** Records the job under way, or that none is. */
  saveJob(job: NicEntry['job']): Promise<void>;
  /**
   * Records that the NIC is no business of this record any more.
   * @param how it was deleted just now, it was gone before, or it is another instance's
   */
  forget(how: Ending): Promise<void>;
}

/** What {@link releaseNics} takes beside its targets. */
export interface ReleaseOptions {
  /** When to leave the rest for later. */
  readonly signal: AbortSignal;
  /** Resolves when a link has vanished: a detach job is about to end. */
  readonly vanished?: Promise<void> | undefined;
}

interface Open {
  readonly target: ReleaseTarget;
  job: NicEntry['job'];
  /** What the NIC's state is as far as this command knows; undefined: ask. */
  assumed: 'in-use' | 'available' | 'gone' | undefined;
  failedJobs: number;
  /** The attach job that may still be under way though the link has been seen: followed when a detach request is refused. */
  attachJob: NicEntry['job'];
}

/**
 * Brings NICs to their end: detached from this instance, deleted. Decides by the cloud's state, not by what was tried before:
 * answers get lost, jobs go on, a refusal may mean "already done" or "in transition".
 * @returns why NICs are left, by NIC id; empty when all are gone
 */
export async function releaseNics(
  command: Command,
  targets: readonly ReleaseTarget[],
  options: ReleaseOptions,
): Promise<ReadonlyMap<string, unknown>> {
  if (targets.length === 0) return new Map();
  return new Release(command, targets, options).run();
}

/** A call that takes several NICs. */
interface Action {
  /** The states in which a NIC can be given to it. */
  readonly accepts: readonly Open['assumed'][];
  readonly call: (chunk: readonly Open[]) => Promise<void>;
}

class Release {
  readonly #command: Command;
  readonly #signal: AbortSignal;
  readonly #open = new Map<string, Open>();
  readonly #left = new Map<string, unknown>();
  #vanished: Promise<void> | undefined;
  #here: boolean | undefined;

  constructor(command: Command, targets: readonly ReleaseTarget[], options: ReleaseOptions) {
    this.#command = command;
    this.#signal = options.signal;
    this.#vanished = options.vanished;
    for (const target of targets) {
      const { job, id } = target.entry;
      const attachJob = target.proven && job?.kind === 'attach' ? job : undefined;
      const following = attachJob === undefined ? job : undefined;
      const assumed = target.proven && following === undefined ? 'in-use' : undefined;
      this.#open.set(id, { target, job: following, assumed, failedJobs: 0, attachJob });
    }
  }

  async run(): Promise<ReadonlyMap<string, unknown>> {
    const backoff = this.#command.backoff();
    let last: unknown;
    for (;;) {
      try {
        await this.#round();
      } catch (error) {
        // What is wrong with the way to the cloud is wrong for all.
        if (!isPassing(error)) return this.#leaveAll(error);
        last = error;
      }
      if (this.#open.size === 0) return this.#left;
      try {
        if (await this.#wait(backoff)) backoff.reset(AFTER_LINK_MS);
      } catch (error) {
        return this.#leaveAll(last ?? error);
      }
    }
  }

  /** True when it was a vanished link that ended the wait. */
  async #wait(backoff: ReturnType<Command['backoff']>): Promise<boolean> {
    const waiting = backoff.wait(this.#signal).then(() => false);
    if (this.#vanished === undefined) return waiting;
    const first = await Promise.race([waiting, this.#vanished.then(() => true)]);
    if (first) {
      this.#vanished = undefined;
      waiting.catch(() => {});
    }
    return first;
  }

  #leaveAll(error: unknown): ReadonlyMap<string, unknown> {
    for (const id of this.#open.keys()) this.#left.set(id, error);
    return this.#left;
  }

  async #round(): Promise<void> {
    await this.#followJobs();
    const ready = [...this.#open.values()].filter((open) => open.job === undefined);
    const unknown = ready.filter((open) => open.assumed === undefined);
    if (unknown.length > 0) await this.#look(unknown);
    const { provider } = await this.#command.cloud();
    const now = ready.filter((open) => this.#open.has(open.target.entry.id));
    const size = provider.features.maxNicsPerCall;
    await this.#inChunks(now, size, { accepts: ['in-use'], call: (chunk) => this.#detach(chunk) });
    await this.#inChunks(now, size, { accepts: ['available', 'gone'], call: (chunk) => this.#delete(chunk) });
  }

  async #followJobs(): Promise<void> {
    const waiting = [...this.#open.values()].filter((open) => open.job !== undefined);
    if (waiting.length === 0) return;
    const { provider } = await this.#command.cloud();
    const ids = [...new Set(waiting.flatMap((open) => open.job?.id ?? []))];
    const jobs = await provider.describeJobs(ids, { signal: this.#signal });
    for (const open of waiting) {
      const job = jobs.find((candidate) => candidate.id === open.job?.id);
      if (job?.status === 'running') continue;
      const kind = open.job?.kind;
      open.job = undefined;
      // A job the cloud has forgotten, or one that failed, says nothing of the NIC's state.
      open.assumed = job?.status === 'succeeded' && kind === 'detach' ? 'available' : undefined;
      await open.target.saveJob(undefined);
      if (job?.status !== 'failed' || kind !== 'detach') continue;
      open.failedJobs++;
      const reason = job.reason ?? 'no reason given';
      this.#command.context.log.warn('detach job failed', { nic: open.target.entry.id, job: job.id, reason });
      if (open.failedJobs < MAX_FAILED_JOBS) continue;
      this.#leave(open, new NicError('ERR_JOB', `NIC ${open.target.entry.id} could not be detached: job ${job.id}: ${reason}`));
    }
  }

  async #look(opens: readonly Open[]): Promise<void> {
    const { provider, instanceId } = await this.#command.cloud();
    const ids = opens.map((open) => open.target.entry.id);
    const nics = await provider.listNics({ ids }, { signal: this.#signal });
    for (const open of opens) {
      const nic = nics.find((candidate) => candidate.id === open.target.entry.id);
      if (nic !== undefined && isForeign(nic, instanceId)) await this.#disown(open, nic);
      else if (nic?.status === 'in-use' && !isSure(open.target) && !(await this.#isHere())) this.#leave(open, wrongMachine(instanceId));
      // A read may be stale, so that a NIC is gone is for the answer to a delete request to say.
      else open.assumed = nic?.status ?? 'gone';
    }
  }

  /** What neither a link of this machine nor an ADD of this boot speaks for is detached only when the instance it is on is this one. */
  async #isHere(): Promise<boolean> {
    this.#here ??= await isThisMachine(this.#command, this.#signal);
    return this.#here;
  }

  async #detach(opens: readonly Open[]): Promise<void> {
    for (const open of opens) await open.target.step('detach');
    const { provider } = await this.#command.cloud();
    const ids = opens.map((open) => open.target.entry.id);
    // Whatever comes of it, the state is asked for again before anything else is done.
    for (const open of opens) {
      open.assumed = undefined;
      open.job = open.attachJob;
      open.attachJob = undefined;
    }
    const id = await provider.detachNics(ids, { signal: this.#signal });
    for (const open of opens) {
      open.job = { id, kind: 'detach' };
      await open.target.saveJob(open.job);
    }
  }

  async #delete(opens: readonly Open[]): Promise<void> {
    for (const open of opens) await open.target.step('delete');
    const { provider } = await this.#command.cloud();
    const ids = opens.map((open) => open.target.entry.id);
    const wereGone = opens.every((open) => open.assumed === 'gone');
    for (const open of opens) open.assumed = undefined;
    let how: Ending = 'deleted';
    try {
      await provider.deleteNics(ids, { signal: this.#signal });
    } catch (error) {
      // Believed when a look has said the same: a look may be stale, and "not found" may be about something else.
      if (opens.length > 1 || !wereGone || !isNicError(error, 'ERR_NOT_FOUND')) throw error;
      how = 'gone';
    }
    for (const open of opens) {
      this.#command.context.log.info(how === 'deleted' ? 'NIC deleted' : 'NIC was gone already', { nic: open.target.entry.id });
      await this.#done(open, how);
    }
  }

  /** Calls with several NICs; when one of them spoils the call, each gets its own. */
  async #inChunks(all: readonly Open[], size: number, action: Action): Promise<void> {
    const opens = all.filter((open) => open.assumed !== undefined && action.accepts.includes(open.assumed));
    for (let i = 0; i < opens.length; i += size) {
      const chunk = opens.slice(i, i + size);
      try {
        await action.call(chunk);
      } catch (error) {
        if (isPassing(error) && !isNicError(error, 'ERR_STATE', 'ERR_NOT_FOUND')) throw error;
        if (!isAboutTheNic(error)) throw error;
        if (chunk.length > 1) await this.#oneByOne(chunk, action);
        else if (isNicError(error, 'ERR_REQUEST')) for (const open of chunk) this.#leave(open, error);
        else this.#command.context.log.debug('in transition', { nic: chunk[0]?.target.entry.id, reason: toReason(error) });
      }
    }
  }

  async #oneByOne(chunk: readonly Open[], action: Action): Promise<void> {
    await this.#look(chunk);
    for (const open of chunk) {
      if (this.#open.has(open.target.entry.id)) await this.#inChunks([open], 1, action);
    }
  }

  async #disown(open: Open, nic: Nic): Promise<void> {
    const holder = nic.role === 'primary' ? 'is the primary NIC of its instance' : `is held by instance ${nic.instanceId}`;
    this.#command.context.log.warn(`NIC ${nic.id} ${holder}: left alone`, { nic: nic.id });
    await this.#done(open, 'foreign');
  }

  async #done(open: Open, how: Ending): Promise<void> {
    this.#open.delete(open.target.entry.id);
    await open.target.forget(how);
  }

  #leave(open: Open, error: unknown): void {
    this.#open.delete(open.target.entry.id);
    this.#left.set(open.target.entry.id, error);
  }
}

/** Primary NICs and NICs that another instance holds are never touched. */
export function isForeign(nic: Nic, instanceId: string): boolean {
  return nic.role === 'primary' || (nic.instanceId !== undefined && nic.instanceId !== instanceId);
}

function isSure({ proven, isOwn }: ReleaseTarget): boolean {
  return proven || isOwn;
}

/** Why a NIC is left that is attached to this instance, while that is not this machine. */
export function wrongMachine(instanceId: string): NicError {
  const what = `the primary NIC of instance ${instanceId} is not on this machine, so its NICs are left alone`;
  return new NicError('ERR_CONFIG', `${what}: the instance id is another machine's, as on a copy of it; correct the file it comes from`);
}

function isAboutTheNic(error: unknown): boolean {
  return isNicError(error, 'ERR_STATE', 'ERR_NOT_FOUND', 'ERR_REQUEST');
}
