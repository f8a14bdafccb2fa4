import { setMaxListeners } from 'node:events';
import type { Clock } from '../../../lib/clock.js';
import { NicError } from '../../../lib/errors.js';
import type { NicFabric } from '../../../lib/fabric.js';
import type { Logger } from '../../../lib/log.js';
import type { Cloud } from './cloud.js';
import { toFabricNic } from './data-centre.js';
import type { JobFault } from './faults.js';
import { isTerminated } from './instance-status.js';
import { endJob, type JobEnd, markPlugged, updateJob } from './jobs.js';
import type { EmulatedJob, EmulatedNic } from './model.js';
import type { Settings } from './settings.js';

/** What the job runner works with. */
export interface JobRunnerParts {
  /** The cloud that jobs change. */
  readonly cloud: Cloud;
  /** What plugs NICs; without it jobs change the API's view only. */
  readonly fabric: NicFabric | undefined;
  /** Time, and how long jobs take. */
  readonly settings: Settings;
}

interface Plan {
  readonly pendingMs: number;
  readonly durationMs: number;
  readonly linksAfterMs: number | 'never';
  readonly outcome: NonNullable<JobFault['outcome']>;
  readonly landed: readonly string[];
  readonly errorCodes: string;
}

interface Gate {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

interface Step {
  readonly at: number;
  readonly act: () => Promise<void> | void;
}

/** Lets jobs take their time, and moves links when their moment has come. */
export class JobRunner {
  readonly #cloud: Cloud;
  readonly #fabric: NicFabric | undefined;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #held: Gate | undefined;

