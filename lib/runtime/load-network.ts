import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { checkNetworkName } from '../cni/index.js';
import { isNicError, NicError } from '../errors.js';
import { nodeFiles, type RuntimeFiles } from './files.js';
import type { NetworkList, PluginConfig } from './network-list.js';
import { parseNetworkList, parsePluginConfig, parseSingleNetwork } from './parse-network.js';

/** A configuration file: with what is in it, or with the reason why nothing can be made of it. */
export interface NetworkFile {
  /** Its path. */
  readonly file: string;
  /** The network; undefined when there is an error. */
  readonly network: NetworkList | undefined;
  /** What is wrong with the file; undefined when there is a network. */
  readonly error: NicError | undefined;
}

/** The text after the last dot, as Go's `filepath.Ext`, without it when there is none. */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

/** The files of a folder with one of the extensions, in byte order of their names; undefined when there is no folder. */
async function listFiles(folder: string, extensions: readonly string[], files: RuntimeFiles): Promise<readonly string[]> {
  const entries = (await files.list(folder)) ?? [];
  return entries
    .filter((entry) => !entry.isFolder && extensions.includes(extensionOf(entry.name)))
    .map((entry) => entry.name)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => join(folder, name));
}

/** The file is named at the end, since the beginnings of the messages are those of the reference. */
function inFile(file: string, error: NicError): NicError {
  return new NicError(error.code, `${error.message} (in ${file})`, { cause: error });
}

async function readFile(file: string, files: RuntimeFiles): Promise<Uint8Array> {
  const bytes = await files.read(file);
  if (bytes === undefined) throw new NicError('ERR_IO', `error reading ${file}: it is gone`);
  return bytes;
}

async function readWith<T>(file: string, files: RuntimeFiles, parse: (bytes: Uint8Array) => E.Either<NicError, T>): Promise<T> {
  const parsed = parse(await readFile(file, files));
  if (E.isLeft(parsed)) throw inFile(file, parsed.left);
  return parsed.right;
}

async function readFolder(folder: string, files: RuntimeFiles): Promise<readonly PluginConfig[]> {
  let names: readonly string[];
  try {
    names = await listFiles(folder, ['.conf'], files);
  } catch (error) {
    if (!isNicError(error)) throw error;
    throw new NicError(error.code, `failed to read plugin config files in ${folder}: ${error.message}`, { cause: error });
  }
  const plugins: PluginConfig[] = [];
  for (const name of names) plugins.push(await readWith(name, files, parsePluginConfig));
  return plugins;
}

async function readList(folder: string, file: string, files: RuntimeFiles): Promise<NetworkList> {
  const list = await readWith(file, files, parseNetworkList);
  // A name that is none, such as `../elsewhere`, must not lead out of the folder; a network of such a name cannot be used anyway.
  const merges = !list.loadOnlyInlinedPlugins && E.isRight(checkNetworkName(list.name));
  const plugins = [...list.plugins, ...(merges ? await readFolder(join(folder, list.name), files) : [])];
  if (plugins.length === 0) throw inFile(file, new NicError('ERR_CONFIG', 'no plugin configs found'));
  return { ...list, plugins };
}

const listExtensions = ['.conflist'];
const singleExtensions = ['.conf', '.json'];

/**
 * Loads a network by its name, as runtimes do: all `.conflist` files first, then `.conf` and `.json` together, each in byte order of the
 * names; the first match wins. Unless the list says `loadOnlyInlinedPlugins`, the `.conf` files in the folder beside it that is named after
 * the network are further plugins.
 * @throws NicError `ERR_NO_NETWORKS` when the folder has no configuration, `ERR_NETWORK_NOT_FOUND` when it has none of that name,
 * `ERR_CONFIG` when a file that comes before the match cannot be understood, `ERR_IO` when one cannot be read
 */
export async function loadNetwork(folder: string, name: string, files: RuntimeFiles = nodeFiles): Promise<NetworkList> {
  const lists = await listFiles(folder, listExtensions, files);
  for (const file of lists) {
    const list = await readList(folder, file, files);
    if (list.name === name) return list;
  }
  const singles = await listFiles(folder, singleExtensions, files);
  if (lists.length + singles.length === 0) throw new NicError('ERR_NO_NETWORKS', `no net configurations found in ${folder}`);
  for (const file of singles) {
    const list = await readWith(file, files, parseSingleNetwork);
    if (list.name === name) return list;
  }
  throw new NicError('ERR_NETWORK_NOT_FOUND', `no net configuration with name ${JSON.stringify(name)} in ${folder}`);
}

/**
 * Loads every configuration of a folder, in the order in which {@link loadNetwork} looks at them. A file that cannot be understood is
 * given with its error.
 * @throws NicError `ERR_IO` when the folder cannot be read; one that is not there is empty
 */
export async function loadNetworks(folder: string, files: RuntimeFiles = nodeFiles): Promise<readonly NetworkFile[]> {
  const lists = (await listFiles(folder, listExtensions, files)).map((file) => ({ file, read: () => readList(folder, file, files) }));
  const singles = (await listFiles(folder, singleExtensions, files)).map((file) => ({
    file,
    read: () => readWith(file, files, parseSingleNetwork),
  }));
  const loaded: NetworkFile[] = [];
  for (const { file, read } of [...lists, ...singles]) {
    try {
      loaded.push({ file, network: await read(), error: undefined });
    } catch (error) {
      if (!isNicError(error)) throw error;
      loaded.push({ file, network: undefined, error });
    }
  }
  return loaded;
}
