import { expect } from 'chai';
import type { CollectReport } from '../../../lib/attachment/index.js';
import { attachmentId, gatewayId, gatewayName, nicName } from '../../../lib/attachment/names.js';
import { NetlinkError } from '../../../lib/errors.js';
import { createMemoryFolder } from '../../../lib/folder/index.js';
import { refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';

const OLD = 700_000;

function collect(bed: AttachmentBed, valid: readonly string[], dryRun = false): Promise<CollectReport> {
  const request = {
    network: 'pods',
    valid: valid.map((containerId) => ({ containerId, ifname: 'eth0' })),
    subnetIds: ['net-1', 'net-2'],
    dryRun,
  };
  return bed.engine.collect(request, bed.timing());
}

async function withPods(...names: readonly string[]): Promise<AttachmentBed> {
  const bed = await createAttachmentBed();
  for (const name of names) {
    bed.pod(name);
    await bed.attach(name);
  }
  await bed.clock.sleep(1000);
  return bed;
}

describe('collect()', () => {
  it('removes complete attachments that are not valid at once, and only those', async () => {
    const bed = await withPods('c1', 'c2', 'c3');
    const [first, second, third] = bed.nics().map((nic) => nic.id);
    const report = await collect(bed, ['c2']);
    expect(report).to.deep.equal({
      removed: [
        { nicId: first, key: keyOf('c1'), gatewayOf: undefined, reason: 'unlisted' },
        { nicId: third, key: keyOf('c3'), gatewayOf: undefined, reason: 'unlisted' },
      ],
      records: [],
      failed: [],
      busy: [],
    });
    expect(bed.nics().map((nic) => nic.id)).to.deep.equal([second]);
  });

  it('removes all for an empty list', async () => {
    const bed = await withPods('c1', 'c2');
    await collect(bed, []);
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
  });

  it('keeps what lives where nobody has a list', async () => {
    const bed = await withPods('lives', 'gone', 'taken');
    bed.kernel.removeNamespace(pathOf('gone'));
    bed.kernel.removeNamespace(pathOf('taken'));
    bed.pod('taken');
    const [alive, gone, taken] = bed.nics().map(({ id }) => id);
    // Their records are lost: one is free, one is on the host, one is in a container.
    const free = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('free')) });
    const back = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('back')), instanceId: 'i-1' });
    bed.kernel.addLink(bed.kernel.initial, { name: 'eth9', mac: back.mac, permanentMac: back.mac });
    const inside = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('inside')), instanceId: 'i-1' });
    bed.clock.skip(OLD);
    const request = { network: 'pods', valid: 'living', subnetIds: ['net-1', 'net-2'] } as const;
    const would = await bed.engine.collect({ ...request, dryRun: true }, bed.timing());
    expect(would.removed.map(({ nicId }) => nicId)).to.have.members([gone, taken, free.id, back.id]);
    await bed.engine.collect(request, bed.timing());
    expect(bed.nics().map(({ id }) => id)).to.have.members([alive, inside.id]);
  });

  for (const [refused, where] of [
    ['link.list', 'in its namespace'],
    ['namespace.open', 'before its namespace is open'],
  ] as const) {
    it(`keeps what may live where nobody has a list and the kernel does not say, ${where}`, async () => {
      const bed = await withPods('c1', 'gone');
      bed.kernel.removeNamespace(pathOf('gone'));
      const [alive] = bed.nics();
      bed.kernel.onOperation = ({ kind, namespace, op }) => {
        if (kind === refused && namespace === pathOf('c1')) throw new NetlinkError({ op, errno: 'ENOMEM' });
      };
      const request = { network: 'pods', valid: 'living', subnetIds: ['net-1', 'net-2'] } as const;
      const would = await bed.engine.collect({ ...request, dryRun: true }, bed.timing());
      const report = await bed.engine.collect(request, bed.timing());
      expect(would, 'the dry run').to.deep.equal(report);
      expect(report.failed.map(({ nicId, key, reason }) => [nicId, key?.containerId, reason.includes('ENOMEM')])).to.deep.equal([
        [alive?.id, 'c1', true],
      ]);
      expect(bed.nics()).to.deep.equal([alive]);
    });
  }

  it('only says what it would do on a dry run', async () => {
    const bed = await withPods('c1');
    const orphan = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('lost')) });
    bed.clock.skip(OLD);
    const before = [bed.nics(), bed.files(), bed.kernel.initial.snapshot()];
    const report = await collect(bed, [], true);
    expect(report.removed).to.have.deep.members([
      { nicId: bed.nics()[0]?.id, key: keyOf('c1'), gatewayOf: undefined, reason: 'unlisted' },
      { nicId: orphan.id, key: undefined, gatewayOf: undefined, reason: 'unrecorded' },
    ]);
    expect([bed.nics(), bed.files(), bed.kernel.initial.snapshot()]).to.deep.equal(before);
  });

  it('leaves other networks alone, in the same folder and in another', async () => {
    const second = createMemoryFolder('/var/lib/cni/second');
    const bed = await createAttachmentBed({ folders: [second] });
    for (const name of ['c1', 'c2', 'c3']) bed.pod(name);
    await bed.attach('c1');
    await bed.attach('c2', { key: { ...keyOf('c2'), network: 'others' } });
    await bed.process({ folder: second }).engine.attach(requestOf('c3'), bed.timing());
    await bed.clock.sleep(1000);
    bed.clock.skip(OLD);
    const [, other, sameNetwork] = bed.nics().map((nic) => nic.id);
    await collect(bed, []);
    expect(bed.nics().map((nic) => nic.id)).to.deep.equal([other, sameNetwork]);
  });

  it('leaves other instances alone', async () => {
    const bed = await withPods();
    bed.cloud.addInstance('i-2');
    const theirs = [
      bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-2', keyOf('c1')) }),
      bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-2', keyOf('c2')), instanceId: 'i-2' }),
      bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c3')), instanceId: 'i-2' }),
    ];
    bed.clock.skip(OLD);
    await collect(bed, []);
    expect(bed.nics()).to.have.length(theirs.length);
  });

  it("leaves the host's, the original's and foreign NICs alone", async () => {
    const bed = await withPods();
    for (const name of ['', 'mine', 'hostnic_i-1', 'hostnic-', gatewayName('i-2', 'net-1')]) {
      bed.cloud.addNic({ subnetId: 'net-1', name, instanceId: 'i-1' });
      bed.cloud.addNic({ subnetId: 'net-1', name });
    }
    const before = bed.cloud.nics();
    bed.clock.skip(OLD);
    await collect(bed, []);
    expect(bed.cloud.nics()).to.deep.equal(before);
  });

  it('removes NICs without a record only when they are old, in either state', async () => {
    const bed = await withPods();
    bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c1')) });
    bed.cloud.addNic({ subnetId: 'net-2', name: nicName('i-1', keyOf('c2')), instanceId: 'i-1' });
    const valid = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c3')) });
    await collect(bed, ['c3']);
    expect(bed.nics()).to.have.length(3);
    bed.clock.skip(OLD);
    const young = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c4')) });
    await collect(bed, ['c3']);
    expect(bed.nics().map((nic) => nic.id)).to.deep.equal([valid.id, young.id]);
  });

  it('reads a NIC again before it deletes it', async () => {
    const bed = await withPods();
    const nic = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c1')) });
    bed.cloud.addInstance('i-2');
    await bed.fabric.addInstance('i-2', { kind: 'own' });
    bed.clock.skip(OLD);
    bed.cloud.onCall = async (action, phase, args) => {
      const { ids } = args[0] as { ids?: readonly string[] };
      if (action !== 'listNics' || phase !== 'before' || ids === undefined) return;
      bed.cloud.onCall = undefined;
      await bed.cloud.provider().attachNics([nic.id], 'i-2');
      await bed.cloud.finishJobs();
    };
    const report = await collect(bed, []);
    expect(report).to.deep.equal({ removed: [], records: [], failed: [], busy: [] });
    expect(bed.nics()[0]).to.deep.include({ id: nic.id, instanceId: 'i-2' });
  });

  it('takes unfinished attachments too, valid or not', async () => {
    const bed = await withPods('c1');
    bed.cloud.onCall = (action, phase) => {
      if (action === 'detachNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'no');
    };
    await bed.detach('c1').catch(() => {});
    bed.cloud.onCall = undefined;
    await collect(bed, ['c1']);
    expect(bed.nics()).to.deep.equal([]);
  });

  it('reads a record again under its lock: an ADD may have finished it since the list was read', async () => {
    const bed = await withPods('c1');
    const id = attachmentId(keyOf('c1'));
    const whole = bed.folder.read('attachments', `${id}.json`) ?? '';
    bed.folder.write('attachments', `${id}.json`, JSON.stringify({ ...JSON.parse(whole), revision: 99, state: 'adding' }), 'durable');
    const finishing = {
      ...bed.folder,
      tryLock(name: string) {
        bed.folder.write('attachments', `${id}.json`, JSON.stringify({ ...JSON.parse(whole), revision: 100 }), 'durable');
        return bed.folder.tryLock(name);
      },
    };
    const { engine } = bed.process({ folder: finishing });
    const valid = [{ containerId: 'c1', ifname: 'eth0' }];
    await engine.collect({ network: 'pods', valid, subnetIds: ['net-1'] }, bed.timing());
    expect(bed.nics()).to.have.length(1);
  });

  it('skips attachments that another command holds', async () => {
    const bed = await createAttachmentBed({ cloud: { jobMs: 5000, linkMs: 4000 } });
    bed.pod('c1');
    const adding = bed.attach('c1');
    await bed.clock.sleep(1000);
    const report = await bed.process().engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing());
    expect(report).to.deep.equal({ removed: [], records: [], failed: [], busy: [keyOf('c1')] });
    await adding;
    expect(bed.nics()).to.have.length(1);
  });

  it('keeps an attachment whose ADD comes to its end meanwhile: the list is older', async () => {
    const bed = await withPods('gone');
    bed.pod('comes');
    const adding = bed.attach('comes');
    await bed.clock.sleep(100);
    const [gone] = bed.nics();
    // What is busy is looked at again when the others are done, and by then that ADD has answered.
    const report = await bed.process().engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing());
    const { nicId } = await adding;
    expect(report).to.deep.equal({
      removed: [{ nicId: gone?.id, key: keyOf('gone'), gatewayOf: undefined, reason: 'unlisted' }],
      records: [],
      failed: [],
      busy: [],
    });
    expect(bed.nics().map(({ id }) => id)).to.deep.equal([nicId]);
  });

  it('goes on after a failure and reports it', async () => {
    const bed = await withPods('c1', 'c2');
    const [stubborn] = bed.nics();
    bed.cloud.onCall = (action, phase, args) => {
      const ids = args[0] as readonly string[];
      if (action === 'detachNics' && phase === 'before' && ids.includes(stubborn?.id ?? '')) throw refusal(action, 'ERR_REQUEST', 'no');
    };
    const report = await collect(bed, []);
    expect(report.removed).to.have.length(1);
    expect(report.failed.map(({ nicId, key }) => ({ nicId, key }))).to.deep.equal([{ nicId: stubborn?.id, key: keyOf('c1') }]);
    expect(bed.nics().map((nic) => nic.id)).to.deep.equal([stubborn?.id]);
  });

  it('takes what it can although NICs will not detach, those without a record and gateways included', async () => {
    const bed = await withPods('c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6');
    bed.cloud.addNic({ subnetId: 'net-1', name: gatewayName('i-1', 'net-1') });
    bed.clock.skip(OLD);
    await collect(bed, ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
    const lost = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('lost')) });
    bed.clock.skip(OLD);
    const [stubborn = ''] = bed.nics().map((nic) => nic.id);
    // No call that names it is ever answered.
    bed.cloud.onCall = (action, phase, args) => {
      if (action === 'detachNics' && phase === 'before' && (args[0] as string[]).includes(stubborn)) return new Promise<never>(() => {});
    };
    const run = (): Promise<CollectReport> => bed.engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing(8000));
    const report = await run();
    expect(report.failed.map(({ nicId }) => nicId)).to.deep.equal([stubborn]);
    expect(report.removed.map(({ nicId }) => nicId)).to.include(lost.id);
    expect(bed.nics().map((nic) => nic.id)).to.deep.equal([stubborn]);
    expect(bed.files().filter((file) => file.startsWith('gateways/'))).to.deep.equal([]);
  });

  it('takes the others in the same run, however many will not detach', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `c${i}`);
    const bed = await withPods(...names);
    const stubborn = bed
      .nics()
      .slice(0, 20)
      .map((nic) => nic.id);
    bed.cloud.onCall = (action, phase, args) => {
      if (action === 'detachNics' && phase === 'before' && stubborn.some((id) => (args[0] as string[]).includes(id)))
        return new Promise<never>(() => {});
    };
    const run = (): Promise<CollectReport> => bed.engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing(55_000));
    const { removed, failed } = await run();
    expect(bed.nics().map((nic) => nic.id)).to.deep.equal(stubborn);
    expect(removed).to.have.length(10);
    expect(failed.map(({ nicId }) => nicId)).to.have.members(stubborn);
  });

  it('collects NICs without a record beside one that will not detach, and sees to gateways after it', async () => {
    const bed = await withPods();
    const stubborn = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('lost-0')), instanceId: 'i-1' });
    for (const name of ['lost-1', 'lost-2']) bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf(name)) });
    bed.cloud.addNic({ subnetId: 'net-1', name: gatewayName('i-1', 'net-1') });
    bed.clock.skip(OLD);
    bed.cloud.onCall = (action, phase) => (action === 'detachNics' && phase === 'before' ? new Promise<never>(() => {}) : undefined);
    const run = (): Promise<CollectReport> => bed.engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing(8000));
    const report = await run();
    expect(report.failed.map(({ nicId }) => nicId)).to.deep.equal([stubborn.id]);
    bed.clock.skip(OLD);
    await run();
    expect(bed.nics().map((nic) => nic.id)).to.deep.equal([stubborn.id]);
  });

  it('takes attachments that share a lock', async () => {
    const bed = await withPods('c1', 'c2', 'c3');
    const shared = { ...bed.folder, tryLock: () => bed.folder.tryLock('the-only-one') };
    const { engine } = bed.process({ folder: shared });
    const report = await engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing());
    expect(report.removed).to.have.length(3);
    expect(report).to.deep.include({ failed: [], busy: [] });
    expect(bed.nics()).to.deep.equal([]);
  });

  it('finds the NIC of a torn record by its name', async () => {
    const bed = await withPods('c1');
    const id = attachmentId(keyOf('c1'));
    bed.folder.write('attachments', `${id}.json`, '', 'durable');
    bed.folder.remove('attachments', `${id}.quick.json`, 'quick');
    bed.kernel.removeNamespace(pathOf('c1'));
    bed.clock.skip(OLD);
    await collect(bed, ['c1']);
    expect(bed.nics(), 'still valid').to.have.length(1);
    await collect(bed, []);
    expect(bed.nics()).to.deep.equal([]);
  });

  for (const [name, text] of [
    ['lost', undefined],
    ['torn', '{"version":1,"kind"'],
  ] as const) {
    it(`records gateways again whose records are ${name}, and removes them only when idle`, async () => {
      const bed = await withPods();
      const id = gatewayId('net-1');
      if (text !== undefined) bed.hostFolder.write('gateways', `${id}.json`, text, 'durable');
      bed.cloud.addNic({ subnetId: 'net-1', name: gatewayName('i-1', 'net-1') });
      bed.clock.skip(OLD);
      await collect(bed, []);
      expect(bed.nics()).to.have.length(1);
      bed.clock.skip(OLD);
      await collect(bed, []);
      expect(bed.nics()).to.deep.equal([]);
      expect(bed.files()).to.deep.equal([]);
      expect(bed.hostFolder.list('aside')).to.deep.equal(text === undefined ? [] : [`${id}.json`]);
    });
  }
});
