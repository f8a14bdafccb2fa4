import { expect } from 'chai';
import { nicName } from '../../../lib/attachment/names.js';
import { lostAnswer } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, requestOf } from '../../support/attachment-bed.js';
import { rejection } from '../../support/rejection.js';

const HOUR = 3_600_000;

/** A copy of a machine that runs a container: its disk with the same instance id, a card of its own, and another boot. */
async function copied(): Promise<{ readonly bed: AttachmentBed; readonly copy: AttachmentBed }> {
  const bed = await createAttachmentBed();
  const copy = await createAttachmentBed();
  bed.pod('c1');
  await bed.attach('c1');
  await bed.clock.sleep(1000);
  for (const name of bed.folder.list('attachments')) {
    copy.folder.write('attachments', name, bed.folder.read('attachments', name) ?? '', 'durable');
  }
  copy.kernel.removeLink(copy.kernel.initial.links().find(({ name }) => name === 'eth0') ?? expect.fail('a machine has a card'));
  copy.kernel.addLink(copy.kernel.initial, { name: 'eth0', mac: '52:54:00:00:ff:01', permanentMac: '52:54:00:00:ff:01', up: true });
  copy.clock.skip(HOUR);
  return { bed, copy };
}

describe('on a copy of a machine that has its instance id too', () => {
  it('DEL, GC and the sweep leave the NICs of the machine alone that was copied', async () => {
    const { bed, copy } = await copied();
    const [nic] = bed.nics();
    // Its record was on no disk yet when that was copied.
    const later = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('later')), instanceId: 'i-1', createdAt: new Date(0) });
    const { engine } = copy.process({ provider: async () => bed.cloud.provider({ instanceId: 'i-1' }), bootId: 'boot of the copy' });
    const before = bed.cloud.calls().length;
    const error = await rejection(engine.detach({ key: keyOf('c1'), subnetIds: ['net-1'] }, copy.timing()), 'ERR_PENDING');
    expect(error.message).to.include('is not on this machine');
    await rejection(engine.detach({ key: keyOf('later'), subnetIds: ['net-1'] }, copy.timing()), 'ERR_PENDING');
    copy.clock.skip(HOUR);
    await engine.detach({ key: keyOf('nobody'), subnetIds: ['net-1'] }, copy.timing());
    const report = await engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, copy.timing());
    expect(report.removed).to.deep.equal([]);
    expect(report.failed).not.to.deep.equal([]);
    const changing = bed.cloud.calls().slice(before);
    expect(changing.filter(({ action }) => /^(attach|detach|delete)/.test(action))).to.deep.equal([]);
    expect(bed.nics()).to.have.deep.members([nic, later]);
  });

  it('ADD gives back its NIC, which appears on the machine that was copied', async () => {
    const { bed, copy } = await copied();
    const nics = bed.nics();
    copy.pod('new');
    // By the clock of the other, which the cloud goes by.
    const { engine } = bed.process({ folder: copy.folder, bootId: 'boot of the copy', driver: copy.driver });
    await rejection(engine.attach(requestOf('new'), bed.timing()), 'ERR_DEADLINE');
    expect(bed.nics()).to.deep.equal(nics);
  });

  it('the machine itself gives them back, although no link speaks for them and the cloud does not answer at first', async () => {
    const { bed } = await copied();
    const [nic] = bed.nics();
    await bed.fabric.unplug(nic?.id ?? '');
    let lost = 0;
    bed.cloud.onCall = (action, phase, args) => {
      if (action !== 'listNics' || phase !== 'before' || (args[0] as { readonly instanceId?: string }).instanceId === undefined) return;
      lost += 1;
      if (lost === 1) throw lostAnswer(action);
    };
    const { engine } = bed.process({ bootId: 'the next boot' });
    await engine.detach({ key: keyOf('c1'), subnetIds: ['net-1'] }, bed.timing());
    expect(lost).to.equal(2);
    expect(bed.nics()).to.deep.equal([]);
  });
});
