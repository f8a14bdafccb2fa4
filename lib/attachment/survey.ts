import { isNicError } from '../errors.js';
import type { Command } from './context.js';
import { journalId } from './names.js';
import type { AttachmentRecord } from './record.js';
import type { AttachmentStore, NewerRecord, Stored, UnreadableRecord } from './store.js';

/** A record and the journal it stands in. */
export interface SurveyedRecord {
  /** The journal. */
  readonly store: AttachmentStore;
  /** Its id. */
  readonly id: string;
  /** The record. */
  readonly record: AttachmentRecord;
}

/** Everything that stands in all journals of the host. */
export interface Survey {
  /** What can be read. */
  readonly records: readonly SurveyedRecord[];
  /** What cannot, with the reasons. */
  readonly unreadable: readonly (UnreadableRecord | NewerRecord)[];
}

/** Reads all journals of the host, the command's own included. @throws NicError `ERR_IO` when the command's own cannot be read */
export async function survey(command: Command): Promise<Survey> {
  const { store, hostStore } = command.context;
  const { stores, unreadable: unknown } = await hostStore.stores();
  const records: SurveyedRecord[] = [];
  // Where the command's own journal is, is known without its entry.
  const own = journalId(store.location);
  const unreadable: (UnreadableRecord | NewerRecord)[] = unknown.filter(({ id }) => id !== own);
  const take = (from: AttachmentStore, listed: readonly Stored<AttachmentRecord>[]): void => {
    for (const stored of listed) {
      if (stored.kind === 'record') records.push({ store: from, id: stored.id, record: stored.record });
      else unreadable.push(stored);
    }
  };
  take(store, await store.list());
  for (const other of stores) {
    if (other.location === store.location) continue;
    try {
      take(other, await other.list());
    } catch (error) {
      // Another network's trouble must not become this one's.
      if (!isNicError(error, 'ERR_IO')) throw error;
      unreadable.push({ kind: 'unreadable', id: journalId(other.location), reason: error.message });
    }
  }
  return { records, unreadable };
}
