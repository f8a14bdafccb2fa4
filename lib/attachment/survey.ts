import type { Command } from './context.js';
import type { AttachmentRecord } from './record.js';
import type { AttachmentStore, NewerRecord, UnreadableRecord } from './store.js';

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

/** Reads all journals of the host, the command's own included. */
export async function survey(command: Command): Promise<Survey> {
  const { store, hostStore } = command.context;
  const others = (await hostStore.stores()).filter((other) => other.location !== store.location);
  const records: SurveyedRecord[] = [];
  const unreadable: (UnreadableRecord | NewerRecord)[] = [];
  for (const journal of [store, ...others]) {
    for (const stored of await journal.list()) {
      if (stored.kind === 'record') records.push({ store: journal, id: stored.id, record: stored.record });
      else unreadable.push(stored);
    }
  }
  return { records, unreadable };
}