  /** Starts nothing. */
  constructor(parts: JobRunnerParts) {
    // Everything that waits listens to this one signal, which is no leak.
    setMaxListeners(0, this.#stop.signal);
    this.#cloud = parts.cloud;
    this.#fabric = parts.fabric;
    this.#settings = parts.settings;
    this.#clock = parts.settings.clock;
    this.#log = parts.settings.log;
  }

  /** Lets a job run that is in the cloud's state already. @param fault what goes wrong with it, if anything */
  start(job: EmulatedJob, fault: JobFault | undefined): void {
    const run = this.#run(job, this.#planOf(job, fault))
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) return this.#fail(job, error);
        return undefined;
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Jobs that start from now on stay `pending`, and their time does not run, until {@link release}. */
  hold(): void {
    if (this.#held !== undefined) return;
    let resolve = (): void => {};
    const promise = new Promise<void>((open) => {
      resolve = open;
    });
    this.#held = { promise, resolve };
  }

  /** Lets held jobs begin, and later ones too. */
  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Takes links away outside of any job. */
  takeLinks(nicIds: readonly string[]): void {
    const take = async (id: string): Promise<void> => {
      await this.#fabric?.unplug(id);
      this.#cloud.commit(markPlugged(this.#cloud.state, id, false));
      this.#log.info(`unplugged ${id}`);
    };
    const run = Promise.all(nicIds.map(take))
      .then(() => undefined)
      .catch((error: unknown) => this.#log.warn('links stay behind', { nics: nicIds.join(' '), reason: toText(error) }))
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Resolves when no job runs that will ever end by itself. Stuck jobs do not count once their links have moved. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Stops all jobs where they are. */
  async close(): Promise<void> {
    this.#stop.abort(new NicError('ERR_CANCELLED', 'the emulator was closed'));
    this.release();
    await this.idle();
  }

  #planOf(job: EmulatedJob, fault: JobFault | undefined): Plan {
    const { attachMs, detachMs, pendingMs } = this.#settings.jobs;
    const durationMs = fault?.durationMs ?? (job.action === 'AttachNics' ? attachMs : detachMs);
    const outcome = fault?.outcome ?? 'successful';
    const landed = this.#landedOf(job, outcome, fault);
    const errorCodes = outcome === 'successful' ? '' : (fault?.errorCodes ?? '5000');
    const linksAfterMs = fault?.linksAfterMs ?? durationMs;
    return { durationMs, outcome, landed, errorCodes, linksAfterMs, pendingMs: Math.min(pendingMs, durationMs) };
  }

  /** The NICs that will have the state that the job is to bring. */
  #landedOf(job: EmulatedJob, outcome: Plan['outcome'], fault: JobFault | undefined): readonly string[] {
    if (outcome === 'successful' || fault?.landed === true) return job.nicIds;
    if (outcome === 'stuck' || fault?.landed === false || this.#settings.choices.failedJobs === 'roll-back') return [];
    return job.nicIds.slice(0, -1);
  }

  async #run(job: EmulatedJob, plan: Plan): Promise<void> {
    await this.#held?.promise;
    const start = this.#clock.now();
    for (const step of this.#stepsOf(job, plan)) {
      const wait = start + step.at - this.#clock.now();
      if (wait > 0) await this.#clock.sleep(wait, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      await step.act();
    }
  }

  #stepsOf(job: EmulatedJob, plan: Plan): Step[] {
    const { durationMs, linksAfterMs, outcome, landed } = plan;
    const steps: Step[] = [{ at: plan.pendingMs, act: () => this.#change(job, { status: 'working', statusAt: this.#clock.now() }) }];
    // Links of a job that fails appear only where they are seen before its end, or stay.
    const early = linksAfterMs !== 'never' && linksAfterMs < durationMs;
    const moving = linksAfterMs === 'never' ? [] : early || outcome === 'stuck' ? job.nicIds : landed;
    if (linksAfterMs !== 'never' && moving.length > 0) {
      steps.push({ at: linksAfterMs, act: () => this.#moveLinks(job, moving, job.action === 'AttachNics') });
    }
    if (outcome !== 'stuck') {
      const end: JobEnd = { status: outcome, errorCodes: plan.errorCodes, landed };
      steps.push({
        at: durationMs,
        act: () =>
          this.#end(
            job,
            end,
            moving.filter((id) => !landed.includes(id)),
          ),
      });
    }
    // A stable sort: with equal times the links move before the job ends.
    return steps.sort((a, b) => a.at - b.at);
  }

  #change(job: EmulatedJob, change: Partial<EmulatedJob>): void {
    this.#cloud.commit(updateJob(this.#cloud.state, job.id, change));
  }

  async #end(job: EmulatedJob, planned: JobEnd, undone: readonly string[]): Promise<void> {
    const instance = this.#cloud.state.instances.get(job.instanceId);
    const dead = job.action === 'AttachNics' && isTerminated(instance?.status ?? 'running');
    if (dead && this.#settings.choices.terminatedInstance !== 'keep') {
      await this.#moveLinks(job, job.nicIds, false);
      this.#finish(job, { status: 'failed', errorCodes: planned.errorCodes === '' ? '5000' : planned.errorCodes, landed: [] });
      return;
    }
    if (undone.length > 0) await this.#moveLinks(job, undone, job.action !== 'AttachNics');
    this.#finish(job, planned);
  }

  #finish(job: EmulatedJob, end: JobEnd): void {
    this.#cloud.commit(endJob(this.#cloud.state, job.id, end, this.#clock.now()));
    this.#log.info(`job ${job.id} ${end.status}`, { action: job.action, nics: job.nicIds.join(' '), instance: job.instanceId });
  }

  async #fail(job: EmulatedJob, error: unknown): Promise<void> {
    this.#log.warn(`job ${job.id} failed: the fabric refused`, { action: job.action, nics: job.nicIds.join(' '), reason: toText(error) });
    if (job.action === 'AttachNics') {
      await this.#moveLinks(job, job.nicIds, false).catch((again: unknown) => {
        this.#log.warn(`job ${job.id}: links stay behind`, { nics: job.nicIds.join(' '), reason: toText(again) });
      });
    }
    const end: JobEnd = { status: 'failed', errorCodes: '5000', landed: [] };
    this.#cloud.commit(endJob(this.#cloud.state, job.id, end, this.#clock.now()));
  }

  async #moveLinks(job: EmulatedJob, nicIds: readonly string[], plug: boolean): Promise<void> {
    await Promise.all(nicIds.map((id) => this.#moveLink(job, id, plug)));
    this.#change(job, { linksAt: this.#clock.now() });
  }

  /** Links that move after the end of their job may find that the NIC has become another job's business, or is gone. */
  async #moveLink(job: EmulatedJob, nicId: string, plug: boolean): Promise<void> {
    const nic = this.#cloud.state.nics.get(nicId);
    if (nic === undefined) {
      if (!plug) await this.#fabric?.unplug(nicId);
      return;
    }
    if (nic.transition === undefined ? (nic.status === 'in-use') !== plug : nic.transition.jobId !== job.id) return;
    await (plug ? this.#plug(nic, nic.instanceId ?? job.instanceId) : this.#unplug(nic));
  }

  async #plug(nic: EmulatedNic, instanceId: string): Promise<void> {
    if (this.#fabric === undefined || this.#cloud.state.instances.get(instanceId)?.hasNamespace !== true) return;
    await this.#fabric.plug(toFabricNic(nic), instanceId);
    this.#cloud.commit(markPlugged(this.#cloud.state, nic.id, true));
    // It may have been switched while the NIC was being plugged.
    const now = this.#cloud.state.nics.get(nic.id)?.antiSpoofing;
    if (now !== undefined && now !== nic.antiSpoofing) await this.#fabric.setAntiSpoofing(nic.id, now);
    this.#log.info(`plugged ${nic.id}`, { instance: instanceId, address: nic.address, vxnet: nic.vxnetId });
  }

  async #unplug(nic: EmulatedNic): Promise<void> {
    if (!nic.plugged) return;
    await this.#fabric?.unplug(nic.id);
    this.#cloud.commit(markPlugged(this.#cloud.state, nic.id, false));
    this.#log.info(`unplugged ${nic.id}`, { address: nic.address, vxnet: nic.vxnetId });
  }
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
