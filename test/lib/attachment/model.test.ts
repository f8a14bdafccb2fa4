import { expect } from 'chai';
import type { AttachmentEngine } from '../../../lib/attachment/index.js';
import { attachmentId, gatewayName, nicName } from '../../../lib/attachment/names.js';
import { isNicError } from '../../../lib/errors.js';
import { lostAnswer, refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';
import { doomed } from '../../support/fault-points.js';
import { seededRandom } from '../../support/random.js';

const NAMES = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5'];
const LATE_MS = 60_000;

/** What a bystander knows: which containers live, and what each was answered. */
class World {
  readonly bed: AttachmentBed;
  readonly random: () => number;
  readonly live = new Map<string, { readonly nicId: string; readonly mac: string }>();
  /** Containers whose DEL was killed: they may still be whole. */
  readonly unsure = new Set<string>();
  readonly namespaces = new Set<string>();
  readonly history: string[] = [];

  constructor(bed: AttachmentBed, random: () => number) {
    this.bed = bed;
    this.random = random;
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[Math.floor(this.random() * choices.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  }

  async step(): Promise<void> {
    const name = this.pick(NAMES);
    const dice = this.random();
    if (dice < 0.3) await this.run(`ADD ${name}`, (engine) => this.add(engine, name));
    else if (dice < 0.55) await this.run(`DEL ${name}`, (engine) => this.del(engine, name));
    else if (dice < 0.62) await this.check(name);
    else if (dice < 0.7) await this.run('GC', (engine) => this.collect(engine));
    else if (dice < 0.82) await this.crash(name);
    else if (dice < 0.9) this.forget(name);
    else if (dice < 0.92) this.reboot();
    else await this.pass();
    await this.expectInvariant();
  }

  /** Runs a command, now and then with a cloud that fails. */
  async run(what: string, command: (engine: AttachmentEngine) => Promise<unknown>): Promise<void> {
    const faulty = this.random() < 0.3;
    this.history.push(faulty ? `${what} with faults` : what);
    if (faulty) {
      this.bed.cloud.onCall = (action, phase) => {
        if (this.random() > 0.15) return;
        if (phase === 'before' && this.random() < 0.5)
          throw refusal(action, this.pick(['ERR_BUSY', 'ERR_STATE', 'ERR_AUTH', 'ERR_CAPACITY'] as const), 'no');
        throw lostAnswer(action);
      };
    }
    try {
      await command(this.bed.engine);
    } finally {
      this.bed.cloud.onCall = undefined;
    }
  }

  async add(engine: AttachmentEngine, name: string): Promise<void> {
    if (!this.namespaces.has(name)) {
      this.bed.pod(name);
      this.namespaces.add(name);
    }
    const routes = this.random() < 0.4 ? [{ dst: '10.96.0.0/12', via: { kind: 'host' } as const }] : [];
    try {
      const attachment = await engine.attach(requestOf(name, { routes, subnetIds: ['net-1', 'net-2'] }), this.bed.timing());
      expect(this.live.has(name), `${name} was attached twice`).to.equal(false);
      this.live.set(name, attachment);
      this.unsure.delete(name);
    } catch (error) {
      if (!isNicError(error)) throw error;
      if (error.code === 'ERR_ATTACHED') expect(this.live.has(name) || this.unsure.has(name), `${name}: ${error.message}`).to.equal(true);
    }
  }

  async del(engine: AttachmentEngine, name: string): Promise<void> {
    const namespace = this.namespaces.has(name) ? { namespace: { kind: 'path', path: pathOf(name) } as const } : {};
    this.live.delete(name);
    this.unsure.delete(name);
    try {
      await engine.detach({ key: keyOf(name), subnetIds: ['net-1', 'net-2'], ...namespace }, this.bed.timing());
      expect(
        this.bed.nics().map((nic) => nic.name),
        `${name} after DEL`,
      ).not.to.include(nicName('i-1', keyOf(name)));
    } catch (error) {
      if (!isNicError(error, 'ERR_PENDING')) throw error;
    }
    if (this.random() < 0.5) this.removeNamespace(name);
  }

  async check(name: string): Promise<void> {
    this.history.push(`CHECK ${name}`);
    const request = { key: keyOf(name), namespace: { kind: 'path', path: pathOf(name) } as const };
    try {
      await this.bed.engine.check(request, this.bed.timing());
      expect(this.live.has(name) || this.unsure.has(name), `CHECK accepts ${name}`).to.equal(true);
    } catch (error) {
      if (!isNicError(error)) throw error;
      expect(this.live.has(name), `CHECK of ${name}: ${error.message}`).to.equal(false);
    }
  }

  async collect(engine: AttachmentEngine): Promise<void> {
    const valid = [...this.live.keys()].map((containerId) => ({ containerId, ifname: 'eth0' }));
    try {
      await engine.collect({ network: 'pods', valid, subnetIds: ['net-1', 'net-2'] }, this.bed.timing());
    } catch (error) {
      if (!isNicError(error)) throw error;
    }
  }

  async crash(name: string): Promise<void> {
    const adding = this.random() < 0.6;
    const n = Math.floor(this.random() * 120);
    const { process, died, release } = doomed(this.bed, n, { bootId: this.bed.bootId() });
    const wasLive = this.live.get(name);
    const ended = (adding ? this.add(process.engine, name) : this.del(process.engine, name)).then(
      () => undefined,
      (error: unknown) => {
        throw error;
      },
    );
    const point = await Promise.race([ended, died]);
    ended.catch(() => {});
    release();
    this.history.push(
      `${adding ? 'ADD' : 'DEL'} ${name} killed at ${point === undefined ? 'no point' : `${n}: ${point.phase} ${point.what}`}`,
    );
    if (point === undefined) return;
    for (const other of this.namespaces) this.bed.kernel.namespace(pathOf(other)).holders = 0;
    this.bed.kernel.initial.holders = 0;
    // What a killed ADD did to a container that lived stands; nobody heard of one that was new.
    if (adding && wasLive !== undefined) this.live.set(name, wasLive);
    else this.live.delete(name);
    if (!adding) this.unsure.add(name);
    // A runtime whose plugin was killed deletes the sandbox.
    if (adding && wasLive === undefined) this.removeNamespace(name);
  }

  /** The runtime loses a container without ever sending DEL. */
  forget(name: string): void {
    this.history.push(`namespace of ${name} removed`);
    this.live.delete(name);
    this.removeNamespace(name);
  }

  reboot(): void {
    const cut = this.random() < 0.5;
    this.history.push(cut ? 'power cut' : 'reboot');
    if (cut) this.bed.cutPower();
    else this.bed.reboot();
    this.live.clear();
    this.unsure.clear();
    this.namespaces.clear();
  }

  async pass(): Promise<void> {
    const ms = this.pick([1000, 30_000, 70_000, 700_000]);
    this.history.push(`${ms} ms pass`);
    await this.bed.clock.sleep(ms);
  }

  removeNamespace(name: string): void {
    if (!this.namespaces.delete(name)) return;
    this.live.delete(name);
    this.unsure.delete(name);
    this.bed.kernel.removeNamespace(pathOf(name));
  }

  /** NICs in the cloud = live attachments + gateways + recorded pending work, and what lives works. */
  async expectInvariant(): Promise<void> {
    const { bed } = this;
    const recorded = new Set<string>();
    const names = new Set<string>();
    for (const [folder, group] of [
      [bed.folder, 'attachments'],
      [bed.hostFolder, 'gateways'],
    ] as const) {
      for (const file of folder.list(group)) {
        if (!/^[a-z2-7]{20}(\.quick)?\.json$/.test(file)) continue;
        const record = JSON.parse(folder.read(group, file) ?? '') as {
          nics: { id: string }[];
          nicName?: string;
          create?: unknown;
          uncertainAt?: number;
        };
        for (const nic of record.nics) recorded.add(nic.id);
        if ((record.create !== undefined || record.uncertainAt !== undefined) && record.nicName !== undefined) names.add(record.nicName);
      }
    }
    for (const nic of bed.nics()) {
      expect(recorded.has(nic.id) || names.has(nic.name), `NIC ${nic.id} ${nic.name} has a record`).to.equal(true);
    }
    for (const [name, { nicId, mac }] of this.live) {
      const record = bed.folder.read('attachments', `${attachmentId(keyOf(name))}.json`);
      expect(record, `${name} has a record`).to.contain(nicId);
      const found = bed.kernel.findByMac(mac);
      expect(found?.namespace, `${name} has its NIC`).to.equal(bed.kernel.namespace(pathOf(name)));
      expect(found?.link, `${name} has its NIC`).to.deep.include({ name: 'eth0', up: true });
    }
    const gateways = bed.nics().filter((nic) => ['net-1', 'net-2'].some((subnet) => nic.name === gatewayName('i-1', subnet)));
    expect(new Set(gateways.map((nic) => nic.name)).size + this.#uncertainGateways(), 'one gateway per subnet').to.be.at.least(
      gateways.length,
    );
  }

  /** A gateway whose create answer was lost may have a surplus NIC for a while. */
  #uncertainGateways(): number {
    const { bed } = this;
    const records = bed.hostFolder.list('gateways').filter((file) => /^[a-z2-7]{20}\.json$/.test(file));
    return records.reduce((sum, file) => {
      const record = JSON.parse(bed.hostFolder.read('gateways', file) ?? '') as { nics: unknown[]; uncertainAt?: number; create?: unknown };
      return sum + Math.max(0, record.nics.length - 1) + (record.uncertainAt === undefined && record.create === undefined ? 0 : 2);
    }, 0);
  }

  async end(): Promise<void> {
    for (const name of [...this.namespaces]) this.removeNamespace(name);
    for (let i = 0; i < 12; i++) {
      await this.bed.clock.sleep(700_000);
      await this.bed.engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1', 'net-2'] }, this.bed.timing());
    }
    expect(this.bed.nics(), 'NICs in the end').to.deep.equal([]);
    expect(this.bed.files(), 'files in the end').to.deep.equal([]);
  }
}

describe('a host on which everything happens', () => {
  const steps = Number(process.env['MODEL_STEPS'] ?? 300);

  it(`loses no NIC in ${steps} random steps`, async function () {
    this.timeout(20_000 + steps * 100);
    const random = seededRandom();
    const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: LATE_MS } } });
    const world = new World(bed, random.next);
    try {
      for (let i = 0; i < steps; i++) await world.step();
      await world.end();
    } catch (error) {
      const story = world.history.slice(-25).join('\n  ');
      throw new Error(
        `${random.label} MODEL_STEPS=${steps}, step ${world.history.length}:\n  ${story}\n${error instanceof Error ? error.stack : String(error)}`,
      );
    }
  });
});
