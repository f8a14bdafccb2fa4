import { expect } from 'chai';
import type { CollectAccountReport } from '../../../lib/attachment/index.js';
import { gatewayName, nicName } from '../../../lib/attachment/names.js';
import type { Nic } from '../../../lib/nic.js';
import { refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf } from '../../support/attachment-bed.js';

const OLD = 700_000;

const collectAccount = (bed: AttachmentBed, dryRun: boolean): Promise<CollectAccountReport> =>
  bed.engine.collectAccount({ dryRun }, bed.timing());

/** A host with a container, and an account with NICs of all kinds, old enough. */
async function withAccount(): Promise<{ readonly bed: AttachmentBed; readonly strays: readonly Nic[] }> {
  const bed = await createAttachmentBed();
  bed.pod('c1');
  await bed.attach('c1', { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] });
  await bed.clock.sleep(1000);
  bed.cloud.addInstance('i-2');
  const strays = [
    bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-gone', keyOf('c7')) }),
    bed.cloud.addNic({ subnetId: 'net-2', name: gatewayName('i-gone', 'net-2') }),
    bed.cloud.addNic({ subnetId: 'net-other', name: 'hostnic_i-0000gone' }),
  ];
  for (const patch of [
    { name: 'of a person' },
    { name: 'hostnic-pot of a person' },
    { name: 'hostnic_' },
    { name: '' },
    { name: nicName('i-2', keyOf('c8')), instanceId: 'i-2' },
    { name: 'hostnic_i-2', instanceId: 'i-2' },
    { name: nicName('i-2', keyOf('c9')), instanceId: 'i-2', role: 'primary' as const },
    { name: nicName('i-2', keyOf('c10')), role: 'primary' as const },
  ]) {
    bed.cloud.addNic({ subnetId: 'net-1', ...patch });
  }
  bed.clock.skip(OLD);
  return { bed, strays };
}

describe('collectAccount()', () => {
  it('only lists on a dry run', async () => {
    const { bed, strays } = await withAccount();
    const before = bed.cloud.nics();
    const { found, removed, failed } = await collectAccount(bed, true);
    expect(found).to.have.deep.members(
      (['pod', 'gateway', 'original'] as const).map((role, i) => ({
        nicId: strays[i]?.id,
        name: strays[i]?.name,
        role,
        subnetId: strays[i]?.subnetId,
        createdAt: strays[i]?.createdAt,
      })),
    );
    expect([removed, failed]).to.deep.equal([[], []]);
    expect(bed.cloud.nics()).to.deep.equal(before);
  });

  it('removes free NICs of hosts that are gone, and no other', async () => {
    const { bed, strays } = await withAccount();
    const ids = strays.map(({ id }) => id);
    const others = bed.cloud.nics().filter(({ id }) => !ids.includes(id));
    const { removed } = await collectAccount(bed, false);
    expect(removed).to.have.members(ids);
    expect(bed.cloud.nics()).to.deep.equal(others);
  });

  it('leaves young NICs alone, which may be on their way', async () => {
    const { bed } = await withAccount();
    const young = bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-2', keyOf('young')) });
    expect((await collectAccount(bed, false)).found.map(({ nicId }) => nicId)).not.to.include(young.id);
    expect(bed.cloud.nics().map(({ id }) => id)).to.include(young.id);
  });

  it('leaves alone what this host knows, in its journal and in the files of the original plugin', async () => {
    const { bed } = await withAccount();
    const free = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1' });
    bed.originals.write('', 'c5', JSON.stringify({ id: free.id, hardwareAddr: free.mac, vxNet: null }), 'quick');
    const [own] = bed.nics().filter((nic) => nic.instanceId === 'i-1' && nic.name.startsWith('hostnic-p'));
    bed.cloud.onCall = (action, phase) => {
      if (action === 'deleteNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'who are you');
    };
    await bed.detach('c1').catch(() => {});
    bed.cloud.onCall = undefined;
    // Detached, and recorded to be deleted.
    expect(bed.nics().find(({ id }) => id === own?.id)?.status).to.equal('available');
    bed.clock.skip(OLD);
    const found = (await collectAccount(bed, false)).found.map(({ nicId }) => nicId);
    expect(found).to.have.length(3);
    expect(found).not.to.include.members([own?.id, free.id]);
  });

  it('looks again before it deletes', async () => {
    const { bed, strays } = await withAccount();
    bed.cloud.onCall = (action, phase) => {
      if (action !== 'listNics' || phase !== 'after') return;
      bed.cloud.onCall = undefined;
      bed.cloud.removeNic(strays[0]?.id ?? '');
    };
    const { found, removed, failed } = await collectAccount(bed, false);
    expect(found).to.have.length(3);
    expect(removed).to.have.members([strays[1]?.id, strays[2]?.id]);
    expect(failed).to.deep.equal([]);
  });

  it('goes on after a refusal and reports it', async () => {
    const { bed, strays } = await withAccount();
    bed.cloud.onCall = (action, phase) => {
      if (action !== 'deleteNics' || phase !== 'before') return;
      bed.cloud.onCall = undefined;
      throw refusal(action, 'ERR_STATE', 'in transition');
    };
    const { removed, failed } = await collectAccount(bed, false);
    expect(removed).to.have.length(2);
    expect(failed).to.have.length(1);
    expect(strays.map(({ id }) => id)).to.include(failed[0]?.nicId);
    expect(failed[0]?.reason).to.match(/in transition/);
  });
});
