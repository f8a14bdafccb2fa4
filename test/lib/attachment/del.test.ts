import { expect } from 'chai';
import { createMemoryStore, type DetachRequest } from '../../../lib/attachment/index.js';
import { attachmentId, nicName } from '../../../lib/attachment/names.js';
import { NetlinkError, NicError } from '../../../lib/errors.js';
import { lostAnswer, refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf } from '../../support/attachment-bed.js';
import { changeProvider, forgetsJobs } from '../../support/change-provider.js';
import { rejection } from '../../support/rejection.js';

async function withPod(options: Parameters<typeof createAttachmentBed>[0] = {}): Promise<AttachmentBed> {
  const bed = await createAttachmentBed(options);
  bed.pod('c1');
  await bed.attach('c1');
  await bed.clock.sleep(1000);
  return bed;
}

function detach(bed: AttachmentBed, patch: Partial<DetachRequest> = {}): Promise<void> {
  return bed.engine.detach({ key: keyOf('c1'), subnetIds: ['net-1', 'net-2'], ...patch }, bed.timing());
}

function loseRecords(bed: AttachmentBed): void {
  for (const name of bed.folder.list('attachments')) bed.folder.remove('attachments', name, 'quick');
}

function expectGone(bed: AttachmentBed): void {
  expect(bed.nics()).to.deep.equal([]);
  expect(bed.files()).to.deep.equal([]);
}

const podPath = { kind: 'path', path: pathOf('c1') } as const;

