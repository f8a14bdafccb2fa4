import { createNetworkConfig, impliedVersion, isCniVersion, type NetworkConfig } from '../../lib/cni/index.js';
import { NicError } from '../../lib/errors.js';
import { loadNetworks, type NetworkFile, type RuntimeFiles } from '../../lib/runtime/index.js';

function configsIn({ network }: NetworkFile): readonly NetworkConfig[] {
  if (network === undefined) return [];
  const version = isCniVersion(network.cniVersion) ? network.cniVersion : impliedVersion;
  return network.plugins
    .filter((plugin) => plugin.type === 'hostnic')
    .map((plugin) => createNetworkConfig(plugin.raw, network.name, version));
}

/**
 * Finds the networks of this plugin in a folder of configurations, as they are given to it.
 * @param name only the one of this name
 * @throws NicError `ERR_NO_NETWORKS`, `ERR_NETWORK_NOT_FOUND`, `ERR_IO`, and `ERR_CONFIG` when a file cannot be understood: what it keeps is not known
 */
export async function findConfigured(folder: string, name: string | undefined, files: RuntimeFiles): Promise<readonly NetworkConfig[]> {
  const loaded = await loadNetworks(folder, files);
  const configs = loaded.flatMap(configsIn).filter((config) => name === undefined || config.name === name);
  if (configs.length > 0) return configs;
  const broken = loaded.find(({ error }) => error !== undefined);
  if (broken?.error !== undefined) throw broken.error;
  if (name === undefined) throw new NicError('ERR_NO_NETWORKS', `${folder}: there is no network of type hostnic; see --conf-dir`);
  throw new NicError('ERR_NETWORK_NOT_FOUND', `${folder}: there is no network ${JSON.stringify(name)} of type hostnic`);
}
