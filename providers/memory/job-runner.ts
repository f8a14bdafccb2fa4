import { setMaxListeners } from 'node:events';
import type { Clock } from '../../lib/clock.js';
import type { NicFabric } from '../../lib/fabric.js';
import type { Job, Nic } from '../../lib/nic.js';

/** A job of a memory cloud, with what it does. */
export interface MemoryJob extends Job {
  /** What it does. */
  readonly action: 'attach' | 'detach';
  /** To which NICs. */
  readonly nicIds: readonly string[];
  /** The instance it attaches them to, or detaches them from. */
  readonly instanceId: string;
}

interface JobRecord extends MemoryJob {
  status: Job['status'];
  reason: string | undefined;
  /** When the link comes or goes, milliseconds on the clock. */
  readonly linkAt: number;
  readonly endAt: number;
  /** Set when it is to fail. */
  failure: string | undefined;
  /** The link has come (attach) or gone (detach). */
  linked: boolean;
  /** The end of the steps so far: steps of one job never overlap. */
  steps: Promise<void>;
}

/** What {@link JobRunner} works on. */
export interface JobRunnerOptions {
  /** The cloud's NICs, by id; jobs change them. */
  readonly nics: Map<string, Nic>;
  /** The time that jobs run on. */
  readonly clock: Clock;
  /** Makes links come and go. */
  readonly fabric: NicFabric | undefined;
  /** How long a job takes, in milliseconds. */
  readonly jobMs: number;
  /** How long until the link comes or goes. */
  readonly linkMs: number;
  /** True: jobs wake up by themselves. */
  readonly timers: boolean;
}

function toMemoryJob({ id, status, reason, action, nicIds, instanceId }: JobRecord): MemoryJob {
  return { id, status, reason, action, nicIds, instanceId };
}

/** The jobs of a memory cloud: starts them and brings them on as their time comes. @internal */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #jobs = new Map<string, JobRecord>();
  readonly #failures: string[] = [];
  readonly #closing = new AbortController();

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    // Each running job listens for its end.
    setMaxListeners(0, this.#closing.signal);
  }

  /** All jobs there were, oldest first. */
  all(): readonly MemoryJob[] {
    return [...this.#jobs.values()].map(toMemoryJob);
  }

  /** The jobs that have not ended. */
  running(): readonly MemoryJob[] {
    return this.all().filter((job) => job.status === 'running');
  }

  /** The next `count` jobs will fail. */
  failNext(count: number, reason: string): void {
    for (let i = 0; i < count; i++) this.#failures.push(reason);
  }

  /** Starts a job and brings it as far as its time has come already. */
  async start(action: MemoryJob['action'], nicIds: readonly string[], instanceId: string): Promise<string> {
    const { clock, jobMs, linkMs, timers } = this.#options;
    const now = clock.now();
    const job: JobRecord = {
      id: `job-${(this.#jobs.size + 1).toString(16).padStart(6, '0')}`,
      action,
      nicIds: [...nicIds],
      instanceId,
      status: 'running',
      reason: undefined,
      linkAt: now + Math.min(linkMs, jobMs),
      endAt: now + jobMs,
      failure: this.#failures.shift(),
      linked: false,
      steps: Promise.resolve(),
    };
    this.#jobs.set(job.id, job);
    await this.#advance(job, false);
    if (timers) void this.#drive(job);
    return job.id;
  }

  /** Brings all jobs as far as their time has come. */
  async advance(): Promise<void> {
    for (const job of this.#jobs.values()) {
      if (job.status === 'running') await this.#advance(job, false);
    }
  }

  /** Ends all running jobs now, in failure when a reason is given. */
  async finish(failure: string | undefined): Promise<void> {
    for (const job of this.#jobs.values()) {
      job.failure ??= failure;
      await this.#advance(job, true);
    }
  }

  /** Stops the timers. */
  close(): void {
    this.#closing.abort();
  }

  async #drive(job: JobRecord): Promise<void> {
    const { clock } = this.#options;
    for (const at of [job.linkAt, job.endAt]) {
      if (job.status !== 'running' || !Number.isFinite(at)) return;
      try {
        await clock.sleep(Math.max(0, at - clock.now()), this.#closing.signal);
      } catch {
        // Closed: nobody waits for this job any more.
        return;
      }
      await this.#advance(job, false);
    }
  }

  #advance(job: JobRecord, atOnce: boolean): Promise<void> {
    job.steps = job.steps.then(() => this.#step(job, atOnce));
    return job.steps;
  }

  async #step(job: JobRecord, atOnce: boolean): Promise<void> {
    if (job.status !== 'running') return;
    const now = this.#options.clock.now();
    const ends = atOnce || now >= job.endAt;
    const failsUnseen = ends && job.failure !== undefined;
    if (!job.linked && !failsUnseen && (ends || now >= job.linkAt)) await this.#move(job, job.action === 'attach');
    if (!ends) return;
    if (job.failure === undefined) this.#succeed(job);
    else await this.#fail(job, job.failure);
  }

  #succeed(job: JobRecord): void {
    const { nics } = this.#options;
    const attached = job.action === 'attach';
    for (const id of job.nicIds) {
      const nic = nics.get(id);
      if (nic === undefined) continue;
      nics.set(id, { ...nic, status: attached ? 'in-use' : 'available', instanceId: attached ? job.instanceId : undefined });
    }
    job.status = 'succeeded';
  }

  async #fail(job: JobRecord, reason: string): Promise<void> {
    if (job.linked) await this.#move(job, job.action === 'detach');
    job.status = 'failed';
    job.reason = reason;
  }

  /** Plugs or unplugs the links of a job. When the fabric fails, the job will too. */
  async #move(job: JobRecord, plug: boolean): Promise<void> {
    job.linked = true;
    const { fabric, nics } = this.#options;
    if (fabric === undefined) return;
    try {
      for (const id of job.nicIds) {
        const nic = nics.get(id);
        if (nic === undefined) continue;
        const { mac, subnetId, addresses } = nic;
        if (plug) await fabric.plug({ id, mac, subnetId, address: addresses[0] ?? '' }, job.instanceId);
        else await fabric.unplug(id);
      }
    } catch (error) {
      job.failure ??= error instanceof Error ? error.message : String(error);
    }
  }
}
