import { expect } from 'chai';
import { type AttachRequest, type CollectReport, type CollectRequest, createMemoryStore } from '../../../lib/attachment/index.js';
import { attachmentId, gatewayId, gatewayName, nicName } from '../../../lib/attachment/names.js';
import { createMemoryCloud, lostAnswer, refusal } from '../../../providers/memory/index.js';
import {
  type AttachmentBed,
  type AttachmentBedOptions,
  type BedProcessOptions,
  createAttachmentBed,
  keyOf,
  pathOf,
  plugOriginalGateway,
  requestOf,
  SUBNETS,
} from '../../support/attachment-bed.js';
import { seededRandom } from '../../support/random.js';

const viaHost: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };
const OLD = 700_000;
const LATE = 90_000;
const READS = ['instanceId', 'listNics', 'describeSubnets', 'describeJobs'];
const GROUPS = ['attachments', 'aside', 'gateways', 'cache', 'journals'];

/** Everything that a command could change. */
function everything(bed: AttachmentBed): object {
  const files = [bed.folder, bed.hostFolder].flatMap((folder) =>
    GROUPS.flatMap((group) => folder.list(group).map((name) => [folder.location, group, name, folder.read(group, name)])),
  );
  return {
    nics: bed.cloud.nics(),
    forwarding: bed.cloud.forwardingNics(),
    jobs: bed.cloud.jobs(),
    files,
    host: bed.kernel.initial.snapshot(),
  };
}

/** What a report says, apart from its order. */
function inOrder({ removed, records, failed, busy }: CollectReport): object {
  const sorted = (lines: readonly unknown[]): readonly string[] => lines.map((line) => JSON.stringify(line)).sort();
  return {
    removed: sorted(removed),
    records: sorted(records),
    failed: sorted(failed.map(({ nicId, key }) => ({ nicId: nicId ?? '-', key: key?.containerId ?? '-' }))),
    busy: sorted(busy),
  };
}

/** Asks for a dry run, sees that it changed nothing, and that the real run then does just what it said. */
async function expectKept(
  bed: AttachmentBed,
  wanted: Partial<CollectRequest> = {},
  own: BedProcessOptions = {},
  label = '',
): Promise<CollectReport> {
  const request: CollectRequest = { network: 'pods', valid: [], subnetIds: ['net-1', 'net-2'], ...wanted };
  const before = everything(bed);
  const calls = bed.cloud.calls().length;
  const onFolder = (operation: string): void => {
    throw new Error(`a dry run does not ${operation}`);
  };
  const looking = bed.process({ ...own, onFolder });
  const would = await looking.engine.collect({ ...request, dryRun: true }, bed.timing());
  expect(everything(bed), `${label}: a dry run changes nothing`).to.deep.equal(before);
  for (const { action } of bed.cloud.calls().slice(calls)) expect(action, label).to.be.oneOf(READS);
  const there = bed.nics().map(({ id }) => id);
  const did = await bed.process(own).engine.collect(request, bed.timing());
  expect(inOrder(would), `${label}: what a dry run says is what is done`).to.deep.equal(inOrder(did));
  const left = new Set(bed.nics().map(({ id }) => id));
  const gone = there.filter((id) => !left.has(id));
  expect(did.removed.map(({ nicId }) => nicId).sort(), `${label}: NICs that went`).to.deep.equal(gone.sort());
  return would;
}

async function withPods(names: readonly string[], patch: Partial<AttachRequest> = {}, options: AttachmentBedOptions = {}) {
  const bed = await createAttachmentBed(options);
  for (const name of names) {
    bed.pod(name);
    await bed.attach(name, patch);
  }
  await bed.clock.sleep(1000);
  return bed;
}

function gatewayOf(bed: AttachmentBed): string | undefined {
  return bed.nics().find((nic) => nic.name === gatewayName('i-1', 'net-1'))?.id;
}

const idle = (nicId: string | undefined) => ({ nicId, key: undefined, gatewayOf: 'net-1', reason: 'idle' });

/** The create request of one NIC whose name starts so is taken, and its answer is lost. */
function loseCreate(bed: AttachmentBed, phase: 'before' | 'after', prefix: string): void {
  bed.cloud.onCall = (action, at, args) => {
    const { name } = args[0] as { readonly name?: string };
    if (action === 'createNic' && at === phase && name?.startsWith(prefix) === true) throw lostAnswer(action);
  };
}

