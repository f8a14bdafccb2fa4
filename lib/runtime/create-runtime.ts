import { systemClock } from '../clock.js';
import type { AnyResult } from '../cni/index.js';
import { NicError } from '../errors.js';
import type { CachedAttachment, NetworkAttachment } from './attachment.js';
import type { CallScope, RuntimeContext } from './call.js';
import { addNetwork, checkNetwork, deleteNetwork, readCached } from './chain.js';
import { askStatus, collectNetwork } from './collect.js';
import { createPluginExec } from './exec.js';
import { nodeFiles } from './files.js';
import { within } from './limit.js';
import type { NetworkList } from './network-list.js';
import { PluginChainError } from './plugin-error.js';
import { askVersions, highestCommonVersion, validateNetwork } from './probe.js';
import { ResultCache } from './result-cache.js';
import type { AddOrRollBackOptions, CniRuntime, GcOptions, OperationOptions, RuntimeOptions } from './runtime.js';

/** Where the reference keeps results. */
const defaultCacheDir = '/var/lib/cni';
const defaultRollBackTimeoutMs = 30_000;

function toContext(options: RuntimeOptions): RuntimeContext {
  const { pluginDirs, cacheDir = defaultCacheDir, files = nodeFiles, clock = systemClock } = options;
  return {
    pluginDirs,
    exec: options.exec ?? createPluginExec({ clock }),
    cache: new ResultCache(cacheDir, files),
    env: options.env ?? process.env,
    clock,
    onCall: options.onCall ?? (() => undefined),
    keepCapabilities: options.keepCapabilities ?? false,
  };
}

class PluginRuntime implements CniRuntime {
  readonly #context: RuntimeContext;

  constructor(context: RuntimeContext) {
    this.#context = context;
  }

  #run<T>(what: string, options: OperationOptions, work: (scope: CallScope) => Promise<T>): Promise<T> {
    return within(what, options, this.#context.clock, (signal) => work({ signal, trace: options.trace }));
  }

  add(list: NetworkList, attachment: NetworkAttachment, options: OperationOptions = {}): Promise<AnyResult> {
    return this.#run('ADD', options, (scope) => addNetwork(this.#context, list, attachment, scope));
  }

  async addOrRollBack(list: NetworkList, attachment: NetworkAttachment, options: AddOrRollBackOptions = {}): Promise<AnyResult> {
    try {
      return await this.add(list, attachment, options);
    } catch (error) {
      // Nothing was made, and what is there is another attachment's.
      if (!(error instanceof Error) || (error instanceof NicError && error.code === 'ERR_STATE')) throw error;
      const { rollBackTimeoutMs = defaultRollBackTimeoutMs, trace } = options;
      try {
        await this.del(list, attachment, { timeoutMs: rollBackTimeoutMs, ...(trace === undefined ? {} : { trace }) });
      } catch (second) {
        const also = second instanceof Error ? second : new Error(String(second));
        throw new PluginChainError(`${error.message}; and taking it back failed too: ${also.message}`, [error, also]);
      }
      throw error;
    }
  }

  del(list: NetworkList, attachment: NetworkAttachment, options: OperationOptions = {}): Promise<void> {
    return this.#run('DEL', options, (scope) => deleteNetwork(this.#context, list, attachment, scope));
  }

  check(list: NetworkList, attachment: NetworkAttachment, options: OperationOptions = {}): Promise<void> {
    return this.#run('CHECK', options, (scope) => checkNetwork(this.#context, list, attachment, scope));
  }

  gc(list: NetworkList, options: GcOptions = {}): Promise<void> {
    return this.#run('GC', options, (scope) => collectNetwork(this.#context, list, options.validAttachments, scope));
  }

  status(list: NetworkList, options: OperationOptions = {}): Promise<void> {
    return this.#run('STATUS', options, (scope) => askStatus(this.#context, list, scope));
  }

  validate(list: NetworkList, options: OperationOptions = {}): Promise<readonly string[]> {
    return this.#run('VERSION', options, (scope) => validateNetwork(this.#context, list, scope));
  }

  version(type: string, options: OperationOptions = {}): Promise<readonly string[]> {
    return this.#run('VERSION', options, (scope) => askVersions(this.#context, type, scope));
  }

  commonVersion(list: NetworkList, options: OperationOptions = {}): ReturnType<CniRuntime['commonVersion']> {
    return this.#run('VERSION', options, async (scope) => {
      const types = [...new Set(list.plugins.map(({ type }) => type))];
      return highestCommonVersion(await Promise.all(types.map((type) => askVersions(this.#context, type, scope))));
    });
  }

  cachedResult(list: NetworkList, attachment: NetworkAttachment): Promise<AnyResult | undefined> {
    return readCached(this.#context, list, attachment);
  }

  cachedConfig(network: string, attachment: NetworkAttachment): Promise<CachedAttachment | undefined> {
    return this.#context.cache.attachment(network, attachment);
  }

  async attachments(containerId?: string): Promise<readonly CachedAttachment[]> {
    const all = await this.#context.cache.attachments();
    return containerId === undefined ? all : all.filter((one) => one.containerId === containerId);
  }
}

/** Makes a runtime that calls plugins. It holds nothing that would have to be closed. */
export function createRuntime(options: RuntimeOptions): CniRuntime {
  return new PluginRuntime(toContext(options));
}
