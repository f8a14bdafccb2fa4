import { expect } from 'chai';
import { createMemoryStore } from '../../../lib/attachment/attachment-store.js';
import { Journal } from '../../../lib/attachment/journal.js';
import { attachmentId } from '../../../lib/attachment/names.js';
import { NicError } from '../../../lib/errors.js';
import { createMemoryFolder } from '../../../lib/folder/index.js';
import { silentLogger } from '../../../lib/log.js';
import { fullRecord } from '../../support/full-record.js';

describe('a journal', () => {
  it('makes up for a durable write that the disk refused, so that a later quick one is not taken for a left-over', async () => {
    const memory = createMemoryFolder();
    const writes: string[] = [];
    let refused = 1;
    const folder = {
      ...memory,
      write: (...args: Parameters<typeof memory.write>) => {
        if (refused-- > 0) throw new NicError('ERR_IO', 'the disk is full');
        writes.push(args[3]);
        memory.write(...args);
      },
    };
    const store = createMemoryStore({}, folder);
    const record = fullRecord(0);
    const id = attachmentId(record.key);
    const journal = new Journal({ store, id, record, log: silentLogger });
    await journal.trySave({ attempts: 1 }, 'durable');
    await journal.save({ attempts: 2 }, 'quick');
    // What stands there is what the next process finds.
    expect(await createMemoryStore({}, memory).list()).to.deep.equal([{ kind: 'record', id, record: journal.current }]);
    expect(journal.current.attempts).to.equal(2);
    await journal.save({ attempts: 3 }, 'quick');
    expect(writes).to.deep.equal(['durable', 'quick']);
  });
});
