import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { type AnyResult, checkContainerId, checkInterfaceName, checkNetworkName } from '../cni/index.js';
import { orThrow } from '../codec.js';
import { isNicError, NicError } from '../errors.js';
import type { CachedAttachment, NetworkAttachment } from './attachment.js';
import { type CacheEntry, cacheFileName, formatCacheFile, parseCacheFile, readCachedResult } from './cache-file.js';
import type { RuntimeFiles } from './files.js';

/** Fields that say nothing are those of files that were written by hand; they cannot contradict. */
function belongsTo(entry: CacheEntry, network: string, { containerId, ifname }: NetworkAttachment): boolean {
  const { attachment } = entry;
  if (attachment === undefined) return true;
  const same = (found: string, wanted: string): boolean => found === '' || found === wanted;
  return same(attachment.network, network) && same(attachment.containerId, containerId) && same(attachment.ifname, ifname);
}

/** Only what can be asked for again by its names is an attachment. */
function isComplete({ network, containerId, ifname }: CachedAttachment): boolean {
  return E.isRight(checkNetworkName(network)) && E.isRight(checkContainerId(containerId)) && E.isRight(checkInterfaceName(ifname));
}

/**
 * The results of attachments, kept from ADD to DEL: one file each in the folder `results`, in the format and under the names of the
 * reference library, so that it, containerd and podman go on with what this one began, and the other way round.
 */
export class ResultCache {
  readonly #files: RuntimeFiles;
  readonly #folder: string;

  /** @param cacheDir the folder above `results` */
  constructor(cacheDir: string, files: RuntimeFiles) {
    this.#files = files;
    this.#folder = join(cacheDir, 'results');
  }

  async #read(network: string, attachment: NetworkAttachment): Promise<CacheEntry | undefined> {
    const file = join(this.#folder, orThrow(cacheFileName(network, attachment)));
    const bytes = await this.#files.read(file);
    return bytes === undefined ? undefined : orThrow(parseCacheFile(bytes));
  }

  /**
   * Makes sure that the file of an attachment is not another one's, whose names happen to lead to it.
   * @throws NicError `ERR_STATE`
   */
  async assertFree(network: string, attachment: NetworkAttachment): Promise<void> {
    let entry: CacheEntry | undefined;
    try {
      entry = await this.#read(network, attachment);
    } catch (error) {
      // What nobody can read is nobody's.
      if (isNicError(error)) return;
      throw error;
    }
    if (entry === undefined || belongsTo(entry, network, attachment)) return;
    const other = entry.attachment;
    throw new NicError(
      'ERR_STATE',
      `the cache file of container ${attachment.containerId} in network ${network} is that of container ${other?.containerId} in ` +
        `network ${other?.network}: choose names that do not run together`,
    );
  }

  /** Keeps a result. @throws NicError `ERR_IO` */
  async write(network: string, config: Uint8Array, attachment: NetworkAttachment, result: AnyResult): Promise<void> {
    const file = join(this.#folder, orThrow(cacheFileName(network, attachment)));
    await this.#files.replace(file, new TextEncoder().encode(formatCacheFile(network, config, attachment, result)));
  }

  /**
   * The result of an attachment in a version; undefined when there is none.
   * @throws NicError when the file cannot be read, decoded or converted
   */
  async result(network: string, version: string, attachment: NetworkAttachment): Promise<AnyResult | undefined> {
    const entry = await this.#read(network, attachment);
    if (entry === undefined || !belongsTo(entry, network, attachment)) return undefined;
    return orThrow(readCachedResult(entry.result, version));
  }

  /**
   * What is known of an attachment; undefined when there is no file.
   * @throws NicError `ERR_DECODE` when the file is of another kind, such as the bare result of older libraries
   */
  async attachment(network: string, attachment: NetworkAttachment): Promise<CachedAttachment | undefined> {
    const entry = await this.#read(network, attachment);
    if (entry === undefined || !belongsTo(entry, network, attachment)) return undefined;
    if (entry.attachment === undefined) {
      throw new NicError('ERR_DECODE', `read cached network ${JSON.stringify(network)} config has wrong kind`);
    }
    return entry.attachment;
  }

  /** Forgets an attachment. A file that is another one's stays. */
  async remove(network: string, attachment: NetworkAttachment): Promise<void> {
    const name = cacheFileName(network, attachment);
    if (E.isLeft(name)) return;
    const entry = await this.#read(network, attachment).catch((error: unknown) => {
      if (isNicError(error)) return undefined;
      throw error;
    });
    if (entry !== undefined && !belongsTo(entry, network, attachment)) return;
    await this.#files.remove(join(this.#folder, name.right));
  }

  /**
   * All attachments, in order of their files' names. Files that are unreadable, of another kind or incomplete are passed over.
   * @throws NicError `ERR_IO` when the folder cannot be read; one that is not there is empty
   */
  async attachments(): Promise<readonly CachedAttachment[]> {
    const entries = (await this.#files.list(this.#folder)) ?? [];
    const names = entries.filter((entry) => !entry.isFolder).map((entry) => entry.name);
    names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const found: CachedAttachment[] = [];
    for (const name of names) {
      const attachment = await this.#readQuietly(join(this.#folder, name));
      if (attachment !== undefined && isComplete(attachment)) found.push(attachment);
    }
    return found;
  }

  async #readQuietly(file: string): Promise<CachedAttachment | undefined> {
    try {
      const bytes = await this.#files.read(file);
      const entry = bytes === undefined ? E.right(undefined) : parseCacheFile(bytes);
      return E.isRight(entry) ? entry.right?.attachment : undefined;
    } catch (error) {
      if (isNicError(error, 'ERR_IO')) return undefined;
      throw error;
    }
  }
}
