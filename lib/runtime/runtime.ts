import type { Clock } from '../clock.js';
import type { AnyResult, CniVersion, EnvironmentVariables, PluginExec, ValidAttachment } from '../cni/index.js';
import type { CachedAttachment, NetworkAttachment } from './attachment.js';
import type { CallHook } from './call.js';
import type { RuntimeFiles } from './files.js';
import type { CallLimit } from './limit.js';
import type { NetworkList } from './network-list.js';
import type { TraceContext } from './variables.js';

/** What every operation takes beside its subject. */
export interface OperationOptions extends CallLimit {
  /** The trace that it belongs to: plugins get it in TRACEPARENT, TRACESTATE and BAGGAGE. */
  readonly trace?: TraceContext;
}

/** What {@link CniRuntime.addOrRollBack} takes beside its subject. */
export interface AddOrRollBackOptions extends OperationOptions {
  /** How long the DEL after a failure may take, in milliseconds, whatever was left of the ADD's own limit; default 30,000. */
  readonly rollBackTimeoutMs?: number;
}

/** What {@link CniRuntime.gc} takes beside its subject. */
export interface GcOptions extends OperationOptions {
  /**
   * The attachments to keep. Without the list every attachment in the cache counts as stale, as with an empty one, and plugins get no list:
   * what they make of that differs.
   */
  readonly validAttachments?: readonly ValidAttachment[];
}

/** What `createRuntime` takes. */
export interface RuntimeOptions {
  /** Where plugins are, in order, such as `['/opt/cni/bin']`. */
  readonly pluginDirs: readonly string[];
  /** Where results are kept between ADD and DEL, in the folder `results`; default `/var/lib/cni`, which containerd and podman use too. */
  readonly cacheDir?: string;
  /** Starts plugins; by default as processes of this machine. */
  readonly exec?: PluginExec;
  /** Files; by default those of this machine. */
  readonly files?: RuntimeFiles;
  /** Told of every call of a plugin, for logs, metrics and spans. */
  readonly onCall?: CallHook;
  /** The environment that plugins inherit; by default this process's own. */
  readonly env?: EnvironmentVariables;
  /** Time. */
  readonly clock?: Clock;
  /** Leaves `capabilities` in the requests to plugins, as the reference does against the spec; default false. */
  readonly keepCapabilities?: boolean;
}

/**
 * Calls CNI plugins as a container runtime does.
 *
 * What the caller owes: it makes the namespace before ADD and removes it after DEL; sends DEL after every ADD, failed ones too; never runs
 * two operations for one container at once, nor GC beside ADD or DEL of the same network: nothing is locked here.
 *
 * Every operation rejects with `PluginCallError` when a plugin fails, with code `ERR_DEADLINE` or `ERR_CANCELLED` when the caller's
 * limits stopped it. Its process group is killed then.
 *
 * @see https://github.com/containernetworking/cni/blob/main/SPEC.md#section-3-execution-of-network-configurations
 */
export interface CniRuntime {
  /**
   * Attaches a container to a network: ADD to each plugin in order, each with the result of the one before. Nothing is taken back on
   * failure: the caller sends DEL, or uses {@link CniRuntime.addOrRollBack}.
   * @returns the last plugin's result, as it answered; it is kept in the cache
   * @throws NicError `ERR_STATE` when the cache file is another attachment's, `ERR_IO` when it cannot be written
   */
  add(list: NetworkList, attachment: NetworkAttachment, options?: OperationOptions): Promise<AnyResult>;
  /**
   * The same, and on failure a DEL of the whole network with a time limit of its own, also when the caller's signal stopped the ADD.
   * @throws what ADD threw; PluginChainError with both when the DEL failed too
   */
  addOrRollBack(list: NetworkList, attachment: NetworkAttachment, options?: AddOrRollBackOptions): Promise<AnyResult>;
  /**
   * Detaches: DEL to each plugin in reverse order, as far as the first error. After that it can be sent again.
   * A cached result that cannot be read is done without.
   */
  del(list: NetworkList, attachment: NetworkAttachment, options?: OperationOptions): Promise<void>;
  /**
   * Makes sure that an attachment is as ADD left it: CHECK to each plugin in order.
   * @throws NicError `ERR_NOT_SUPPORTED` when the network's version is below 0.4.0
   */
  check(list: NetworkList, attachment: NetworkAttachment, options?: OperationOptions): Promise<void>;
  /**
   * Removes what belongs to no valid attachment: DEL for stale ones in the cache, then GC to each plugin from version 1.1.0 on.
   * @throws PluginChainError with all errors: one does not keep the rest from being tried
   */
  gc(list: NetworkList, options?: GcOptions): Promise<void>;
  /** Asks each plugin whether it can serve ADD, from version 1.1.0 on. Rejects with the first that cannot; `cniCode` says 50 or 51. */
  status(list: NetworkList, options?: OperationOptions): Promise<void>;
  /**
   * Makes sure that all plugins are there and support the network's version.
   * @returns the capabilities that the plugins list
   * @throws PluginChainError with all problems
   */
  validate(list: NetworkList, options?: OperationOptions): Promise<readonly string[]>;
  /** The spec versions that a plugin supports, as it answers to VERSION. @param type the plugin's name */
  version(type: string, options?: OperationOptions): Promise<readonly string[]>;
  /** The highest version that all plugins of a network support; undefined when there is none. */
  commonVersion(list: NetworkList, options?: OperationOptions): Promise<CniVersion | undefined>;
  /** The result of an attachment in the network's version; undefined when none is kept. @throws NicError when it cannot be read */
  cachedResult(list: NetworkList, attachment: NetworkAttachment): Promise<AnyResult | undefined>;
  /**
   * What an attachment was made with: configuration, args, capability values, namespace. For a DEL that does not depend on the
   * configuration of today. Undefined when none is kept.
   * @param network name of the network
   * @throws NicError when it cannot be read
   */
  cachedConfig(network: string, attachment: NetworkAttachment): Promise<CachedAttachment | undefined>;
  /**
   * All attachments in the cache, or those of one container.
   * @throws NicError `ERR_IO` when the cache cannot be read
   */
  attachments(containerId?: string): Promise<readonly CachedAttachment[]>;
}
