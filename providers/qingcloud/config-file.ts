import { homedir } from 'node:os';
import { orThrow } from '../../lib/codec.js';
import { NicError } from '../../lib/errors.js';
import { type Logger, silentLogger } from '../../lib/log.js';
import { parseConfig, type QingCloudConfig } from './config.js';
import { readSmallFile, UnfitFile } from './read-small-file.js';

/** What {@link readConfig} takes beside the file. */
export interface ReadConfigOptions {
  /** Hears a warning when everybody may read or change the file. */
  readonly log?: Logger;
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'an unknown error';
}

function unreadable(file: string, cause: unknown): NicError {
  if (cause instanceof UnfitFile) {
    return new NicError('ERR_CONFIG', `${file}: this cannot be the provider file: ${cause.message}`, { cause });
  }
  const code = errorCode(cause);
  const what = code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such provider file' : `the provider file cannot be read: ${code}`;
  return new NicError('ERR_CONFIG', `${file}: ${what}`, { cause });
}

/**
 * Reads a provider file, such as `/etc/qingcloud/client.yaml`. A leading `~/` is the home folder, as in the vendor's SDK.
 * @throws NicError `ERR_CONFIG` that names the file, and the key or line, and shows no value
 */
export async function readConfig(file: string, options: ReadConfigOptions = {}): Promise<QingCloudConfig> {
  const path = file.startsWith('~/') ? `${homedir()}${file.slice(1)}` : file;
  const { text, mode, changedAt } = await readSmallFile(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const config = { ...orThrow(parseConfig(text, path)), revision: `${changedAt}` };
  const log = options.log ?? silentLogger;
  if ((mode & 0o004) !== 0) log.warn(`${path} holds the secret access key and everybody on this host may read it; run: chmod 600 ${path}`);
  if ((mode & 0o002) !== 0) log.warn(`${path} says where requests go and everybody on this host may change it; run: chmod 600 ${path}`);
  return config;
}
