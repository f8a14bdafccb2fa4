import { expect } from 'chai';
import { attachmentId, journalId } from '../../../lib/attachment/names.js';
import { NicError } from '../../../lib/errors.js';
import { createMemoryFolder } from '../../../lib/folder/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';

const id = attachmentId(keyOf('c1'));
const viaHost = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] } as const;

/** Every cut of a record of ours is tried in 20 turns, each with another remainder. */
const STEP = 23;

async function withPods(names: readonly string[]): Promise<AttachmentBed> {
  const bed = await createAttachmentBed();
  for (const name of names) {
    bed.pod(name);
    await bed.attach(name);
  }
  await bed.clock.sleep(1000);
  return bed;
}

const linkIn = (bed: AttachmentBed, name: string) => bed.kernel.namespace(pathOf(name)).snapshot();

async function others(bed: AttachmentBed): Promise<void> {
  bed.pod('other');
  await bed.attach('other');
  await bed.detach('other');
  bed.kernel.removeNamespace(pathOf('other'));
}

describe('a damaged journal', () => {
  it('cuts no living container off, and hides its NIC from no DEL, wherever its record is torn', async () => {
    const bed = await withPods(['c1']);
    const whole = bed.folder.read('attachments', `${id}.json`) ?? '';
    // Without the last character, a line feed, it is whole.
    let torn = 0;
    for (let length = 0; length < whole.length - 1; length += STEP) {
      bed.folder.write('attachments', `${id}.json`, whole.slice(0, length), 'durable');
      const before = linkIn(bed, 'c1');
      await others(bed);
      expect(linkIn(bed, 'c1'), `torn at ${length}`).to.deep.equal(before);
      expect(bed.nics(), `torn at ${length}`).to.have.length(1);
      await bed.detach('c1');
      expect(bed.nics(), `torn at ${length}`).to.deep.equal([]);
      expect(
        bed.files().filter((file) => !file.startsWith('aside/')),
        `torn at ${length}`,
      ).to.deep.equal([]);
      await bed.attach('c1');
      await bed.clock.sleep(1000);
      torn++;
    }
    expect(torn).to.be.greaterThan(20);
    expect(bed.folder.list('aside').length).to.be.at.least(torn);
  });

  it('loses nothing when the last write of an ADD that died is torn, wherever', async () => {
    for (let cut = 0; cut < 1; cut += 0.13) {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const doomed = bed.process({
        onFolder: (operation) => {
          if (operation === `after write quick attachments/${id}.quick.json`) doomed.kill();
        },
      });
      const adding = doomed.engine.attach(requestOf('c1'), bed.timing());
      await Promise.race([adding.catch(() => {}), bed.clock.sleep(60_000)]);
      const whole = bed.folder.read('attachments', `${id}.quick.json`) ?? '';
      expect(whole.length).to.be.greaterThan(100);
      bed.folder.write('attachments', `${id}.quick.json`, whole.slice(0, Math.floor(whole.length * cut)), 'quick');
      await others(bed);
      await others(bed);
      expect(bed.nics(), `cut at ${cut}`).to.deep.equal([]);
      expect(bed.files(), `cut at ${cut}`).to.deep.equal([]);
    }
  });

  it('keeps a gateway whose users it cannot tell: the entry of their journal is damaged', async () => {
    const bed = await createAttachmentBed();
    const folder = createMemoryFolder('/elsewhere');
    bed.pod('c1');
    await bed.process({ folder }).engine.attach(requestOf('c1', viaHost), bed.timing());
    expect(bed.nics()).to.have.length(2);
    bed.hostFolder.write('journals', `${journalId('/elsewhere')}.json`, '{"loc', 'durable');
    for (let i = 0; i < 3; i++) {
      bed.clock.skip(3_600_000);
      await bed.detach('nobody');
    }
    expect(bed.nics()).to.have.length(2);
    // The command's own journal needs no entry to be found.
    await bed.process({ folder }).engine.detach({ key: keyOf('c1') }, bed.timing());
    bed.clock.skip(3_600_000);
    await bed.process({ folder }).engine.detach({ key: keyOf('nobody') }, bed.timing());
    expect(bed.nics()).to.deep.equal([]);
  });

  it('of another network fails no command of this one', async () => {
    const folder = createMemoryFolder('/elsewhere');
    const broken = {
      ...folder,
      list: () => {
        throw new NicError('ERR_IO', '/elsewhere: cannot list (EIO)');
      },
    };
    const bed = await createAttachmentBed({ folders: [broken] });
    bed.hostFolder.write('journals', `${journalId('/elsewhere')}.json`, '{"location":"/elsewhere"}', 'durable');
    bed.pod('c1');
    await bed.attach('c1', viaHost);
    await bed.detach('c1');
    bed.clock.skip(3_600_000);
    await bed.detach('c1');
    // Who uses the gateway cannot be told.
    expect(bed.nics()).to.have.length(1);
  });
});
