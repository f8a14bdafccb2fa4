import type { NetworkConfig } from './network-config.js';
import type { AnyResult } from './result.js';
import type { CniVersion } from './version.js';

/** The operations of CNI. */
export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

/** What a handler gets. Texts that the runtime left out are empty. */
export interface PluginRequest {
  /** The operation. */
  readonly command: CniCommand;
  /** CNI_CONTAINERID; checked for ADD, DEL and CHECK, of no meaning otherwise. */
  readonly containerId: string;
  /** CNI_NETNS: path of the container's network namespace. Empty on DEL when the runtime names none, or named the plugin's own. */
  readonly netns: string;
  /** CNI_IFNAME; checked for ADD, DEL and CHECK, of no meaning otherwise. */
  readonly ifname: string;
  /** CNI_ARGS as text; see `parseCniArgs`. */
  readonly args: string;
  /** CNI_PATH: where delegated plugins are looked for, joined by the system's list separator. */
  readonly path: string;
  /** CNI_NETNS_OVERRIDE is `1` or `true`: the plugin's own namespace is allowed as CNI_NETNS. */
  readonly netnsOverride: boolean;
  /** The configuration. */
  readonly config: NetworkConfig;
  /** Standard input as text, to hand to delegated plugins. */
  readonly stdin: string;
  /** Aborts when the command shall end early: deadline, SIGTERM, SIGINT, an error that nobody caught. Unwind and reject then. */
  readonly signal: AbortSignal;
}

/** An attachment that GC must keep. */
export interface ValidAttachment {
  /** The container. */
  readonly containerId: string;
  /** The interface in it. */
  readonly ifname: string;
}

/** What the GC handler gets. */
export interface GcRequest extends PluginRequest {
  /**
   * The attachments to keep, from `cni.dev/valid-attachments` or the older spelling `cni.dev/attachments`.
   * Undefined when neither is there, which is not the same as an empty list: nothing may be deleted then.
   */
  readonly validAttachments: readonly ValidAttachment[] | undefined;
}

/**
 * A CNI plugin: one function for each operation it serves. An operation without one succeeds silently, after the version rules.
 *
 * What a function rejects with becomes the error object on standard output; see `toCniError`.
 */
export interface Plugin {
  /** One line printed to standard error when the executable is started by hand, without CNI_COMMAND. */
  readonly about?: string;
  /** The spec versions it supports, such as `allVersions` or `versionsFrom('0.3.1')`. */
  readonly versions: readonly CniVersion[];
  /** How long one command may take, in milliseconds from its start; unlimited without it. May depend on the configuration. */
  readonly deadlineMs?: number | ((config: NetworkConfig) => number | undefined);
  /** How long a handler may take to come back after its signal aborted, in milliseconds; then code 11 is answered without it. Default 5000. */
  readonly graceMs?: number;
  /** Adds a container to the network. Its result is printed in the configuration's version. */
  add?(request: PluginRequest): Promise<AnyResult>;
  /** Removes a container from the network; must succeed when there is nothing left to remove. */
  del?(request: PluginRequest): Promise<void>;
  /** Rejects when what ADD made is missing or wrong. */
  check?(request: PluginRequest): Promise<void>;
  /** Removes what belongs to no valid attachment. */
  gc?(request: GcRequest): Promise<void>;
  /** Rejects with code 50 or 51 when ADD cannot be served. */
  status?(request: PluginRequest): Promise<void>;
}
