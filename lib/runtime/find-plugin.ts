import { join } from 'node:path';
import { NicError } from '../errors.js';

/**
 * Looks for a plugin's executable: the first regular file of that name. Whether it may be executed shows when it is started.
 * @param type the plugin's name
 * @param folders where to look, in order; empty texts are passed over, since they would mean the working directory
 * @param isFile whether a path is a regular file, or a link to one
 * @throws NicError `ERR_PLUGIN` when there is none, or when the name is none
 */
export async function findPlugin(type: string, folders: readonly string[], isFile: (path: string) => Promise<boolean>): Promise<string> {
  if (type === '') throw new NicError('ERR_PLUGIN', 'no plugin name provided');
  if (type.includes('/') || type.includes('\0')) throw new NicError('ERR_PLUGIN', `invalid plugin name: ${type}`);
  if (folders.length === 0) throw new NicError('ERR_PLUGIN', 'no paths provided');
  for (const folder of folders) {
    // A file without any folder would be looked for in PATH when it is started.
    if (folder === '') continue;
    const file = join(folder, type);
    if (await isFile(file)) return file.includes('/') ? file : `./${file}`;
  }
  throw new NicError('ERR_PLUGIN', `failed to find plugin ${JSON.stringify(type)} in path [${folders.join(' ')}]`);
}
