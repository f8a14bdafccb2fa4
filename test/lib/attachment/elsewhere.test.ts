import { expect } from 'chai';
import { type AttachmentEngine, type AttachRequest, createMemoryStore } from '../../../lib/attachment/index.js';
import { attachmentId, gatewayName, nicName } from '../../../lib/attachment/names.js';
import { NicError } from '../../../lib/errors.js';
import { createMemoryFolder, type Folder } from '../../../lib/folder/index.js';
import { lostAnswer } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';
import { rejection } from '../../support/rejection.js';

const viaHost: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };
const HOUR = 3_600_000;

interface Moved {
  readonly bed: AttachmentBed;
  /** The data folder that the configuration names by now. */
  readonly folder: Folder;
  /** What runs with it. */
  readonly engine: AttachmentEngine;
}

/** A host whose configuration has another data folder since a moment ago. */
async function moved(before: (bed: AttachmentBed) => Promise<unknown>): Promise<Moved> {
  const folder = createMemoryFolder('/var/lib/cni/second');
  const bed = await createAttachmentBed({ folders: [folder], cloud: { features: { lateEffectMs: 90_000 } } });
  for (const name of ['c1', 'c2']) bed.pod(name);
  await before(bed);
  await bed.clock.sleep(1000);
  return { bed, folder, engine: bed.process({ folder }).engine };
}

const detachOf = (name: string) => ({ key: keyOf(name), namespace: { kind: 'path', path: pathOf(name) } as const, subnetIds: ['net-1'] });

