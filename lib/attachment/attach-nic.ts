import type { Link, LinkWatch } from '../driver.js';
import { isNicError, NicError, ProviderError } from '../errors.js';
import type { Backoff } from './backoff.js';
import { isPassing, isRefusal, toReason } from './cloud-error.js';
import type { Command } from './context.js';
import type { Journal } from './journal.js';
import { findNicLink } from './nic-link.js';
import type { JobEntry, NicEntry, RecordHeader } from './record.js';

/** How long attaching a NIC that stays available is asked for again, in milliseconds: a fresh one may not be ready yet. */
const NOT_READY_MS = 20_000;
/** How long a NIC whose link is there is waited for to be shown as attached, in milliseconds. */
const CONFIRM_MS = 10_000;
/** The link says first that the job is done, so the job is looked at less often. */
const FIRST_POLL_MS = 500;

/** What {@link NicAttaching} needs. */
export interface AttachOptions {
  /** The record the NIC is for. */
  readonly journal: Journal<RecordHeader>;
  /** The NIC. */
  readonly entry: NicEntry;
  /** It is on this instance already. */
  readonly attached: boolean;
  /** Watches the links of the host; opened before, so that nothing is missed. */
  readonly watch: LinkWatch;
  /** Rejects when the command must not go on. */
  readonly guard: () => Promise<void>;
}

/** The attaching of one NIC: the request, its job, and the link that appears. */
export class NicAttaching {
  readonly #command: Command;
  readonly #options: AttachOptions;
  readonly #stop = new AbortController();
  #requested: Promise<JobEntry | undefined> = Promise.resolve(undefined);
  #seen = false;
  #lost = false;

  constructor(command: Command, options: AttachOptions) {
    this.#command = command;
    this.#options = options;
  }

  /**
   * Starts it and resolves with the link, as soon as it is there. The answer to the request may still be on its way: see {@link settled}.
   * @throws NicError `ERR_JOB` when the job fails, `ERR_DEADLINE` when no link comes, and what the cloud refuses with
   */
  async run(): Promise<Link> {
    const { watch, entry, attached, guard } = this.#options;
    const { signal } = this.#command.budget;
    await guard();
    const onAbort = (): void => this.#stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const appeared = watch.waitFor((links) => findNicLink(links, entry.mac), { signal });
    if (!attached) this.#requested = this.#request();
    // After a job that went well the link is waited for; only a failure ends the wait before.
    const failed = this.#requested.then((job) => this.#follow(job ?? entry.job)).then(() => new Promise<never>(() => {}));
    try {
      const link = await Promise.race([appeared, failed]);
      this.#command.context.log.info('link appeared', { nic: entry.id, link: link.name });
      return link;
    } catch (error) {
      if (!isNicError(error, 'ERR_DEADLINE')) throw error;
      throw new NicError('ERR_DEADLINE', `NIC ${entry.id}: no link with its address appeared before the deadline`, { cause: error });
    } finally {
      this.#seen = true;
      this.#stop.abort();
      signal.removeEventListener('abort', onAbort);
      appeared.catch(() => {});
      failed.catch(() => {});
    }
  }

  /** Resolves when the answer to the request is known or will never be: only then the record is complete. */
  async settled(): Promise<void> {
    await this.#requested;
  }

