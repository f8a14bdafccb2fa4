import { NicError } from '../../lib/errors.js';
import { readSmallFile, UnfitFile } from './read-small-file.js';

/** Where QingCloud's images keep the id of the instance they run on. */
export const INSTANCE_ID_FILE = '/etc/qingcloud/instance-id';

/**
 * Reads the id of this instance, one word such as `i-0abcdef1`. White space around it is cut off: the file often ends with a line feed.
 * @throws NicError `ERR_CONFIG` that names the file
 */
export async function readInstanceId(file: string): Promise<string> {
  let text: string;
  try {
    ({ text } = await readSmallFile(file));
  } catch (error) {
    if (error instanceof UnfitFile) {
      throw new NicError('ERR_CONFIG', `${file}: this cannot be the file with the id of this instance: ${error.message}`, { cause: error });
    }
    throw new NicError('ERR_CONFIG', `${file}: the id of this instance cannot be read; is this host a QingCloud instance?`, {
      cause: error,
    });
  }
  const id = text.trim();
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(id)) {
    throw new NicError('ERR_CONFIG', `${file}: must hold the id of this instance, one word such as i-0abcdef1, and nothing else`);
  }
  return id;
}
