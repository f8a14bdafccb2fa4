import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Far above what such a file holds. */
const MAX_BYTES = 2 ** 20;

/** Why a file was not taken although it can be opened. */
export class UnfitFile extends Error {
  override readonly name = 'UnfitFile';
}

/** What was in a file. */
export interface SmallFile {
  /** Its text. */
  readonly text: string;
  /** Its permission bits. */
  readonly mode: number;
  /** When it was changed last in any way (st_ctime), in milliseconds. */
  readonly changedAt: number;
}

/**
 * Reads a small plain text file. A pipe or device in its place is refused at once: reading it could last for ever, in a thread that nothing ends.
 * @throws UnfitFile when it is no plain file or larger than 1 MiB; errors of the system as they are
 */
export async function readSmallFile(path: string): Promise<SmallFile> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new UnfitFile('it is no plain file');
    if (status.size > MAX_BYTES) throw new UnfitFile('it is larger than 1 MiB');
    return { text: await handle.readFile('utf8'), mode: status.mode, changedAt: status.ctimeMs };
  } finally {
    await handle.close();
  }
}
