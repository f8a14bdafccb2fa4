import { expect } from 'chai';
import { NicError } from '../../../lib/errors.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf } from '../../support/attachment-bed.js';

const HOUR = 3_600_000;
const name = 'hostnic_i-1';

interface Upgraded {
  readonly bed: AttachmentBed;
  /** The cloud's ids of the NICs of the original's containers. */
  readonly ids: readonly string[];
}

/** Attaches a NIC as the original did. @returns its id */
async function attachOriginal(bed: AttachmentBed, container: string, ifname: string): Promise<string> {
  const nic = bed.cloud.addNic({ subnetId: 'net-1', name, instanceId: 'i-1' });
  const [address = ''] = nic.addresses;
  await bed.fabric.plug({ id: nic.id, mac: nic.mac, subnetId: nic.subnetId, address }, 'i-1');
  const host = await bed.driver.open({ kind: 'own' });
  const pod = await bed.driver.open({ kind: 'path', path: pathOf(container) });
  const link = (await host.listLinks()).find(({ mac }) => mac === nic.mac) ?? expect.fail('it is plugged');
  const { index } = await host.moveLink(link.index, pod, ifname);
  await pod.addAddress(index, `${address}/24`);
  await pod.changeLink(index, { up: true });
  for (const open of [host, pod]) open.close();
  putFile(bed, container, nic);
  return nic.id;
}

/** A host on which the original plugin attached containers, and the first command of this one has run since. */
async function upgraded(...containers: readonly string[]): Promise<Upgraded> {
  const bed = await createAttachmentBed();
  const ids: string[] = [];
  for (const container of containers) {
    bed.pod(container);
    ids.push(await attachOriginal(bed, container, 'eth0'));
  }
  bed.pod('new');
  await bed.attach('new');
  await bed.detach('new');
  return { bed, ids };
}

function putFile(bed: AttachmentBed, container: string, { id, mac }: { readonly id: string; readonly mac: string }): void {
  bed.originals.write('', container, JSON.stringify({ id, vxNet: { id: 'net-1' }, hardwareAddr: mac, address: '' }), 'quick');
}

function loseFiles(bed: AttachmentBed): void {
  for (const file of bed.originals.list('')) bed.originals.remove('', file, 'quick');
}

const left = (bed: AttachmentBed): readonly string[] => bed.nics().map(({ id }) => id);

describe("the original plugin's containers", () => {
  it('keep their NICs whatever runs beside them, even if their files are lost', async () => {
    const { bed, ids } = await upgraded('a', 'b');
    const before = ['a', 'b'].map((pod) => bed.kernel.namespace(pathOf(pod)).snapshot());
    for (let i = 0; i < 3; i++) {
      await bed.attach('new');
      await bed.engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing());
      await bed.engine.collect({ network: 'pods', valid: 'living', subnetIds: ['net-1'] }, bed.timing());
      await bed.detach('new');
      bed.clock.skip(HOUR);
      loseFiles(bed);
    }
    expect(left(bed)).to.deep.equal(ids);
    expect(['a', 'b'].map((pod) => bed.kernel.namespace(pathOf(pod)).snapshot())).to.deep.equal(before);
  });

  it('leave nothing behind when a reboot wipes their files, by DEL of theirs or of any other', async () => {
    for (const [first, second] of [
      ['a', 'b'],
      ['other', 'another'],
    ] as const) {
      const { bed, ids } = await upgraded('a', 'b');
      bed.reboot();
      loseFiles(bed);
      expect(left(bed)).to.deep.equal(ids);
      await bed.detach(first);
      bed.clock.skip(HOUR);
      await bed.detach(second);
      expect(left(bed), first).to.deep.equal([]);
      expect(bed.files(), first).to.deep.equal([]);
    }
  });

  it('leave nothing behind when their namespaces die and nobody sends DEL', async () => {
    const { bed } = await upgraded('a');
    bed.kernel.removeNamespace(pathOf('a'));
    await bed.clock.sleep(1000);
    await bed.detach('other');
    expect(left(bed)).to.deep.equal([]);
    expect([...bed.files(), ...bed.originals.list('')]).to.deep.equal([]);
  });

  it('lose file and record with DEL, which asks for one NIC to be deleted once', async () => {
    const { bed, ids } = await upgraded('a', 'b');
    const before = bed.cloud.calls().length;
    await bed.detach('a');
    expect(left(bed)).to.deep.equal([ids[1]]);
    expect(bed.originals.list('')).to.deep.equal(['b']);
    expect(bed.files()).to.have.length(1);
    const deleted = bed.cloud.calls().slice(before);
    expect(deleted.filter(({ action }) => action === 'deleteNics')).to.have.length(1);
  });

  it('have their NICs given back by DEL although the file is lost and the namespace gone', async () => {
    const { bed, ids } = await upgraded('a', 'b');
    loseFiles(bed);
    await bed.engine.detach({ key: keyOf('a'), subnetIds: ['net-1'] }, bed.timing());
    expect(left(bed)).to.deep.equal([ids[1]]);
  });

  it('are recorded for each interface, of which the file names only the last', async () => {
    const { bed } = await upgraded('a');
    const second = await attachOriginal(bed, 'a', 'net1');
    await bed.detach('other');
    await bed.detach('a');
    expect(left(bed)).to.deep.equal([second]);
    expect(bed.originals.list('')).to.deep.equal(['a']);
    // With the namespace gone, the file says which is left.
    bed.kernel.removeNamespace(pathOf('a'));
    await bed.engine.detach({ key: { ...keyOf('a'), ifname: 'net1' }, subnetIds: ['net-1'] }, bed.timing());
    expect(left(bed)).to.deep.equal([]);
    expect([...bed.files(), ...bed.originals.list('')]).to.deep.equal([]);
  });

  it('keep no other work from being done when they cannot be recorded', async () => {
    const { bed } = await upgraded();
    bed.pod('dead');
    await bed.attach('dead');
    await bed.clock.sleep(1000);
    bed.kernel.removeNamespace(pathOf('dead'));
    await bed.clock.sleep(1000);
    const nic = bed.cloud.addNic({ subnetId: 'net-1', name, instanceId: 'i-1' });
    putFile(bed, 'a', nic);
    let refused = 0;
    const { engine } = bed.process({
      onFolder(operation) {
        if (!operation.startsWith('before write durable attachments/')) return;
        refused += 1;
        throw new NicError('ERR_IO', 'the disk is read-only');
      },
    });
    await engine.detach({ key: keyOf('other'), subnetIds: ['net-1'] }, bed.timing());
    expect(refused).to.be.above(0);
    expect(left(bed)).to.deep.equal([nic.id]);
  });

  it('are not what a file says that names a NIC of another kind', async () => {
    const { bed } = await upgraded();
    const nic = bed.cloud.addNic({ subnetId: 'net-1', name: 'made by hand', instanceId: 'i-1' });
    putFile(bed, 'a', nic);
    await bed.detach('other');
    bed.reboot();
    loseFiles(bed);
    for (let i = 0; i < 3; i++) {
      await bed.detach('other');
      bed.clock.skip(HOUR);
    }
    expect(left(bed)).to.deep.equal([nic.id]);
    expect(bed.files()).to.deep.equal([]);
  });
});
