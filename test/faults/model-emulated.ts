import { expect } from 'chai';
import { attachmentId, gatewayName, nicName } from '../../lib/attachment/names.js';
import { isNicError } from '../../lib/errors.js';
import { keyOf, pathOf } from '../support/attachment-bed.js';
import { CLOUD_ACTIONS, CLOUD_FAULTS } from '../support/cloud-faults.js';
import {
  BED_VXNETS,
  type EmulatedBed,
  type EmulatedBedOptions,
  leftovers,
  openEmulatedBed,
  recordsOf,
  secondaryNics,
} from '../support/emulated-bed.js';
import { seededRandom } from '../support/random.js';
import type { ModelSubject, Outcome, RecordView } from './model.js';
import type { Mishap } from './model-plan.js';

/** A command that is asked to end is asked within this time of its start, in milliseconds. */
const ASKED_WITHIN_MS = 5_000;
const SOUND: Mishap = { faultSeed: undefined, killAt: undefined };

/** Faults after which all can be well again, and whatever ADD has answered stays true. */
const PASSING = CLOUD_FAULTS.filter(
  ({ forGood, cardStays, fault }) => forGood !== true && cardStays !== true && !(fault.kind === 'job' && fault.outcome === 'failed'),
);

interface CommandTiming {
  readonly deadline: number;
  readonly signal?: AbortSignal;
}

function toOutcome(error: unknown): Outcome {
  if (!isNicError(error)) throw error;
  const why = error.code === 'ERR_ATTACHED' ? 'attached' : error.code === 'ERR_PENDING' ? 'pending' : 'other';
  return { kind: 'failed', why, message: error.message };
}

/**
 * QingCloud on its emulator over HTTP, a fake kernel and a clock that jumps, all in this process. A process that is to be killed is asked
 * to end instead, as by SIGTERM.
 */
export class EmulatedSubject implements ModelSubject {
  readonly gatewayNames: readonly string[];
  readonly #bed: EmulatedBed;

  private constructor(bed: EmulatedBed) {
    this.#bed = bed;
    this.gatewayNames = BED_VXNETS.map((id) => gatewayName(bed.instanceId, id));
  }

  static async create(options: EmulatedBedOptions): Promise<EmulatedSubject> {
    return new EmulatedSubject(await openEmulatedBed({ limits: { gatewayIdleMs: 600_000 }, ...options }));
  }

  async createSandbox(container: string): Promise<void> {
    this.#bed.pod(container);
  }

  async removeSandbox(container: string): Promise<void> {
    this.#bed.removePod(container);
  }

  add(container: string, gateway: boolean, mishap: Mishap): Promise<Outcome> {
    const routes = gateway ? [{ dst: '10.96.0.0/12', via: { kind: 'host' } as const }] : [];
    const namespace = { kind: 'path', path: pathOf(container) } as const;
    const request = { key: keyOf(container), namespace, subnetIds: BED_VXNETS, routes, defaultRoute: true };
    return this.#run(mishap, async (timing) => {
      const { nicId, mac } = await this.#bed.engine.attach(request, timing);
      return { kind: 'attached', nicId, mac };
    });
  }

  del(container: string, hasSandbox: boolean, mishap: Mishap): Promise<Outcome> {
    const namespace = hasSandbox ? { namespace: { kind: 'path', path: pathOf(container) } as const } : {};
    return this.#run(mishap, async (timing) => {
      await this.#bed.engine.detach({ key: keyOf(container), subnetIds: BED_VXNETS, ...namespace }, timing);
      return { kind: 'done' };
    });
  }

  check(container: string): Promise<Outcome> {
    return this.#run(SOUND, async (timing) => {
      await this.#bed.engine.check({ key: keyOf(container), namespace: { kind: 'path', path: pathOf(container) } }, timing);
      return { kind: 'done' };
    });
  }

  collect(valid: readonly string[], mishap: Mishap): Promise<Outcome> {
    const list = valid.map((containerId) => ({ containerId, ifname: 'eth0' }));
    return this.#run(mishap, async (timing) => {
      await this.#bed.engine.collect({ network: 'pods', valid: list, subnetIds: BED_VXNETS }, timing);
      return { kind: 'done' };
    });
  }

  async reboot(cut: boolean): Promise<void> {
    this.#bed.reboot(cut);
  }

  pass(ms: number): Promise<void> {
    return this.#bed.clock.sleep(ms);
  }

  nics(): readonly { readonly id: string; readonly name: string }[] {
    return secondaryNics(this.#bed);
  }

  nicName(container: string): string {
    return nicName(this.#bed.instanceId, keyOf(container));
  }

  attachmentRecords(): readonly RecordView[] {
    return recordsOf(this.#bed).attachments;
  }

  gatewayRecords(): readonly RecordView[] {
    return recordsOf(this.#bed).gateways;
  }

  recordOf(container: string): string | undefined {
    return this.#bed.folder.read('attachments', `${attachmentId(keyOf(container))}.json`);
  }

  async linkOf(container: string): Promise<{ readonly mac: string; readonly up: boolean } | undefined> {
    const links = this.#bed.kernel.namespace(pathOf(container)).links();
    const link = links.find((one) => one.name === 'eth0');
    return link === undefined ? undefined : { mac: link.mac, up: link.up };
  }

  /** After enough time and GC nothing is left anywhere. */
  async expectNothingLeft(): Promise<void> {
    for (let i = 0; i < 12; i++) {
      await this.pass(700_000);
      await this.collect([], SOUND);
    }
    expect(leftovers(this.#bed), 'in the end').to.deep.equal([]);
  }

  close(): Promise<void> {
    return this.#bed.close();
  }

  /** Runs a command: one that is asked to end at some point, or with a cloud that fails in one way again and again. */
  async #run({ faultSeed, killAt }: Mishap, command: (timing: CommandTiming) => Promise<Outcome>): Promise<Outcome> {
    const { clock, emulator } = this.#bed;
    if (faultSeed !== undefined) {
      const { next } = seededRandom(faultSeed);
      const chosen = PASSING[Math.floor(next() * PASSING.length)];
      const actions = CLOUD_ACTIONS.filter((action) => chosen?.strikes(action));
      const action = actions[Math.floor(next() * actions.length)];
      if (chosen === undefined || action === undefined) throw new Error('there is nothing to choose from');
      emulator.addFault({ action, fault: chosen.fault, probability: 0.5, times: 'always' });
    }
    const asked = new AbortController();
    const ended = new AbortController();
    if (killAt !== undefined) {
      clock.sleep(Math.floor(killAt * ASKED_WITHIN_MS), ended.signal).then(
        () => asked.abort(),
        () => {},
      );
    }
    try {
      return await command({ ...this.#bed.timing(), signal: asked.signal });
    } catch (error) {
      return toOutcome(error);
    } finally {
      ended.abort();
      emulator.clearFaults();
    }
  }
}