describe('a dry run of collect()', () => {
  describe('for gateways', () => {
    it('lists one that nobody has used for long enough', async () => {
      const bed = await withPods(['c1'], viaHost);
      const gateway = gatewayOf(bed);
      await bed.detach('c1');
      bed.clock.skip(OLD);
      const would = await expectKept(bed);
      expect(would.removed).to.deep.equal([idle(gateway)]);
      expect(bed.nics()).to.deep.equal([]);
    });

    it('leaves out one that is not idle for long enough, or whose idleness nobody has noted yet', async () => {
      const bed = await withPods(['c1', 'c2'], viaHost);
      const early = await expectKept(bed, { valid: [{ containerId: 'c2', ifname: 'eth0' }] });
      expect(early.removed.map(({ reason }) => reason)).to.deep.equal(['unlisted']);
      bed.clock.skip(OLD);
      const last = await expectKept(bed);
      expect(last.removed.map(({ reason }) => reason)).to.deep.equal(['unlisted']);
      bed.clock.skip(300_000);
      expect((await expectKept(bed)).removed).to.deep.equal([]);
      bed.clock.skip(300_000);
      expect((await expectKept(bed)).removed).to.have.length(1);
    });

    it('lists one whose last users would go in the same run', async () => {
      const bed = await withPods(['c1'], viaHost, { limits: { gatewayIdleMs: 0 } });
      const gateway = gatewayOf(bed);
      const would = await expectKept(bed);
      expect(would.removed).to.have.length(2);
      expect(would.removed).to.deep.include(idle(gateway));
    });

    it('leaves out one that a network uses which is not collected, and all while a record cannot be read', async () => {
      const bed = await withPods(['c1'], { ...viaHost, key: { ...keyOf('c1'), network: 'others' } }, { limits: { gatewayIdleMs: 0 } });
      expect((await expectKept(bed)).removed).to.deep.equal([]);
      const torn = await withPods(['c1'], viaHost, { limits: { gatewayIdleMs: 0 } });
      torn.folder.write('attachments', `${gatewayId('any')}.json`, 'torn', 'durable');
      expect((await expectKept(torn)).removed.map(({ reason }) => reason)).to.deep.equal(['unlisted']);
    });

    it("leaves out the host's own NICs, which are only forgotten", async () => {
      for (const role of ['primary', 'secondary']) {
        const bed = await createAttachmentBed({ primarySubnet: role === 'primary' ? 'net-1' : 'net-host', limits: { gatewayIdleMs: 0 } });
        const nic = role === 'primary' ? bed.primary : bed.cloud.addNic({ subnetId: 'net-1', name: 'mine', instanceId: 'i-1' });
        if (role === 'secondary') {
          const eth7 = bed.kernel.addLink(bed.kernel.initial, { name: 'eth7', mac: nic.mac, up: true });
          bed.kernel.initial.addAddress(eth7.index, `${nic.addresses[0]}/24`, 'setup');
        }
        bed.pod('c1');
        const attachment = await bed.attach('c1', viaHost);
        expect(attachment.routes, role).to.deep.include({ dst: '10.96.0.0/12', gateway: nic.addresses[0] });
        const would = await expectKept(bed);
        expect(
          would.removed.map(({ reason }) => reason),
          role,
        ).to.deep.equal(['unlisted']);
        expect(
          bed.cloud.nics().map(({ id }) => id),
          role,
        ).to.include(nic.id);
      }
    });

    it("lists the original plugin's once a reboot has ended its use", async () => {
      const bed = await createAttachmentBed({ limits: { gatewayIdleMs: 0 } });
      bed.pod('c1');
      const nic = await plugOriginalGateway(bed);
      await bed.attach('c1', viaHost);
      await bed.clock.sleep(1000);
      expect((await expectKept(bed)).removed.map(({ reason }) => reason)).to.deep.equal(['unlisted']);
      bed.reboot();
      expect((await expectKept(bed)).removed).to.deep.equal([idle(nic.id)]);
    });

    it('lists what a dead command left of one', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const dying = bed.process();
      const dead = new Promise<void>((resolve) => {
        bed.cloud.onCall = (action, phase, args) => {
          if (action !== 'attachNics' || phase !== 'before' || !(args[0] as string[]).includes(gatewayOf(bed) ?? '')) return;
          bed.cloud.onCall = undefined;
          dying.kill();
          resolve();
          return new Promise<never>(() => {});
        };
      });
      void dying.engine.attach(requestOf('c1', viaHost), bed.timing());
      await dead;
      const gateway = gatewayOf(bed);
      const would = await expectKept(bed);
      expect(would.removed).to.deep.include({ ...idle(gateway), reason: 'unfinished' });
    });

    it('lists further ones of a name, and one whose record is lost or torn only when it is idle', async () => {
      for (const text of [undefined, '{"version":1,"kind"']) {
        const bed = await withPods([]);
        if (text !== undefined) bed.hostFolder.write('gateways', `${gatewayId('net-1')}.json`, text, 'durable');
        const [first, second] = ['', ''].map(() => bed.cloud.addNic({ subnetId: 'net-1', name: gatewayName('i-1', 'net-1') }).id);
        const would = await expectKept(bed);
        expect(would.removed).to.deep.equal([{ ...idle(second), reason: 'surplus' }]);
        bed.clock.skip(OLD);
        expect((await expectKept(bed)).removed).to.deep.equal([idle(first)]);
      }
    });

    it('leaves out one whose removal failed lately, and one that another command is at work on', async () => {
      const bed = await withPods(['c1'], viaHost);
      await bed.detach('c1');
      bed.clock.skip(OLD);
      bed.cloud.onCall = (action, phase) => {
        if (action === 'detachNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'no');
      };
      const first = await bed.engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing());
      expect(
        first.failed.map(({ nicId }) => nicId),
        'what a real run could not remove',
      ).to.deep.equal([gatewayOf(bed)]);
      bed.cloud.onCall = undefined;
      expect((await expectKept(bed)).removed).to.deep.equal([]);
      bed.clock.skip(OLD);
      const lock = await bed.hostStore.gateways.tryLock(gatewayId('net-1'));
      expect((await expectKept(bed)).removed).to.deep.equal([]);
      lock?.release();
      expect((await expectKept(bed)).removed).to.have.length(1);
    });
  });

  describe('for pending work', () => {
    it('lists the NIC of a lost answer, and says for how long one may still appear', async () => {
      const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: LATE } } });
      bed.pod('c1');
      loseCreate(bed, 'before', 'hostnic-p');
      await bed.attach('c1').catch(() => {});
      bed.cloud.onCall = undefined;
      const late = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c1')) });
      bed.clock.skip(10_000);
      const would = await expectKept(bed);
      expect(would.removed).to.deep.equal([{ nicId: late.id, key: keyOf('c1'), gatewayOf: undefined, reason: 'unfinished' }]);
      expect(would.failed.map(({ key }) => key)).to.deep.equal([keyOf('c1')]);
      expect(would.failed[0]?.reason).to.match(/may still appear for [1-9][0-9]? s$/);
      bed.clock.skip(LATE);
      const last = await expectKept(bed);
      expect(last).to.deep.equal({ removed: [], records: [{ key: keyOf('c1'), reason: 'empty' }], failed: [], busy: [] });
      expect(bed.files()).to.deep.equal([]);
    });

    it('lists the gateway of a lost answer', async () => {
      const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: LATE } } });
      bed.pod('c1');
      loseCreate(bed, 'before', 'hostnic-g');
      await bed.attach('c1', viaHost).catch(() => {});
      bed.cloud.onCall = undefined;
      await bed.clock.sleep(1000);
      const late = bed.cloud.addNic({ subnetId: 'net-1', name: gatewayName('i-1', 'net-1') });
      bed.clock.skip(LATE);
      const would = await expectKept(bed);
      expect(would.removed).to.deep.include({ ...idle(late.id), reason: 'unfinished' });
    });

    it('lists NICs that a DEL without a cloud knows by hardware address alone', async () => {
      const bed = await createAttachmentBed();
      const nic = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1', instanceId: 'i-1' });
      bed.pod('c1');
      const inside = bed.kernel.namespace(pathOf('c1'));
      bed.kernel.addLink(inside, { name: 'eth0', mac: nic.mac, permanentMac: nic.mac, up: true });
      const offline = bed.process({ provider: async () => Promise.reject(refusal('instanceId', 'ERR_AUTH', 'no')) });
      const request = { key: keyOf('c1'), namespace: { kind: 'path', path: pathOf('c1') }, known: { mac: nic.mac } } as const;
      await offline.engine.detach(request, bed.timing()).catch(() => {});
      expect(bed.files(), 'recorded for later').to.have.length(1);
      const would = await expectKept(bed);
      expect(would.removed).to.deep.equal([{ nicId: nic.id, key: keyOf('c1'), gatewayOf: undefined, reason: 'unfinished' }]);
    });

    it("names records without a NIC of this host's: gone, held by another instance, or written on another", async () => {
      const bed = await withPods(['gone', 'taken']);
      bed.cloud.addInstance('i-2');
      await bed.fabric.addInstance('i-2', { kind: 'own' });
      const [gone = '', taken = ''] = bed.nics().map(({ id }) => id);
      const provider = bed.cloud.provider();
      await provider.detachNics([gone, taken]);
      await bed.cloud.finishJobs();
      bed.cloud.removeNic(gone);
      await provider.attachNics([taken], 'i-2');
      await bed.cloud.finishJobs();
      await bed.fabric.unplug(taken);
      const would = await expectKept(bed);
      expect(would.removed).to.deep.equal([]);
      expect(would.records).to.have.deep.members(['gone', 'taken'].map((name) => ({ key: keyOf(name), reason: 'empty' })));
      const copied = await withPods(['c1']);
      copied.cloud.addInstance('i-2');
      const there = await expectKept(copied, {}, { instanceId: 'i-2' });
      expect([there.removed, there.records]).to.deep.equal([[], [{ key: keyOf('c1'), reason: 'foreign' }]]);
      expect(copied.nics()).to.have.length(1);
    });

    it('lists a NIC of a torn record, and leaves out what another command is at work on', async () => {
      const bed = await withPods(['c1', 'c2', 'c3']);
      const [torn] = bed.nics();
      bed.folder.write('attachments', `${attachmentId(keyOf('c1'))}.json`, '', 'durable');
      bed.clock.skip(OLD);
      const lock = await createMemoryStore({ clock: bed.clock, random: () => 0.5 }, bed.folder).tryLock(attachmentId(keyOf('c2')));
      const would = await expectKept(bed, { valid: [{ containerId: 'c3', ifname: 'eth0' }] });
      expect(would).to.deep.equal({
        removed: [{ nicId: torn?.id, key: undefined, gatewayOf: undefined, reason: 'unrecorded' }],
        records: [],
        failed: [],
        busy: [keyOf('c2')],
      });
      lock?.release();
    });
  });

  it('lists nothing with the settings of another account, and says why', async () => {
    const bed = await withPods(['c1'], viaHost, { limits: { gatewayIdleMs: 0 } });
    const [gateway, nic] = [gatewayOf(bed), bed.nics().find(({ name }) => name === nicName('i-1', keyOf('c1')))?.id];
    const strange = createMemoryCloud({ instanceId: 'i-1', subnets: SUBNETS, clock: bed.clock });
    const provider = strange.provider();
    const would = await expectKept(bed, {}, { provider: async () => ({ ...provider, identity: 'another account' }) });
    expect([would.removed, would.records]).to.deep.equal([[], []]);
    expect(would.failed.map(({ nicId }) => nicId)).to.deep.equal([nic, gateway]);
    for (const { reason } of would.failed) expect(reason).to.include('check account and zone');
  });

  it('lists nothing on a copy of a machine that has its instance id too, and says why', async () => {
    const bed = await withPods(['c1'], viaHost, { limits: { gatewayIdleMs: 0 } });
    const lost = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('lost')), instanceId: 'i-1' });
    const free = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('free')) });
    bed.clock.skip(OLD);
    const [gateway, nic] = [gatewayOf(bed), bed.nics().find(({ name }) => name === nicName('i-1', keyOf('c1')))?.id];
    const copy = await createAttachmentBed();
    copy.kernel.removeLink(copy.kernel.initial.links().find(({ name }) => name === 'eth0') ?? expect.fail('a machine has a card'));
    const would = await expectKept(bed, {}, { bootId: 'boot of the copy', driver: copy.driver });
    expect(would.removed.map(({ nicId }) => nicId)).to.deep.equal([free.id]);
    expect(would.failed.map(({ nicId }) => nicId)).to.have.members([nic, lost.id, gateway]);
    for (const { reason } of would.failed) expect(reason).to.include('is not on this machine');
  });

  it('lists there what an ADD of this boot or a link speaks for', async () => {
    for (const witness of ['an ADD of this boot', 'a link']) {
      const bed = await withPods(['c1']);
      const [nic] = bed.nics();
      const copy = await createAttachmentBed();
      copy.kernel.removeLink(copy.kernel.initial.links().find(({ name }) => name === 'eth0') ?? expect.fail('a machine has a card'));
      if (witness === 'a link')
        copy.kernel.addLink(copy.kernel.initial, { name: 'eth1', mac: nic?.mac ?? '', permanentMac: nic?.mac ?? '' });
      const bootId = witness === 'a link' ? 'boot of the copy' : bed.bootId();
      const would = await expectKept(bed, {}, { bootId, driver: copy.driver }, witness);
      expect(
        would.removed.map(({ nicId }) => nicId),
        witness,
      ).to.deep.equal([nic?.id]);
    }
  });

  it('says what cannot be looked up, and lists nothing then', async () => {
    const bed = await withPods(['c1']);
    const offline = bed.process({ provider: async () => Promise.reject(refusal('instanceId', 'ERR_AUTH', 'no')) });
    const would = await offline.engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'], dryRun: true }, bed.timing());
    expect(would.removed).to.deep.equal([]);
    expect(would.failed).to.have.length(1);
    expect(bed.nics()).to.have.length(1);
  });

  it('says just what is done then, whatever happened before', async () => {
    const random = seededRandom();
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T;
    const listed = new Map<string, number>();
    for (let round = 0; round < 40; round++) {
      const bed = await createAttachmentBed({
        cloud: { features: { lateEffectMs: pick([0, LATE]) } },
        limits: { gatewayIdleMs: pick([0, 600_000]) },
        primarySubnet: pick(['net-host', 'net-host', 'net-1']),
      });
      const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
      const done: string[] = [];
      for (let i = 0; i < 12; i++) {
        const name = pick(names);
        const what = pick([
          'add',
          'add',
          'via host',
          'via host',
          'del',
          'lose',
          'die',
          'gone',
          'orphan',
          'unrecord',
          'wait',
          'reboot',
        ] as const);
        done.push(`${what} ${name}`);
        if (!['gone', 'wait'].includes(what)) tryPod(bed, name);
        const patch = what === 'add' ? {} : viaHost;
        if (what === 'add' || what === 'via host') await bed.attach(name, patch).catch(() => {});
        else if (what === 'del') await bed.detach(name).catch(() => {});
        else if (what === 'lose') {
          loseCreate(bed, pick(['before', 'after']), pick(['hostnic-p', 'hostnic-g', 'hostnic']));
          await bed.attach(name, patch).catch(() => {});
          bed.cloud.onCall = undefined;
        } else if (what === 'die') await die(bed, name, Math.floor(random.next() * 12));
        else if (what === 'gone') bed.kernel.removeNamespace(pathOf(name));
        else if (what === 'orphan') bed.cloud.addNic({ subnetId: pick(['net-1', 'net-2']), name: nicName('i-1', keyOf(name)) });
        else if (what === 'unrecord') {
          const id = attachmentId(keyOf(name));
          for (const file of [`${id}.json`, `${id}.quick.json`]) bed.folder.remove('attachments', file, 'quick');
        } else if (what === 'reboot') bed.cutPower();
        else bed.clock.skip(pick([1000, 61_000, OLD]));
        await bed.clock.sleep(1000);
      }
      const kept = names.filter(() => random.next() < 0.5).map((containerId) => ({ containerId, ifname: 'eth0' }));
      const valid = pick([kept, kept, 'living'] as const);
      const would = await expectKept(bed, { valid }, {}, `${random.label}, round ${round}: ${done.join(', ')}`);
      for (const { reason } of [...would.removed, ...would.records]) listed.set(reason, (listed.get(reason) ?? 0) + 1);
    }
    expect([...listed.keys()], `${random.label}: what was met`).to.include.members(['unlisted', 'unfinished']);
  });
});

function tryPod(bed: AttachmentBed, name: string): void {
  try {
    bed.pod(name);
  } catch {
    // It is there already.
  }
}

/** An ADD through this host dies at its n-th call of the cloud's. */
async function die(bed: AttachmentBed, name: string, at: number): Promise<void> {
  const dying = bed.process();
  let calls = 0;
  const dead = new Promise<void>((resolve) => {
    bed.cloud.onCall = () => {
      if (calls++ !== at) return undefined;
      dying.kill();
      resolve();
      return new Promise<never>(() => {});
    };
  });
  const ended = dying.engine.attach(requestOf(name, viaHost), bed.timing()).catch(() => {});
  await Promise.race([dead, ended]);
  bed.cloud.onCall = undefined;
}
