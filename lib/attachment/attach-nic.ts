import type { Link, LinkWatch } from '../driver.js';
import { isNicError, NicError } from '../errors.js';
import { isPassing, isRefusal, toReason } from './cloud-error.js';
import type { Command } from './context.js';
import type { Journal } from './journal.js';
import { findNicLink } from './nic-link.js';
import type { JobEntry, NicEntry, RecordHeader } from './record.js';

/** How often attaching a NIC that stays available is asked for: a fresh one may not be ready yet. */
const MAX_REQUESTS = 5;
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

  async #request(): Promise<JobEntry | undefined> {
    const { journal, entry } = this.#options;
    const { signal, patientSignal } = this.#command.budget;
    const { provider, instanceId } = await this.#command.cloud();
    const backoff = this.#command.backoff();
    await journal.step('attach', {});
    for (let requests = 1; ; requests++) {
      try {
        const id = await provider.attachNics([entry.id], instanceId, { signal: patientSignal });
        const job: JobEntry = { id, kind: 'attach' };
        await journal.save({ nics: withJob(journal.current.nics, entry.id, job) }, 'quick');
        return job;
      } catch (error) {
        if (this.#seen) return undefined;
        const again = isPassing(error) || !isRefusal(error) || isNicError(error, 'ERR_STATE');
        if (!again || requests >= MAX_REQUESTS || isNicError(error, 'ERR_IO', 'ERR_DEADLINE', 'ERR_INSTANCE_FULL')) throw error;
        this.#command.context.log.debug('attaching again', { nic: entry.id, reason: toReason(error) });
        await backoff.wait(signal);
        if (this.#seen || (await this.#isHere(error))) return undefined;
      }
    }
  }

  /** Decides after a refusal or a lost answer by the NIC's state. A second request for a NIC that is being attached does no harm. */
  async #isHere(error: unknown): Promise<boolean> {
    const { entry } = this.#options;
    const { provider, instanceId } = await this.#command.cloud();
    const [nic] = await provider.listNics({ ids: [entry.id] }, { signal: this.#command.budget.signal });
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