describe('detach()', () => {
  it('takes the NIC back, in three calls beside polling', async () => {
    const bed = await withPod();
    const before = bed.cloud.calls().length;
    await detach(bed, { namespace: podPath });
    expectGone(bed);
    const made = bed.cloud
      .calls()
      .slice(before)
      .map((call) => call.action);
    expect(made.filter((action) => action !== 'describeJobs')).to.deep.equal(['detachNics', 'deleteNics']);
  });

  for (const refused of ['sysctl.write', 'sysctl.read']) {
    it(`leaves the container's settings as they were before although the kernel refuses a ${refused} once`, async () => {
      const bed = await withPod();
      const sysctls = ['ipv4/conf/all/accept_redirects', 'ipv6/conf/all/accept_redirects'];
      const pod = bed.kernel.namespace(pathOf('c1'));
      expect(sysctls.map((name) => pod.readSysctl(name))).to.deep.equal(['0', '0']);
      const refuse = new Set([refused]);
      bed.kernel.onOperation = ({ kind, op }) => {
        if (refuse.delete(kind)) throw new NetlinkError({ op, errno: 'ENOMEM' });
      };
      await detach(bed, { namespace: podPath });
      expect([...refuse]).to.deep.equal([]);
      expect(sysctls.map((name) => pod.readSysctl(name))).to.deep.equal(['1', '1']);
      expectGone(bed);
    });
  }

  it('takes the link out of use first', async () => {
    const bed = await withPod();
    const mac = bed.nics()[0]?.mac ?? '';
    bed.cloud.onCall = (action, phase) => {
      if (action !== 'detachNics' || phase !== 'before') return;
      expect(bed.kernel.findByMac(mac)?.link.up).to.equal(false);
      expect(
        bed.kernel
          .namespace(pathOf('c1'))
          .snapshot()
          .addresses.filter((entry) => entry.address.startsWith('192.')),
      ).to.deep.equal([]);
    };
    await detach(bed, { namespace: podPath });
    expectGone(bed);
  });

  describe('succeeds', () => {
    it('with an empty namespace, finding it by the record', async () => {
      const bed = await withPod();
      await detach(bed);
      expectGone(bed);
    });

    it('with a namespace that is gone', async () => {
      const bed = await withPod();
      bed.kernel.removeNamespace(pathOf('c1'));
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });

    it('with a path that is no namespace', async () => {
      const bed = await withPod();
      await detach(bed, { namespace: { kind: 'path', path: '/etc/passwd' } });
      expectGone(bed);
    });

    it("with the host's own namespace, which is taken as none", async () => {
      const bed = await withPod();
      await detach(bed, { namespace: { kind: 'own' } });
      expectGone(bed);
      expect(bed.kernel.initial.links().find((link) => link.name === 'eth0')?.up).to.equal(true);
    });

    it('when the NIC is detached already', async () => {
      const bed = await withPod();
      await bed.cloud.provider().detachNics([bed.nics()[0]?.id ?? '']);
      await bed.clock.sleep(1000);
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });

    it('when the NIC is gone already', async () => {
      const bed = await withPod();
      const [nic] = bed.nics();
      bed.cloud.removeNic(nic?.id ?? '');
      await bed.fabric.unplug(nic?.id ?? '');
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });

    it('when the NIC is being detached by somebody else', async () => {
      const bed = await withPod();
      await bed.cloud.provider().detachNics([bed.nics()[0]?.id ?? '']);
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });

    it('right after ADD, while the attach job is still under way', async () => {
      const bed = await createAttachmentBed({ cloud: { linkMs: 100, jobMs: 5000 } });
      bed.pod('c1');
      await bed.attach('c1');
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });

    it('twice, and without anything ever attached', async () => {
      const bed = await withPod();
      await detach(bed, { namespace: podPath });
      await detach(bed, { namespace: podPath });
      await bed.detach('nobody');
      expectGone(bed);
    });

    it('when answers to its calls are lost', async () => {
      for (const lost of ['detachNics', 'deleteNics', 'describeJobs'] as const) {
        for (const phase of ['before', 'after'] as const) {
          const bed = await withPod();
          let times = 1;
          bed.cloud.onCall = (action, now) => {
            if (action === lost && now === phase && times-- > 0) throw lostAnswer(action);
          };
          await detach(bed, { namespace: podPath });
          expectGone(bed);
        }
      }
    });

    it('when the cloud knows nothing of the detach job', async () => {
      const bed = await withPod({ cloud: { jobMs: 5000 } });
      changeProvider(bed.cloud, forgetsJobs);
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });

    it('in the end when a detach job fails', async () => {
      const bed = await withPod();
      bed.cloud.failJobs(1, 'the guest does not let go');
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });
  });

  describe('leaves a record and says so', () => {
    const broken = (): Promise<never> => Promise.reject(new NicError('ERR_CONFIG', '/etc/client.yaml: no such file or directory'));

    it('when the provider cannot be had, with the container cleaned up', async () => {
      const bed = await withPod();
      const mac = bed.nics()[0]?.mac ?? '';
      const { engine } = bed.process({ provider: broken });
      const error = await rejection(engine.detach({ key: keyOf('c1'), namespace: podPath }, bed.timing()), 'ERR_PENDING');
      expect(error.message).not.to.match(/not found|no such file/i);
      expect(bed.kernel.findByMac(mac)?.link.up).to.equal(false);
      bed.clock.skip(61_000);
      await bed.detach('somebody else');
      expectGone(bed);
    });

    it('when the cloud cannot be reached', async () => {
      const bed = await withPod();
      bed.cloud.onCall = (action, phase) => {
        if (phase === 'before') throw refusal(action, 'ERR_TRANSPORT', 'connection refused');
      };
      const { deadline } = bed.timing();
      await rejection(detach(bed, { namespace: podPath }), 'ERR_PENDING');
      expect(bed.clock.now()).to.be.at.most(deadline);
      bed.cloud.onCall = undefined;
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });

    it('when nothing is recorded and the provider cannot be had', async () => {
      const bed = await createAttachmentBed();
      const { engine } = bed.process({ provider: broken });
      await rejection(engine.detach({ key: keyOf('c1'), subnetIds: ['net-1'] }, bed.timing()), 'ERR_PENDING');
      bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c1')) });
      bed.clock.skip(61_000);
      await bed.detach('somebody else');
      expectGone(bed);
    });

    it('when the detach job fails again and again', async () => {
      const bed = await withPod();
      bed.cloud.failJobs(3, 'the guest does not let go');
      const error = await rejection(detach(bed, { namespace: podPath }), 'ERR_PENDING');
      expect(error.message).to.match(/does not let go/);
    });
  });

  describe('without a record', () => {
    it('finds the NIC by its name', async () => {
      const bed = await withPod();
      loseRecords(bed);
      await detach(bed);
      expectGone(bed);
    });

    it('finds a free NIC by its name in the subnets of the configuration', async () => {
      const bed = await createAttachmentBed();
      bed.cloud.addNic({ subnetId: 'net-2', name: nicName('i-1', keyOf('c1')) });
      await detach(bed);
      expectGone(bed);
    });

    it('deletes all NICs of the name', async () => {
      const bed = await createAttachmentBed();
      for (const subnetId of ['net-1', 'net-2']) bed.cloud.addNic({ subnetId, name: nicName('i-1', keyOf('c1')) });
      await detach(bed);
      expectGone(bed);
    });

    it('finds the NIC when the record is torn', async () => {
      const bed = await withPod();
      bed.folder.write('attachments', `${attachmentId(keyOf('c1'))}.json`, '{"version":1,"key', 'durable');
      bed.folder.remove('attachments', `${attachmentId(keyOf('c1'))}.quick.json`, 'quick');
      await detach(bed, { namespace: podPath });
      expect(bed.nics()).to.deep.equal([]);
      // What could not be read is kept for a person to look at.
      expect(bed.files()).to.deep.equal([`aside/${attachmentId(keyOf('c1'))}.json`]);
    });

    it('does not act on a record of a newer version', async () => {
      const bed = await withPod();
      bed.folder.write('attachments', `${attachmentId(keyOf('c1'))}.json`, '{"version":2}', 'durable');
      await rejection(detach(bed, { namespace: podPath }), 'ERR_JOURNAL');
      expect(bed.nics()).to.have.length(1);
    });
  });

  describe('after the original plugin', () => {
    const originalNic = (bed: AttachmentBed, containerId: string): { readonly id: string; readonly mac: string } => {
      const nic = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1', instanceId: 'i-1' });
      const file = {
        id: nic.id,
        vxNet: { id: 'net-1', gateWay: '192.168.100.1', network: '192.168.100.0/24' },
        hardwareAddr: nic.mac,
        address: nic.addresses[0],
      };
      bed.originals.write('', containerId, JSON.stringify(file), 'quick');
      bed.pod(containerId);
      bed.kernel.addLink(bed.kernel.namespace(pathOf(containerId)), { name: 'eth0', mac: nic.mac, permanentMac: nic.mac, up: true });
      return nic;
    };

    it('finds the NIC by its file and removes both', async () => {
      const bed = await createAttachmentBed();
      originalNic(bed, 'c1');
      const other = originalNic(bed, 'c2');
      await detach(bed, { namespace: podPath });
      expect(bed.nics().map((nic) => nic.id)).to.deep.equal([other.id]);
      expect(bed.originals.list('')).to.deep.equal(['c2']);
      // The other one has come into the journal.
      const id = attachmentId({ network: 'original plugin', containerId: 'c2', ifname: other.id });
      expect(bed.files()).to.deep.equal([`attachments/${id}.json`]);
    });

    it('leaves the file until the NIC is gone', async () => {
      const bed = await createAttachmentBed();
      originalNic(bed, 'c1');
      bed.cloud.onCall = (action, phase) => {
        if (action === 'detachNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'who are you');
      };
      await rejection(detach(bed, { namespace: podPath }), 'ERR_PENDING');
      expect(bed.originals.list('')).to.deep.equal(['c1']);
      bed.cloud.onCall = undefined;
      await detach(bed, { namespace: podPath });
      expect(bed.originals.list('')).to.deep.equal([]);
      expectGone(bed);
    });

    it('finds the NIC by the link when the file is gone', async () => {
      const bed = await createAttachmentBed();
      originalNic(bed, 'c1');
      bed.originals.remove('', 'c1', 'quick');
      await detach(bed, { namespace: podPath });
      expectGone(bed);
    });

    it('does not take the file for another interface of the container', async () => {
      const bed = await createAttachmentBed();
      const nic = originalNic(bed, 'c1');
      await detach(bed, { key: { ...keyOf('c1'), ifname: 'net1' }, namespace: podPath });
      expect(bed.nics().map(({ id }) => id)).to.deep.equal([nic.id]);
      expect(bed.originals.list('')).to.deep.equal(['c1']);
    });

    it("leaves another container's running eth0 alone, whatever an earlier result says", async () => {
      const bed = await createAttachmentBed();
      const nic = originalNic(bed, 'c2');
      await detach(bed, { namespace: { kind: 'path', path: pathOf('c2') }, known: { mac: nic.mac } });
      expect(bed.kernel.findByMac(nic.mac)?.link.up).to.equal(true);
      expect(bed.nics().map(({ id }) => id)).to.deep.equal([nic.id]);
      expect(bed.originals.list('')).to.deep.equal(['c2']);
    });

    it('reads no file outside its folder', async () => {
      const bed = await createAttachmentBed();
      const nic = bed.cloud.addNic({ subnetId: 'net-1', name: 'other', instanceId: 'i-1' });
      bed.originals.write('', '../c1', JSON.stringify({ id: nic.id, vxNet: null, hardwareAddr: nic.mac, address: '' }), 'quick');
      await detach(bed, { key: { ...keyOf('../c1') } });
      expect(bed.nics()).to.have.length(1);
    });
  });

  describe('touches nothing that is not its own', () => {
    it("another pod's eth0 behind the path", async () => {
      const bed = await withPod();
      bed.kernel.nameNamespace('/proc/77/ns/net', bed.kernel.namespace(pathOf('c1')));
      await bed.engine.detach(
        { key: keyOf('c2'), namespace: { kind: 'path', path: '/proc/77/ns/net' }, subnetIds: ['net-1'] },
        bed.timing(),
      );
      expect(bed.nics()).to.have.length(1);
      expect(bed.kernel.findByMac(bed.nics()[0]?.mac ?? '')?.link.up).to.equal(true);
    });

    it("another pod's eth0, though an earlier result names its address", async () => {
      const bed = await withPod();
      const [nic] = bed.nics();
      await bed.engine.detach({ key: keyOf('c2'), known: { mac: nic?.mac ?? '' }, subnetIds: ['net-1'] }, bed.timing());
      expect(bed.nics()).to.have.length(1);
    });

    it("another pod's running eth0, though its namespace and an earlier result name it", async () => {
      const bed = await withPod();
      const mac = bed.nics()[0]?.mac ?? '';
      const before = bed.kernel.findByMac(mac);
      expect(before?.link.up).to.equal(true);
      for (const key of [keyOf('c2'), { ...keyOf('c1'), network: 'another' }]) {
        await bed.engine.detach({ key, namespace: podPath, known: { mac }, subnetIds: ['net-1'] }, bed.timing());
      }
      const after = bed.kernel.findByMac(mac);
      expect(after?.link.up).to.equal(true);
      await bed.engine.check({ key: keyOf('c1'), namespace: podPath }, bed.timing());
    });

    it("an interface of another plugin's", async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const veth = bed.kernel.addLink(bed.kernel.namespace(pathOf('c1')), {
        name: 'eth0',
        mac: 'aa:bb:cc:00:00:01',
        kind: 'veth',
        up: true,
      });
      await detach(bed, { namespace: podPath });
      expect(veth.up).to.equal(true);
    });

    it('the primary NIC, even when a record names it', async () => {
      const bed = await withPod();
      const id = attachmentId(keyOf('c1'));
      const file = ['quick.json', 'json'].map((end) => `${id}.${end}`).find((name) => bed.folder.list('attachments').includes(name)) ?? '';
      const record = JSON.parse(bed.folder.read('attachments', file) ?? '') as { nics: { id: string; mac: string }[]; revision: number };
      const forged = record.nics.map((nic) => ({ ...nic, id: bed.primary.id }));
      bed.folder.write('attachments', `${id}.json`, JSON.stringify({ ...record, revision: record.revision + 1, nics: forged }), 'durable');
      await detach(bed);
      expect(bed.cloud.nics().map((nic) => nic.id)).to.include(bed.primary.id);
    });

    it('a NIC that another instance holds now', async () => {
      const bed = await withPod();
      const [nic] = bed.nics();
      const provider = bed.cloud.provider();
      bed.cloud.addInstance('i-2');
      await bed.fabric.addInstance('i-2', { kind: 'own' });
      await provider.detachNics([nic?.id ?? '']);
      await bed.clock.sleep(1000);
      await provider.attachNics([nic?.id ?? ''], 'i-2');
      await bed.clock.sleep(1000);
      const link = bed.fabric.links.get(nic?.id ?? '');
      if (link !== undefined) bed.kernel.removeLink(link);
      await detach(bed, { namespace: podPath });
      expect(bed.nics()[0]).to.deep.include({ id: nic?.id, instanceId: 'i-2' });
      expect(bed.files()).to.deep.equal([]);
    });

    it('records of another instance: a copied machine', async () => {
      const bed = await withPod();
      const [nic] = bed.nics();
      bed.cloud.addInstance('i-2');
      const copy = bed.process({ instanceId: 'i-2' });
      await copy.engine.detach({ key: keyOf('c1'), subnetIds: ['net-1'] }, bed.timing());
      expect(bed.nics().map(({ id }) => id)).to.deep.equal([nic?.id]);
      const id = attachmentId(keyOf('c1'));
      expect([...bed.files()].sort()).to.deep.equal([`aside/${id}.json`, `aside/${id}.quick.json`]);
    });

    it("the original plugin's NIC of another container, though its name says nothing of that", async () => {
      const bed = await createAttachmentBed();
      const nic = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1', instanceId: 'i-1' });
      bed.originals.write('', 'c9', JSON.stringify({ id: nic.id, vxNet: null, hardwareAddr: nic.mac, address: '' }), 'quick');
      bed.pod('c1');
      const link = bed.kernel.addLink(bed.kernel.namespace(pathOf('c1')), { name: 'eth0', mac: nic.mac, up: true });
      await detach(bed, { namespace: podPath });
      expect(bed.nics()).to.have.length(1);
      expect(link.up).to.equal(true);
    });

    it('a NIC that somebody made for purposes of his own, though it is eth0 in the container', async () => {
      const bed = await createAttachmentBed();
      const nic = bed.cloud.addNic({ subnetId: 'net-1', name: 'database', instanceId: 'i-1' });
      bed.pod('c1');
      const link = bed.kernel.addLink(bed.kernel.namespace(pathOf('c1')), { name: 'eth0', mac: nic.mac, up: true });
      await detach(bed, { namespace: podPath, known: { mac: nic.mac } });
      await detach(bed, { namespace: podPath });
      expect(bed.nics()).to.have.length(1);
      expect(link.name).to.equal('eth0');
    });

    it("the original plugin's gateway on the host, when the host's own namespace is named", async () => {
      const bed = await createAttachmentBed();
      const nic = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1', instanceId: 'i-1' });
      const link = bed.kernel.addLink(bed.kernel.initial, { name: 'eth1', mac: nic.mac, up: true });
      await detach(bed, { key: { ...keyOf('c1'), ifname: 'eth1' }, namespace: { kind: 'own' } });
      bed.kernel.nameNamespace('/proc/1/ns/net', bed.kernel.initial);
      await detach(bed, { key: { ...keyOf('c1'), ifname: 'eth1' }, namespace: { kind: 'path', path: '/proc/1/ns/net' } });
      expect(bed.nics()).to.have.length(1);
      expect(link.up).to.equal(true);
    });

    it('a namespace that has come to the recorded path since, even with the same card in it', async () => {
      const bed = await withPod();
      const mac = bed.nics()[0]?.mac ?? '';
      bed.kernel.removeNamespace(pathOf('c1'));
      bed.pod('c1');
      const returned = bed.kernel.findByMac(mac);
      await (await bed.driver.open({ kind: 'own' })).moveLink(returned?.link.index ?? 0, await bed.driver.open(podPath), 'net0');
      const next = bed.kernel.namespace(pathOf('c1'));
      const [, card] = next.links();
      if (card === undefined) throw new Error('the card is not there');
      next.setUp(card, true);
      let up: boolean | undefined;
      bed.cloud.onCall = (action, phase) => {
        if (action === 'detachNics' && phase === 'before') up = card.up;
      };
      await detach(bed);
      expect(up).to.equal(true);
    });

    it('a namespace whose path is used again', async () => {
      const bed = await withPod();
      const mac = bed.nics()[0]?.mac ?? '';
      bed.kernel.removeNamespace(pathOf('c1'));
      bed.pod('c1');
      // Somebody has put the returned card there, with its own configuration.
      const next = bed.kernel.namespace(pathOf('c1'));
      const other = bed.kernel.addLink(next, { name: 'eth0', mac: 'aa:bb:cc:00:00:02', up: true });
      await detach(bed, { namespace: podPath });
      expect(other.up).to.equal(true);
      expect(bed.kernel.findByMac(mac)).to.equal(undefined);
      expectGone(bed);
    });
  });

  it('waits no longer than its deadline for an attachment that another command holds', async () => {
    const bed = await withPod();
    const lock = await createMemoryStore({ clock: bed.clock, random: () => 0.5 }, bed.folder).tryLock(attachmentId(keyOf('c1')));
    const { deadline } = bed.timing(5000);
    await rejection(bed.engine.detach({ key: keyOf('c1') }, { deadline }), 'ERR_LOCKED');
    expect(bed.clock.now()).to.be.at.most(deadline);
    lock?.release();
  });
});