describe('with another data folder since its ADD', () => {
  it('DEL gives back NIC, record and gateway', async () => {
    const { bed, folder, engine } = await moved((before) => before.attach('c1', viaHost));
    await engine.detach(detachOf('c1'), bed.timing());
    expect(bed.nics().map(({ name }) => name)).to.deep.equal([gatewayName('i-1', 'net-1')]);
    expect(bed.kernel.namespace(pathOf('c1')).readSysctl('ipv4/conf/all/accept_redirects')).to.equal('1');
    for (let i = 0; i < 3; i++) {
      bed.clock.skip(HOUR);
      await engine.attach(requestOf('c2'), bed.timing());
      await engine.detach(detachOf('c2'), bed.timing());
    }
    expect(bed.nics()).to.deep.equal([]);
    expect([...bed.files(), ...folder.list('attachments')]).to.deep.equal([]);
  });

  it('a second ADD is refused while the NIC serves, and CHECK finds the record', async () => {
    const { bed, engine } = await moved((before) => before.attach('c1'));
    const [nic] = bed.nics();
    await engine.check({ key: keyOf('c1'), namespace: { kind: 'path', path: pathOf('c1') } }, bed.timing());
    // Under another name its interface is not in the way.
    const pod = await bed.driver.open({ kind: 'path', path: pathOf('c1') });
    const index = (await pod.listLinks()).find(({ mac }) => mac === nic?.mac)?.index ?? 0;
    await pod.changeLink(index, { up: false });
    await pod.changeLink(index, { name: 'eth9' });
    await rejection(engine.attach(requestOf('c1'), bed.timing()), 'ERR_ATTACHED');
    expect(bed.nics()).to.deep.equal([nic]);
  });

  it('a second ADD unwinds what is left of the first, and waits for a NIC that may still appear: both have one name', async () => {
    const { bed, engine } = await moved(async (before) => {
      before.cloud.onCall = (action, phase) => {
        if (action === 'createNic' && phase === 'before') throw lostAnswer(action);
      };
      await rejection(before.attach('c1'));
      before.cloud.onCall = undefined;
    });
    await rejection(engine.attach(requestOf('c1'), bed.timing()), 'ERR_PENDING');
    const late = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c1')) });
    bed.clock.skip(HOUR);
    const { nicId } = await engine.attach(requestOf('c1'), bed.timing());
    expect(nicId).not.to.equal(late.id);
    for (let i = 0; i < 3; i++) {
      bed.clock.skip(HOUR);
      await engine.attach(requestOf('c2'), bed.timing());
      await engine.detach(detachOf('c2'), bed.timing());
    }
    expect(bed.nics().map(({ id }) => id)).to.deep.equal([nicId]);
    expect(bed.files()).to.deep.equal([]);
  });

  it('DEL waits for no command that is at work there', async () => {
    const { bed, engine } = await moved((before) => before.attach('c1'));
    const held = await createMemoryStore({ clock: bed.clock, random: () => 0.5 }, bed.folder).tryLock(attachmentId(keyOf('c1')));
    const [nic] = bed.nics();
    const before = bed.clock.now();
    await rejection(engine.detach(detachOf('c1'), bed.timing()), 'ERR_LOCKED');
    expect(bed.clock.now() - before).to.be.below(1000);
    expect(bed.nics()).to.deep.equal([nic]);
    held?.release();
    await engine.detach(detachOf('c1'), bed.timing());
    expect(bed.nics()).to.deep.equal([]);
  });

  for (const listed of [true, false]) {
    it(`a record that a killed DEL left there takes no NIC of a later ADD${listed ? '' : ', even if that did not know of it'}`, async () => {
      const { bed, folder } = await moved(async () => {});
      let writes = 0;
      const dying = bed.process({
        folder,
        onFolder(operation) {
          if (operation.startsWith('after write durable attachments/') && ++writes === 1) dying.kill();
        },
      });
      void dying.engine.detach({ key: keyOf('c1'), subnetIds: ['net-1'] }, bed.timing()).catch(() => {});
      await bed.clock.sleep(1000);
      expect(folder.list('attachments')).to.have.length(1);
      if (!listed) for (const name of bed.hostFolder.list('journals')) bed.hostFolder.remove('journals', name, 'quick');
      const { nicId } = await bed.attach('c1');
      expect(folder.list('attachments')).to.have.length(listed ? 0 : 1);
      await bed.clock.sleep(1000);
      const { engine } = bed.process({ folder });
      for (let i = 0; i < 3; i++) {
        bed.clock.skip(HOUR);
        await engine.detach({ key: keyOf('nobody'), subnetIds: ['net-1'] }, bed.timing());
      }
      expect(bed.nics().map(({ id }) => id)).to.deep.equal([nicId]);
      expect(folder.list('attachments')).to.deep.equal([]);
    });
  }

  it('DEL ends although the other journals cannot be read, but takes no NIC that may be of a record there', async () => {
    const { bed, folder, engine } = await moved(async () => {});
    await engine.attach(requestOf('c1'), bed.timing());
    await bed.clock.sleep(1000);
    for (const name of folder.list('attachments')) folder.remove('attachments', name, 'quick');
    const list = bed.hostFolder.list.bind(bed.hostFolder);
    bed.hostFolder.list = (group) => {
      if (group === 'journals') throw new NicError('ERR_IO', 'the disk reports an error');
      return list(group);
    };
    await engine.detach({ key: keyOf('c2'), subnetIds: ['net-1'] }, bed.timing());
    await rejection(engine.detach({ key: keyOf('c1'), subnetIds: ['net-1'] }, bed.timing()), 'ERR_PENDING');
    expect(bed.nics()).to.have.length(1);
    bed.hostFolder.list = list;
    await engine.detach({ key: keyOf('c1'), subnetIds: ['net-1'] }, bed.timing());
    expect(bed.nics()).to.deep.equal([]);
  });

  it('a record of another instance there is left alone', async () => {
    const { bed, folder } = await moved((before) => before.attach('c1'));
    const nics = bed.nics();
    bed.cloud.addInstance('i-2');
    const { engine } = bed.process({ folder, instanceId: 'i-2', bootId: 'another boot' });
    await engine.detach(detachOf('c1'), bed.timing());
    expect(bed.nics()).to.deep.equal(nics);
    // Taken out of the way, as any record of another instance that a command comes across.
    expect(bed.files()).to.include(`aside/${attachmentId(keyOf('c1'))}.json`);
  });
});
