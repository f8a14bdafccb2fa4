import { expect } from 'chai';
import type { StatusReport } from '../../../lib/attachment/index.js';
import { NicError } from '../../../lib/errors.js';
import { refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed } from '../../support/attachment-bed.js';

function status(bed: AttachmentBed, subnetIds: readonly string[] = ['net-1']): Promise<StatusReport> {
  return bed.engine.status({ subnetIds }, bed.timing());
}

function asked(bed: AttachmentBed): number {
  return bed.cloud.calls().length;
}

const READY = { ready: true, connected: true, reasons: [] };

describe('status()', () => {
  it('is ready on a host where all is well', async () => {
    expect(await status(await createAttachmentBed())).to.deep.equal(READY);
  });

  it('asks the cloud once in five minutes and host, however often and by whomever it is called', async () => {
    const bed = await createAttachmentBed();
    for (let i = 0; i < 59; i++) {
      await Promise.all([status(bed), bed.process().engine.status({ subnetIds: ['net-2'] }, bed.timing())]);
      bed.clock.skip(5000);
    }
    expect(asked(bed)).to.equal(1);
    bed.clock.skip(6000);
    await status(bed);
    expect(asked(bed)).to.equal(2);
  });

  it('asks again sooner after a failure, and says what is wrong until then', async () => {
    const bed = await createAttachmentBed();
    bed.cloud.onCall = (action, phase) => {
      if (phase === 'before') throw refusal(action, 'ERR_AUTH', 'signature not matched');
    };
    const report = await status(bed);
    expect(report).to.deep.include({ ready: false, connected: true });
    expect(report.reasons.join()).to.match(/signature not matched/);
    bed.cloud.onCall = undefined;
    expect((await status(bed)).ready).to.equal(false);
    expect(asked(bed)).to.equal(1);
    bed.clock.skip(61_000);
    expect(await status(bed)).to.deep.equal(READY);
  });

  it('takes nothing that the cloud said to other settings for its own', async () => {
    const bed = await createAttachmentBed();
    const as = (identity: string | undefined, instanceId = 'i-1') => {
      const provider = bed.cloud.provider({ instanceId });
      return bed.process({ provider: async () => (identity === undefined ? provider : { ...provider, identity }) }).engine;
    };
    const ask = (engine: AttachmentBed['engine']) => engine.status({ subnetIds: [] }, bed.timing());
    expect(await ask(as('good'))).to.deep.equal(READY);
    bed.cloud.onCall = (action, phase) => {
      if (phase === 'before') throw refusal(action, 'ERR_AUTH', 'signature not matched');
    };
    for (const other of [as('wrong'), as(undefined), as('good', 'i-2')]) {
      expect((await ask(other)).reasons.join()).to.match(/signature not matched/);
    }
    // Each goes on being asked for once only, although they take turns.
    expect(asked(bed)).to.equal(4);
    expect(await ask(as('good'))).to.deep.equal(READY);
    expect((await ask(as('wrong'))).ready).to.equal(false);
    expect(asked(bed)).to.equal(4);
    bed.cloud.onCall = undefined;
    expect(await ask(as('repaired'))).to.deep.equal(READY);
  });

  it('names a provider that cannot be had, without asking the cloud', async () => {
    const bed = await createAttachmentBed();
    const { engine } = bed.process({ provider: () => Promise.reject(new NicError('ERR_CONFIG', '/etc/client.yaml: zone is missing')) });
    const report = await engine.status({ subnetIds: ['net-1'] }, bed.timing());
    expect(report).to.deep.equal({ ready: false, connected: true, reasons: ['/etc/client.yaml: zone is missing'] });
  });

  it('is not ready when the instance is full', async () => {
    const bed = await createAttachmentBed({ cloud: { features: { maxNicsPerInstance: 2 } } });
    bed.pod('c1');
    await bed.attach('c1');
    await bed.clock.sleep(1000);
    expect((await status(bed)).reasons.join()).to.match(/2 NICs of 2/);
  });

  it('is not ready when no subnet has room', async () => {
    const bed = await createAttachmentBed({ cloud: { maxNicsPerSubnet: 1 } });
    for (const name of ['c1', 'c2']) bed.pod(name);
    await bed.attach('c1');
    await bed.attach('c2').catch(() => {});
    expect((await status(bed)).reasons.join()).to.match(/no subnet has room.*net-1/);
    expect((await status(bed, ['net-1', 'net-2'])).ready).to.equal(true);
  });

  it('is not ready while too much is left over', async () => {
    const bed = await createAttachmentBed({ limits: { maxPending: 0 } });
    bed.pod('c1');
    await bed.attach('c1');
    await bed.clock.sleep(1000);
    bed.cloud.onCall = (action, phase) => {
      if (action === 'detachNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'no');
    };
    await bed.detach('c1').catch(() => {});
    expect((await status(bed)).reasons.join()).to.match(/could not be released/);
  });

  it('says that containers are cut off when their gateway is down', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    await bed.attach('c1', { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] });
    expect(await status(bed)).to.deep.equal(READY);
    const gateway = bed.nics().find((nic) => nic.name.startsWith('hostnic-g'));
    const link = bed.kernel.initial.links().find((candidate) => candidate.mac === gateway?.mac);
    if (link === undefined) throw new Error('the host has no gateway link');
    bed.kernel.initial.setUp(link, false);
    const report = await status(bed);
    expect(report).to.deep.include({ ready: false, connected: false });
    expect(report.reasons.join()).to.match(/gateway NIC .* is down/);
  });

  it('is not ready when the journal cannot be locked', async () => {
    const bed = await createAttachmentBed();
    const broken = {
      ...bed.folder,
      tryLock: () => {
        throw new NicError('ERR_IO', '/var/lib/cni/hostnic: the file system is read-only');
      },
    };
    const { engine } = bed.process({ folder: broken });
    expect((await engine.status({ subnetIds: [] }, bed.timing())).reasons.join()).to.match(/read-only/);
  });
});
