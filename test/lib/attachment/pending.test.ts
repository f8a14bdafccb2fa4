import { expect } from 'chai';
import { attachmentId } from '../../../lib/attachment/names.js';
import { NetlinkError } from '../../../lib/errors.js';
import { lostAnswer, refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';
import { rejection } from '../../support/rejection.js';

async function withPods(names: readonly string[], options: Parameters<typeof createAttachmentBed>[0] = {}): Promise<AttachmentBed> {
  const bed = await createAttachmentBed(options);
  for (const name of names) {
    bed.pod(name);
    await bed.attach(name);
  }
  await bed.clock.sleep(1000);
  return bed;
}

function refuseDetach(bed: AttachmentBed): void {
  bed.cloud.onCall = (action, phase) => {
    if (action === 'detachNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'no');
  };
}

describe('left-over work', () => {
  it('is finished by an ADD of another container, before its own work', async () => {
    const bed = await withPods(['c1']);
    refuseDetach(bed);
    await rejection(bed.detach('c1'), 'ERR_PENDING');
    bed.cloud.onCall = undefined;
    bed.clock.skip(61_000);
    bed.pod('c2');
    const before = bed.cloud.calls().length;
    await bed.attach('c2');
    const order = bed.cloud
      .calls()
      .slice(before)
      .map((call) => call.action)
      .filter((action) => action !== 'describeJobs');
    expect(order.indexOf('deleteNics')).to.be.below(order.indexOf('createNic'));
    expect(bed.nics()).to.have.length(1);
  });

  it('is no NIC on the host as long as the kernel does not say that its container is gone', async () => {
    const bed = await withPods(['c1', 'c2', 'c3']);
    const [first] = bed.nics();
    bed.kernel.removeNamespace(pathOf('c1'));
    await bed.clock.sleep(1000);
    expect(bed.kernel.findByMac(first?.mac ?? '')?.namespace).to.equal(bed.kernel.initial);
    bed.kernel.onOperation = ({ kind, namespace, op }) => {
      if (kind === 'namespace.open' && namespace === pathOf('c1')) throw new NetlinkError({ op, errno: 'EMFILE' });
    };
    await bed.detach('c2');
    expect(bed.nics().map(({ id }) => id)).to.include(first?.id);
    bed.kernel.onOperation = undefined;
    await bed.detach('c3');
    expect(bed.nics()).to.deep.equal([]);
  });

  it('is finished by a DEL of another container', async () => {
    const bed = await withPods(['c1', 'c2']);
    refuseDetach(bed);
    await rejection(bed.detach('c1'), 'ERR_PENDING');
    bed.cloud.onCall = undefined;
    bed.clock.skip(61_000);
    await bed.detach('c2');
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
  });

  it('is tried less and less often while it fails', async () => {
    const bed = await withPods(['c1']);
    refuseDetach(bed);
    await rejection(bed.detach('c1'), 'ERR_PENDING');
    const tries = (): number => bed.cloud.calls().filter((call) => call.action === 'detachNics').length;
    const before = tries();
    for (let i = 0; i < 50; i++) {
      bed.clock.skip(1000);
      await bed.detach('nobody').catch(() => {});
    }
    expect(tries() - before).to.be.within(2, 8);
  });

  it('is done for a bounded number at a time, in as few calls as the cloud allows', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const bed = await withPods(names);
    bed.reboot();
    const { engine } = bed.process();
    const before = bed.cloud.calls().length;
    await engine.detach({ key: keyOf('nobody') }, bed.timing());
    expect(bed.nics()).to.have.length(7);
    const detaches = bed.cloud
      .calls()
      .slice(before)
      .filter((call) => call.action === 'detachNics');
    expect(detaches).to.have.length(1);
    for (let i = 0; i < 2; i++) await engine.detach({ key: keyOf('nobody') }, bed.timing());
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
  });

  it('of a batch is done though one of its NICs cannot be', async () => {
    const bed = await withPods(['c1', 'c2', 'c3']);
    const stubborn = bed.nics()[1]?.id ?? '';
    bed.reboot();
    bed.cloud.onCall = (action, phase, args) => {
      if (action === 'detachNics' && phase === 'before' && (args[0] as string[]).includes(stubborn))
        throw refusal(action, 'ERR_REQUEST', 'no');
    };
    await bed.process().engine.detach({ key: keyOf('nobody') }, bed.timing());
    expect(bed.nics().map((nic) => nic.id)).to.deep.equal([stubborn]);
  });

  it('never includes attachments that live', async () => {
    const bed = await withPods(['c1', 'c2']);
    for (let i = 0; i < 5; i++) {
      bed.clock.skip(3_600_000);
      await bed.detach('nobody');
    }
    expect(bed.nics()).to.have.length(2);
    for (const name of ['c1', 'c2']) expect(bed.kernel.namespace(pathOf(name)).links()[1]?.up).to.equal(true);
  });

  it('includes attachments whose namespace has gone without a DEL', async () => {
    const bed = await withPods(['c1', 'c2']);
    bed.kernel.removeNamespace(pathOf('c1'));
    await bed.detach('nobody');
    expect(bed.nics()).to.have.length(1);
    expect(bed.files().filter((file) => file.includes(attachmentId(keyOf('c1'))))).to.deep.equal([]);
  });

  it('includes no attachment whose command is alive', async () => {
    const bed = await createAttachmentBed({ cloud: { jobMs: 5000, linkMs: 4000 } });
    for (const name of ['c1', 'c2']) bed.pod(name);
    const adding = bed.process().engine.attach(requestOf('c1'), bed.timing());
    await bed.clock.sleep(1000);
    await bed.process().engine.detach({ key: keyOf('c2'), subnetIds: ['net-1'] }, bed.timing());
    expect((await adding).nicId).to.equal(bed.nics()[0]?.id);
  });

  it('of another instance is set aside and never done', async () => {
    const bed = await withPods(['c1']);
    bed.cloud.addInstance('i-2');
    await bed.process({ instanceId: 'i-2', bootId: 'boot-of-the-copy' }).engine.detach({ key: keyOf('nobody') }, bed.timing());
    expect(bed.nics()).to.have.length(1);
    const id = attachmentId(keyOf('c1'));
    expect([...bed.files()].sort()).to.deep.equal([`aside/${id}.json`, `aside/${id}.quick.json`]);
  });

  it('does not keep a command beyond its deadline, nor fail it', async () => {
    const bed = await withPods(['c1']);
    refuseDetach(bed);
    await rejection(bed.detach('c1'), 'ERR_PENDING');
    bed.cloud.onCall = async (action) => {
      if (action === 'detachNics') await new Promise(() => {});
    };
    bed.clock.skip(61_000);
    bed.pod('c2');
    const { deadline } = bed.timing();
    await bed.attach('c2');
    expect(bed.clock.now()).to.be.at.most(deadline);
  });

  it('of a lost answer is done when the time has come, not before', async () => {
    const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 60_000 } } });
    bed.pod('c1');
    let times = 2;
    bed.cloud.onCall = (action, phase) => {
      if (action === 'createNic' && phase === 'before' && times-- > 0) throw lostAnswer(action);
    };
    await rejection(bed.attach('c1'), 'ERR_TRANSPORT');
    const lists = (): number => bed.cloud.calls().filter((call) => call.action === 'listNics').length;
    const before = lists();
    bed.clock.skip(10_000);
    // Its own look-ups for a container that it has no record of are two.
    await bed.detach('nobody');
    expect(lists() - before).to.equal(2);
    expect(bed.files()).not.to.deep.equal([]);
    bed.clock.skip(60_000);
    await bed.detach('nobody');
    expect(bed.files()).to.deep.equal([]);
  });

  it('includes the ends of attach jobs: one that failed after its NIC had appeared is noticed', async () => {
    const bed = await createAttachmentBed({ cloud: { linkMs: 100, jobMs: 20_000 } });
    for (const name of ['c1', 'c2']) bed.pod(name);
    await bed.attach('c1');
    await bed.attach('c2');
    await bed.clock.sleep(10_000);
    await bed.cloud.finishJobs('the slot broke');
    bed.clock.skip(60_000);
    const before = bed.cloud.calls().length;
    await bed.detach('nobody');
    await bed.detach('nobody');
    const asked = bed.cloud
      .calls()
      .slice(before)
      .filter((call) => call.action === 'describeJobs');
    expect(asked.map((call) => (call.args[0] as string[]).length)).to.deep.equal([2]);
    const error = await rejection(
      bed.engine.check({ key: keyOf('c1'), namespace: { kind: 'path', path: pathOf('c1') } }, bed.timing()),
      'ERR_CHECK',
    );
    expect(error.message).to.match(/the slot broke/);
  });

  it('of an earlier boot does not keep a host from serving', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
    const bed = await withPods(names, { limits: { maxPending: 3 } });
    bed.reboot();
    bed.pod('new');
    await bed.process().engine.attach(requestOf('new'), bed.timing());
  });
});
