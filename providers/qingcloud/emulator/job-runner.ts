import type { Clock } from '../../../lib/clock.js';
import { NicError } from '../../../lib/errors.js';
import type { NicFabric } from '../../../lib/fabric.js';
import type { Logger } from '../../../lib/log.js';
import type { Cloud } from './cloud.js';
import type { JobFault } from './faults.js';
import { endJob, markPlugged, updateJob } from './jobs.js';
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
  readonly landed: boolean;
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

  /** Starts nothing. */
  constructor(parts: JobRunnerParts) {
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
        if (!this.#stop.signal.aborted) this.#fail(job, error);
      })
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
    await this.idle();
  }

  #planOf(job: EmulatedJob, fault: JobFault | undefined): Plan {
    const { attachMs, detachMs, pendingMs } = this.#settings.jobs;
    const durationMs = fault?.durationMs ?? (job.action === 'AttachNics' ? attachMs : detachMs);
    const outcome = fault?.outcome ?? 'successful';
    const landed = outcome === 'successful' || (fault?.landed ?? false);
    return { durationMs, outcome, landed, pendingMs: Math.min(pendingMs, durationMs), linksAfterMs: fault?.linksAfterMs ?? durationMs };
  }

  async #run(job: EmulatedJob, plan: Plan): Promise<void> {
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
    const moves = linksAfterMs !== 'never' && (landed || early || outcome === 'stuck');
    if (moves) steps.push({ at: linksAfterMs, act: () => this.#moveLinks(job, job.action === 'AttachNics') });
    if (outcome !== 'stuck') steps.push({ at: durationMs, act: () => this.#end(job, outcome, landed, moves && !landed) });
    // A stable sort: with equal times the links move before the job ends.
    return steps.sort((a, b) => a.at - b.at);
  }

  #change(job: EmulatedJob, change: Partial<EmulatedJob>): void {
    this.#cloud.commit(updateJob(this.#cloud.state, job.id, change));
  }

  async #end(job: EmulatedJob, outcome: 'successful' | 'failed' | 'done with failure', landed: boolean, undo: boolean): Promise<void> {
    if (undo) await this.#moveLinks(job, job.action !== 'AttachNics');
    const errorCodes = outcome === 'successful' ? '' : '5000';
    this.#cloud.commit(endJob(this.#cloud.state, job.id, { status: outcome, errorCodes, landed }, this.#clock.now()));
    this.#log.info(`job ${job.id} ${outcome}`, { action: job.action, nics: job.nicIds.join(' '), instance: job.instanceId });
  }

  #fail(job: EmulatedJob, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.warn(`job ${job.id} failed: the fabric refused`, { action: job.action, nics: job.nicIds.join(' '), reason });
    const end = { status: 'failed', errorCodes: '5000', landed: false } as const;
    this.#cloud.commit(endJob(this.#cloud.state, job.id, end, this.#clock.now()));
  }

  async #moveLinks(job: EmulatedJob, plug: boolean): Promise<void> {
    const nics = job.nicIds.flatMap((id) => this.#cloud.state.nics.get(id) ?? []);
    await Promise.all(nics.map((nic) => (plug ? this.#plug(nic, nic.transition?.instanceId ?? job.instanceId) : this.#unplug(nic))));
    this.#cloud.commit(markPlugged(this.#cloud.state, job.nicIds, plug));
    this.#change(job, { linksAt: this.#clock.now() });
  }

  async #plug(nic: EmulatedNic, instanceId: string): Promise<void> {
    if (this.#fabric === undefined || this.#cloud.state.instances.get(instanceId)?.hasNamespace !== true) return;
    await this.#fabric.plug({ id: nic.id, mac: nic.id, address: nic.address, subnetId: nic.vxnetId }, instanceId);
    if (this.#cloud.state.nics.get(nic.id)?.antiSpoofing === false) await this.#fabric.allowForwarding(nic.id);
    this.#log.info(`plugged ${nic.id}`, { instance: instanceId, address: nic.address, vxnet: nic.vxnetId });
  }

  async #unplug(nic: EmulatedNic): Promise<void> {
    await this.#fabric?.unplug(nic.id);
    this.#log.info(`unplugged ${nic.id}`, { address: nic.address, vxnet: nic.vxnetId });
  }
}
