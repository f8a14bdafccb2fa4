import { expect } from 'chai';
import { formatStep, type Mishap, type ModelStep } from './model-plan.js';

/** How a command ended. */
export type Outcome =
  /** ADD has answered. */
  | { readonly kind: 'attached'; readonly nicId: string; readonly mac: string }
  /** Any other command has succeeded. */
  | { readonly kind: 'done' }
  /** `attached`: it is attached already. `pending`: the container is clean, and the rest is recorded for later. */
  | { readonly kind: 'failed'; readonly why: 'attached' | 'pending' | 'other'; readonly message: string }
  /** Its process was killed before it answered. */
  | { readonly kind: 'killed'; readonly where: string };

/** What a record says of the cloud. */
export interface RecordView {
  /** NICs that it answers for. */
  readonly nics: readonly { readonly id: string }[];
  /** Name of every NIC that was made for it. */
  readonly nicName?: string;
  /** A create request is under way or was when its process died. */
  readonly create?: unknown;
  /** The answer of one was lost. */
  readonly uncertainAt?: number;
}

/** A host with a cloud that a model follows. */
export interface ModelSubject {
  /** Makes a container's namespace. */
  createSandbox(container: string): Promise<void>;
  /** Removes it. */
  removeSandbox(container: string): Promise<void>;
  /** Runs ADD. */
  add(container: string, gateway: boolean, mishap: Mishap): Promise<Outcome>;
  /** Runs DEL. */
  del(container: string, hasSandbox: boolean, mishap: Mishap): Promise<Outcome>;
  /** Runs CHECK. */
  check(container: string): Promise<Outcome>;
  /** Runs GC with these containers as valid ones. */
  collect(valid: readonly string[], mishap: Mishap): Promise<Outcome>;
  /** All processes, namespaces and links end; what the cloud has attached comes back. */
  reboot(cut: boolean): Promise<void>;
  /** Time passes, or what the subject can do in its place. */
  pass(ms: number): Promise<void>;
  /** NICs that the cloud holds now, primary ones left out. */
  nics(): readonly { readonly id: string; readonly name: string }[];
  /** What the name of a container's NIC is. */
  nicName(container: string): string;
  /** Names of gateways. */
  readonly gatewayNames: readonly string[];
  /** What the records of attachments say now. */
  attachmentRecords(): readonly RecordView[];
  /** The same of gateways. */
  gatewayRecords(): readonly RecordView[];
  /** What a container's record is, as text; undefined when there is none. */
  recordOf(container: string): string | undefined;
  /** The container's interface. */
  linkOf(container: string): Promise<{ readonly mac: string; readonly up: boolean } | undefined>;
}

/** Counts of what happened. */
export interface ModelFigures {
  steps: number;
  ADD: number;
  DEL: number;
  CHECK: number;
  GC: number;
  killed: number;
  faults: number;
  reboots: number;
}

/** What a bystander knows: which containers live, and what each was answered. Looks after every step whether that is so. */
export class Model {
  readonly figures: ModelFigures = { steps: 0, ADD: 0, DEL: 0, CHECK: 0, GC: 0, killed: 0, faults: 0, reboots: 0 };
  readonly #subject: ModelSubject;
  readonly #live = new Map<string, { readonly nicId: string; readonly mac: string }>();
  /** Containers whose DEL was killed: they may still be whole. */
  readonly #unsure = new Set<string>();
  readonly #sandboxes = new Set<string>();
  readonly #story: string[] = [];

  constructor(subject: ModelSubject) {
    this.#subject = subject;
  }

  /** Takes all steps. Fails with the last of them in words. */
  async run(plan: readonly ModelStep[], label: string): Promise<void> {
    try {
      for (const step of plan) {
        this.#story.push(formatStep(step));
        this.figures.steps += 1;
        await this.#step(step);
        await this.#expectInvariant();
      }
    } catch (error) {
      const story = this.#story.slice(-25).join('\n  ');
      throw new Error(
        `${label}, step ${this.#story.length} of ${plan.length}:\n  ${story}\n${error instanceof Error ? error.stack : String(error)}`,
      );
    }
  }