  /**
   * Resolves when the NIC may be taken as attached. Where the answer to the request was lost, no job is known by which CHECK could tell
   * a NIC in transition from one that is attached to nothing, so the cloud is asked until it shows it here, for a while.
   */
  async confirmed(): Promise<void> {
    await this.#requested;
    if (!this.#lost) return;
    const { budget } = this.#command;
    const patience = budget.atMost(CONFIRM_MS, budget.signal);
    const backoff = this.#command.backoff();
    try {
      while ((await this.#look(() => this.#isHere(undefined, patience))) !== true) await backoff.wait(patience);
    } catch (error) {
      if (budget.signal.aborted || !isNicError(error, 'ERR_DEADLINE')) throw error;
      this.#command.context.log.warn('the cloud does not show a NIC as attached whose link is there', { nic: this.#options.entry.id });
    }
  }

  async #request(): Promise<JobEntry | undefined> {
    const { journal, entry } = this.#options;
    const { patientSignal } = this.#command.budget;
    const { provider, instanceId } = await this.#command.cloud();
    const { clock, log } = this.#command.context;
    const backoff = this.#command.backoff();
    const patientUntil = clock.now() + NOT_READY_MS;
    await journal.step('attach', {});
    for (;;) {
      try {
        const id = await provider.attachNics([entry.id], instanceId, { signal: patientSignal });
        const job: JobEntry = { id, kind: 'attach' };
        this.#lost = false;
        const patch = { nics: withJob(journal.current.nics, entry.id, job) };
        // Once the link has been seen steps follow, and the next write takes it along.
        if (this.#seen) journal.note(patch);
        else await journal.save(patch, 'quick');
        return job;
      } catch (error) {
        if (this.#seen) return undefined;
        if (!(error instanceof ProviderError)) throw error;
        this.#lost ||= !isRefusal(error);
        const again = isPassing(error) || isNicError(error, 'ERR_STATE');
        // After a lost answer the NIC may be on its way here all the same, and every further request is refused for that: only time tells.
        if (!again || (!this.#lost && clock.now() >= patientUntil)) throw error;
        log.debug('attaching again', { nic: entry.id, reason: toReason(error) });
        if (await this.#hasCome(error, backoff)) return undefined;
      }
    }
  }

  /** Waits a while, then looks where the NIC is. The link ends both, since it says more. */
  async #hasCome(error: unknown, backoff: Backoff): Promise<boolean> {
    const { signal } = this.#stop;
    try {
      await backoff.wait(signal);
      return (await this.#look(() => this.#isHere(error, signal))) ?? false;
    } catch (waiting) {
      if (this.#seen) return true;
      throw waiting;
    }
  }

  /** Decides after a refusal or a lost answer by the NIC's state. A second request for a NIC that is being attached does no harm. */
  async #isHere(error: unknown, signal: AbortSignal): Promise<boolean> {
    const { entry } = this.#options;
    const { provider, instanceId } = await this.#command.cloud();
    const [nic] = await provider.listNics({ ids: [entry.id] }, { signal });
    if (nic?.instanceId === instanceId) return true;
    if (nic?.status !== 'in-use') return false;
    throw new NicError('ERR_STATE', `NIC ${entry.id} is held by instance ${nic.instanceId}, not by this one`, { cause: error });
  }

  async #follow(job: JobEntry | undefined): Promise<void> {
    if (job === undefined) return;
    const { journal, entry } = this.#options;
    const { provider } = await this.#command.cloud();
    const backoff = this.#command.backoff(FIRST_POLL_MS);
    for (;;) {
      await backoff.wait(this.#stop.signal);
      const state = await this.#look(() => provider.describeJobs([job.id], { signal: this.#stop.signal }));
      const found = state?.find((candidate) => candidate.id === job.id);
      if (found === undefined || found.status === 'running') continue;
      journal.note({ nics: withJob(journal.current.nics, entry.id, undefined) });
      if (found.status === 'succeeded') return;
      throw new NicError('ERR_JOB', `NIC ${entry.id} could not be attached: job ${job.id}: ${found.reason ?? 'no reason given'}`);
    }
  }

  /** A look that fails is no news of the job. */
  async #look<T>(look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#command.context.log.debug('a job could not be looked at', { reason: toReason(error) });
      return undefined;
    }
  }
}

function withJob(nics: readonly NicEntry[], id: string, job: JobEntry | undefined): readonly NicEntry[] {
  return nics.map((nic) => (nic.id === id ? { ...nic, job } : nic));
}
