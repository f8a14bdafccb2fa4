import { expect } from 'chai';
import type { AttachmentEngine } from '../../lib/attachment/index.js';
import { attachmentId, gatewayName, nicName } from '../../lib/attachment/names.js';
import { isNicError } from '../../lib/errors.js';
import type { Folder } from '../../lib/folder/index.js';
import { lostAnswer, refusal } from '../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../support/attachment-bed.js';
import { doomed } from '../support/fault-points.js';
import { seededRandom } from '../support/random.js';
import type { ModelSubject, Outcome, RecordView } from './model.js';
import { CONTAINERS, type Mishap } from './model-plan.js';

const LATE_MS = 60_000;
const SUBNETS = ['net-1', 'net-2'];
/** More than the points of any command. */
const POINTS = 120;
const REFUSALS = ['ERR_BUSY', 'ERR_STATE', 'ERR_AUTH', 'ERR_CAPACITY'] as const;

function recordsOf(folder: Folder, group: string): readonly RecordView[] {
  return folder
    .list(group)
    .filter((file) => /^[a-z2-7]{20}(\.quick)?\.json$/.test(file))
    .map((file) => JSON.parse(folder.read(group, file) ?? '') as RecordView);
}

function toOutcome(error: unknown): Outcome {
  if (!isNicError(error)) throw error;
  const why = error.code === 'ERR_ATTACHED' ? 'attached' : error.code === 'ERR_PENDING' ? 'pending' : 'other';
  return { kind: 'failed', why, message: error.message };
}

/** Memory provider, fake kernel and a clock that jumps, all in this process. */
export class MemorySubject implements ModelSubject {
  readonly gatewayNames = SUBNETS.map((subnet) => gatewayName('i-1', subnet));
  readonly #bed: AttachmentBed;
  readonly #made = new Set<string>();

  private constructor(bed: AttachmentBed) {
    this.#bed = bed;
  }

  static async create(): Promise<MemorySubject> {
    return new MemorySubject(await createAttachmentBed({ cloud: { features: { lateEffectMs: LATE_MS } } }));
  }

  async createSandbox(container: string): Promise<void> {
    this.#bed.pod(container);
    this.#made.add(container);
  }

  async removeSandbox(container: string): Promise<void> {
    this.#bed.kernel.removeNamespace(pathOf(container));
    this.#made.delete(container);
  }

  add(container: string, gateway: boolean, mishap: Mishap): Promise<Outcome> {
    const routes = gateway ? [{ dst: '10.96.0.0/12', via: { kind: 'host' } as const }] : [];
    return this.#run(mishap, async (engine) => {
      const { nicId, mac } = await engine.attach(requestOf(container, { routes, subnetIds: SUBNETS }), this.#bed.timing());
      return { kind: 'attached', nicId, mac };
    });
  }

  del(container: string, hasSandbox: boolean, mishap: Mishap): Promise<Outcome> {
    const namespace = hasSandbox ? { namespace: { kind: 'path', path: pathOf(container) } as const } : {};
    return this.#run(mishap, async (engine) => {
      await engine.detach({ key: keyOf(container), subnetIds: SUBNETS, ...namespace }, this.#bed.timing());
      return { kind: 'done' };
    });
  }

  check(container: string): Promise<Outcome> {
    const request = { key: keyOf(container), namespace: { kind: 'path', path: pathOf(container) } as const };
    return this.#run({ faultSeed: undefined, killAt: undefined }, async (engine) => {
      await engine.check(request, this.#bed.timing());
      return { kind: 'done' };
    });
  }

  collect(valid: readonly string[], mishap: Mishap): Promise<Outcome> {
    const list = valid.map((containerId) => ({ containerId, ifname: 'eth0' }));
    return this.#run(mishap, async (engine) => {
      await engine.collect({ network: 'pods', valid: list, subnetIds: SUBNETS }, this.#bed.timing());
      return { kind: 'done' };
    });
  }

  async reboot(cut: boolean): Promise<void> {
    if (cut) this.#bed.cutPower();
    else this.#bed.reboot();
    this.#made.clear();
  }

  pass(ms: number): Promise<void> {
    return this.#bed.clock.sleep(ms);
  }

  nics(): readonly { readonly id: string; readonly name: string }[] {
    return this.#bed.nics();
  }

  nicName(container: string): string {
    return nicName('i-1', keyOf(container));
  }

  attachmentRecords(): readonly RecordView[] {
    return recordsOf(this.#bed.folder, 'attachments');
  }

  gatewayRecords(): readonly RecordView[] {
    return recordsOf(this.#bed.hostFolder, 'gateways');
  }

  recordOf(container: string): string | undefined {
    return this.#bed.folder.read('attachments', `${attachmentId(keyOf(container))}.json`);
  }

  async linkOf(container: string): Promise<{ readonly mac: string; readonly up: boolean } | undefined> {
    const link = this.#bed.kernel
      .namespace(pathOf(container))
      .links()
      .find((one) => one.name === 'eth0');
    return link === undefined ? undefined : { mac: link.mac, up: link.up };
  }

  /** After enough time and GC nothing is left anywhere. */
  async expectNothingLeft(): Promise<void> {
    for (let i = 0; i < 12; i++) {
      await this.pass(700_000);
      await this.collect([], { faultSeed: undefined, killAt: undefined });
    }
    expect(this.nics(), 'NICs in the end').to.deep.equal([]);
    expect(this.#bed.files(), 'files in the end').to.deep.equal([]);
    expect(
      CONTAINERS.filter((container) => this.#made.has(container)),
      'sandboxes in the end',
    ).to.deep.equal([]);
  }

  /** Runs a command: in a process that is killed at some point, or with a cloud that fails. */
  async #run({ faultSeed, killAt }: Mishap, command: (engine: AttachmentEngine) => Promise<Outcome>): Promise<Outcome> {
    if (killAt !== undefined) return this.#kill(Math.floor(killAt * POINTS), command);
    if (faultSeed !== undefined) {
      const { next } = seededRandom(faultSeed);
      this.#bed.cloud.onCall = (action, phase) => {
        if (next() > 0.15) return;
        if (phase === 'before' && next() < 0.5) throw refusal(action, REFUSALS[Math.floor(next() * REFUSALS.length)] ?? 'ERR_BUSY', 'no');
        throw lostAnswer(action);
      };
    }
    try {
      return await command(this.#bed.engine);
    } catch (error) {
      return toOutcome(error);
    } finally {
      this.#bed.cloud.onCall = undefined;
    }
  }

  async #kill(n: number, command: (engine: AttachmentEngine) => Promise<Outcome>): Promise<Outcome> {
    const { process, died, release } = doomed(this.#bed, n, { bootId: this.#bed.bootId() });
    const ended = command(process.engine).catch(toOutcome);
    const first = await Promise.race([ended, died]);
    // What a dead process still says interests nobody.
    ended.catch(() => {});
    release();
    if ('phase' in first) {
      for (const container of this.#made) this.#bed.kernel.namespace(pathOf(container)).holders = 0;
      this.#bed.kernel.initial.holders = 0;
      return { kind: 'killed', where: `at point ${n}: ${first.phase} ${first.what}` };
    }
    return first;
  }
}