  /** All containers go without a DEL. */
  async end(): Promise<void> {
    for (const container of [...this.#sandboxes]) await this.#removeSandbox(container);
  }

  async #step(step: ModelStep): Promise<void> {
    if ('faultSeed' in step && step.faultSeed !== undefined) this.figures.faults += 1;
    switch (step.kind) {
      case 'ADD':
        return this.#add(step.container, step.gateway, step);
      case 'DEL':
        return this.#del(step.container, step.sandboxGoes, step);
      case 'CHECK':
        return this.#check(step.container);
      case 'GC':
        this.figures.GC += 1;
        await this.#subject.collect([...this.#live.keys()], step);
        return;
      case 'forget':
        return this.#removeSandbox(step.container);
      case 'reboot':
        return this.#reboot(step.cut);
      case 'pass':
        return this.#subject.pass(step.ms);
    }
  }

  async #add(container: string, gateway: boolean, mishap: Mishap): Promise<void> {
    this.figures.ADD += 1;
    if (!this.#sandboxes.has(container)) {
      await this.#subject.createSandbox(container);
      this.#sandboxes.add(container);
    }
    const wasLive = this.#live.has(container);
    const outcome = await this.#subject.add(container, gateway, mishap);
    this.#tell(outcome);
    if (outcome.kind === 'attached') {
      expect(wasLive, `${container} was attached twice`).to.equal(false);
      this.#live.set(container, outcome);
      this.#unsure.delete(container);
    } else if (outcome.kind === 'failed' && outcome.why === 'attached') {
      expect(wasLive || this.#unsure.has(container), `${container}: ${outcome.message}`).to.equal(true);
    } else if (outcome.kind === 'killed' && !wasLive) {
      // What a killed ADD did to a container that lived stands; nobody heard of one that was new, and its runtime deletes the sandbox.
      await this.#removeSandbox(container);
    }
  }

  async #del(container: string, sandboxGoes: boolean, mishap: Mishap): Promise<void> {
    this.figures.DEL += 1;
    this.#live.delete(container);
    this.#unsure.delete(container);
    const outcome = await this.#subject.del(container, this.#sandboxes.has(container), mishap);
    this.#tell(outcome);
    if (outcome.kind === 'killed') {
      this.#unsure.add(container);
      return;
    }
    if (outcome.kind === 'done') {
      const names = this.#subject.nics().map((nic) => nic.name);
      expect(names, `${container} after DEL`).not.to.include(this.#subject.nicName(container));
    } else {
      expect(outcome, `DEL of ${container}`).to.include({ kind: 'failed', why: 'pending' });
    }
    if (sandboxGoes) await this.#removeSandbox(container);
  }

  async #check(container: string): Promise<void> {
    this.figures.CHECK += 1;
    const outcome = await this.#subject.check(container);
    this.#tell(outcome);
    if (outcome.kind === 'done') {
      expect(this.#live.has(container) || this.#unsure.has(container), `CHECK accepts ${container}`).to.equal(true);
    } else {
      expect(this.#live.has(container), `CHECK of ${container}: ${'message' in outcome ? outcome.message : outcome.kind}`).to.equal(false);
    }
  }

  async #reboot(cut: boolean): Promise<void> {
    this.figures.reboots += 1;
    await this.#subject.reboot(cut);
    this.#live.clear();
    this.#unsure.clear();
    this.#sandboxes.clear();
  }

  async #removeSandbox(container: string): Promise<void> {
    this.#live.delete(container);
    this.#unsure.delete(container);
    if (this.#sandboxes.delete(container)) await this.#subject.removeSandbox(container);
  }

  #tell(outcome: Outcome): void {
    if (outcome.kind === 'killed') {
      this.figures.killed += 1;
      this.#story.push(`  killed ${outcome.where}`);
    } else if (outcome.kind === 'failed') this.#story.push(`  failed: ${outcome.message}`);
  }

  /** NICs in the cloud = live attachments + gateways + recorded pending work, and what lives works. */
  async #expectInvariant(): Promise<void> {
    const subject = this.#subject;
    const gateways = subject.gatewayRecords();
    const records = [...subject.attachmentRecords(), ...gateways];
    const isUncertain = (record: RecordView): boolean => record.create !== undefined || record.uncertainAt !== undefined;
    const recorded = new Set(records.flatMap((record) => record.nics.map((nic) => nic.id)));
    // Of a create request without an answer, only the name of what it made is known.
    const names = new Set(records.filter(isUncertain).flatMap((record) => record.nicName ?? []));
    const nics = subject.nics();
    for (const nic of nics) expect(recorded.has(nic.id) || names.has(nic.name), `NIC ${nic.id} ${nic.name} has a record`).to.equal(true);
    for (const [container, { nicId, mac }] of this.#live) {
      expect(subject.recordOf(container), `${container} has a record`).to.include(nicId);
      expect(
        nics.map((nic) => nic.id),
        `${container} has its NIC in the cloud`,
      ).to.include(nicId);
      expect(await subject.linkOf(container), `${container} has its NIC`).to.deep.equal({ mac, up: true });
    }
    const surplus = gateways.reduce((sum, record) => sum + Math.max(0, record.nics.length - 1) + (isUncertain(record) ? 2 : 0), 0);
    const inCloud = nics.filter((nic) => subject.gatewayNames.includes(nic.name));
    const subnets = new Set(inCloud.map((nic) => nic.name)).size;
    expect(inCloud.length, 'one gateway for a subnet, and what records call surplus').to.be.at.most(subnets + surplus);
  }
}
