import type { CallLimiter } from '../../lib/call-budget/index.js';
import type { Clock } from '../../lib/clock.js';
import { CniError, cniCodes } from '../../lib/cni/index.js';
import type { Logger } from '../../lib/log.js';
import type { NicProvider } from '../../lib/provider.js';

/** What a provider is made of. */
export interface ProviderOptions {
  /** The provider's own settings file. */
  readonly configFile: string;
  /** File that holds this instance's id. */
  readonly instanceIdFile: string;
  /** NICs that an instance can hold, the primary one included; what the provider knows without it. */
  readonly nicsPerInstance: number | undefined;
  /** Time. */
  readonly clock: Clock;
  /** Makes what keeps this host to its budget of API calls, for an account. */
  readonly createLimiter: (account: string) => CallLimiter;
  /** Hears what is done. */
  readonly log: Logger;
}

/** Makes a provider. Rejects with NicError `ERR_CONFIG` when its settings are not usable. */
export type ProviderFactory = (options: ProviderOptions) => Promise<NicProvider>;

/** Providers by the name that configurations give them. Each is loaded only when it is asked for. */
export const providers: Readonly<Record<string, ProviderFactory>> = {
  async qingcloud({ configFile, instanceIdFile, createLimiter, nicsPerInstance, clock, log }) {
    const { createQingCloudProvider, readConfig } = await import('../../providers/qingcloud/index.js');
    const config = await readConfig(configFile, { log });
    // The cloud counts the calls of an account, whichever of its keys they are signed with; a host has one key as a rule.
    const limiter = createLimiter(`qingcloud ${config.host} ${config.accessKeyId}`);
    const limits = nicsPerInstance === undefined ? {} : { nicsPerInstance };
    return createQingCloudProvider({ config, instanceIdFile, limiter, clock, log, ...limits });
  },
};

/**
 * Finds a provider.
 * @throws CniError 7 that names the value and what there is
 */
export function findProvider(table: Readonly<Record<string, ProviderFactory>>, name: string): ProviderFactory {
  const factory = Object.hasOwn(table, name) ? table[name] : undefined;
  if (factory !== undefined) return factory;
  const known = Object.keys(table).join(', ');
  throw new CniError(cniCodes.invalidNetworkConfig, `provider ${JSON.stringify(name)} is not known; known: ${known}`);
}
