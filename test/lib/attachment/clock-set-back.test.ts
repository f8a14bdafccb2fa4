import { expect } from 'chai';
import { refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed } from '../../support/attachment-bed.js';
import { rejection } from '../../support/rejection.js';

const DAY = 86_400_000;
const viaHost = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] } as const;

/** Makes calls of one kind fail until it is ended. */
function refuse(bed: AttachmentBed, action: string, code: 'ERR_CAPACITY' | 'ERR_AUTH'): () => void {
  bed.cloud.onCall = (called, phase) => {
    if (called === action && phase === 'before') throw refusal(called, code, 'no');
  };
  return () => {
    bed.cloud.onCall = undefined;
  };
}

describe('a clock that was a day ahead and is set back', () => {
  it('leaves no subnet aside for a day', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    bed.clock.skip(DAY);
    const end = refuse(bed, 'createNic', 'ERR_CAPACITY');
    await rejection(bed.attach('c1'), 'ERR_CAPACITY');
    end();
    bed.clock.skip(-DAY);
    expect((await bed.engine.status({ subnetIds: ['net-1'] }, bed.timing())).reasons).to.deep.equal([]);
    expect((await bed.attach('c1')).subnetId).to.equal('net-1');
  });

  it('leaves no clean-up for a day, of a container or of a gateway', async () => {
    const bed = await createAttachmentBed();
    bed.clock.skip(DAY);
    bed.pod('c1');
    await bed.attach('c1', viaHost);
    await bed.clock.sleep(1000);
    const end = refuse(bed, 'detachNics', 'ERR_AUTH');
    await rejection(bed.detach('c1'), 'ERR_PENDING');
    bed.clock.skip(3_600_000);
    await bed.detach('nobody');
    bed.clock.skip(3_600_000);
    await bed.detach('nobody');
    end();
    expect(bed.nics()).to.have.length(2);
    bed.clock.skip(-DAY);
    await bed.detach('nobody');
    await bed.detach('nobody');
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
  });
});
