import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import { createMemoryFolder } from '../../../lib/folder/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';
import { seededRandom } from '../../support/random.js';

const ROOMY = { features: { maxNicsPerInstance: 500, lateEffectMs: 60_000 } };

function detachRequest(name: string) {
  return { key: keyOf(name), namespace: { kind: 'path', path: pathOf(name) }, subnetIds: ['net-1', 'net-2'] } as const;
}

function add(bed: AttachmentBed, name: string): Promise<unknown> {
  return bed.process().engine.attach(requestOf(name, { subnetIds: ['net-1', 'net-2'] }), bed.timing());
}

function del(bed: AttachmentBed, name: string): Promise<void> {
  return bed.process().engine.detach(detachRequest(name), bed.timing());
}

describe('processes side by side', () => {
  it('attach and detach 100 containers at once', async function () {
    this.timeout(60_000);
    const bed = await createAttachmentBed({ cloud: ROOMY });
    const names = Array.from({ length: 100 }, (_, i) => `c${i}`);
    for (const name of names) bed.pod(name);
    await Promise.all(names.map((name) => add(bed, name)));
    expect(bed.nics()).to.have.length(100);
    expect(new Set(bed.nics().flatMap((nic) => nic.addresses)).size).to.equal(100);
    expect(bed.cloud.calls().filter((call) => call.action === 'describeSubnets')).to.have.length(1);
    await bed.clock.sleep(1000);
    await Promise.all(names.map((name) => del(bed, name)));
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
  });

  it('delete a container at any moment of its ADD and lose nothing, within their deadlines', async function () {
    this.timeout(60_000);
    const random = seededRandom();
    const phases = new Map<string, number>();
    for (let i = 0; i < 150; i++) {
      const bed = await createAttachmentBed({ cloud: { ...ROOMY, linkMs: 300, jobMs: 500 } });
      bed.pod('c1');
      let phase = 'before the first call';
      bed.cloud.onCall = async (action, when) => {
        phase = `${when} ${action}`;
        await bed.clock.sleep(50);
      };
      const { deadline } = bed.timing();
      const adding = add(bed, 'c1').catch((error: unknown) => {
        if (!isNicError(error, 'ERR_CANCELLED')) throw error;
      });
      await bed.clock.sleep(random.next() * 700);
      phases.set(phase, (phases.get(phase) ?? 0) + 1);
      await Promise.all([adding, del(bed, 'c1')]);
      const where = `${random.label}, pair ${i}, ${phase}`;
      expect(bed.clock.now(), where).to.be.at.most(deadline + 1000);
      expect(bed.nics(), where).to.deep.equal([]);
      expect(bed.files(), where).to.deep.equal([]);
    }
    expect(phases.size, `${random.label}: phases met`).to.be.at.least(4);
  });

  it('add one container twice: one succeeds, the other says that it is attached', async () => {
    const bed = await createAttachmentBed({ cloud: ROOMY });
    bed.pod('c1');
    const outcomes = await Promise.allSettled([add(bed, 'c1'), add(bed, 'c1')]);
    const failed = outcomes.filter((outcome): outcome is PromiseRejectedResult => outcome.status === 'rejected');
    expect(failed.map((outcome) => isNicError(outcome.reason, 'ERR_ATTACHED'))).to.deep.equal([true]);
    expect(bed.nics()).to.have.length(1);
  });

  it('delete one container many times at once', async () => {
    const bed = await createAttachmentBed({ cloud: ROOMY });
    bed.pod('c1');
    await add(bed, 'c1');
    await Promise.all(Array.from({ length: 10 }, () => del(bed, 'c1')));
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
  });

  it('add, delete and collect all at once without touching what lives', async function () {
    this.timeout(60_000);
    const bed = await createAttachmentBed({ cloud: ROOMY });
    const staying = Array.from({ length: 15 }, (_, i) => `stay${i}`);
    const going = Array.from({ length: 15 }, (_, i) => `go${i}`);
    const coming = Array.from({ length: 15 }, (_, i) => `come${i}`);
    for (const name of [...staying, ...going, ...coming]) bed.pod(name);
    for (const name of [...staying, ...going]) await add(bed, name);
    await bed.clock.sleep(1000);
    const valid = [...staying, ...coming].map((containerId) => ({ containerId, ifname: 'eth0' }));
    const collecting = Array.from({ length: 5 }, () =>
      bed.process().engine.collect({ network: 'pods', valid, subnetIds: ['net-1', 'net-2'] }, bed.timing()),
    );
    await Promise.all([...coming.map((name) => add(bed, name)), ...going.map((name) => del(bed, name)), ...collecting]);
    for (const name of [...staying, ...coming]) {
      expect(bed.kernel.namespace(pathOf(name)).links()[1]?.up, name).to.equal(true);
    }
    expect(bed.nics()).to.have.length(30);
  });

  it('on two hosts of one account leave each other alone', async () => {
    const bed = await createAttachmentBed({ cloud: ROOMY });
    bed.pod('c1');
    await add(bed, 'c1');
    await bed.clock.sleep(1000);
    bed.clock.skip(700_000);
    bed.cloud.addInstance('i-2');
    const other = bed.process({ instanceId: 'i-2', folder: createMemoryFolder('/other host') }).engine;
    await other.collect({ network: 'pods', valid: [], subnetIds: ['net-1', 'net-2'] }, bed.timing());
    expect(bed.nics()).to.have.length(1);
  });
});
