import type { CniCommand } from '../cni/index.js';
import { NicError, type NicErrorCode } from '../errors.js';

/** One run of a plugin, also one that did not come about. */
export interface PluginCall {
  /** The plugin's type. */
  readonly plugin: string;
  /** Its executable; undefined when none was found. */
  readonly file: string | undefined;
  /** The command. */
  readonly command: CniCommand;
  /** Name of the network; empty for VERSION. */
  readonly network: string;
  /** CNI_CONTAINERID; empty for commands that are about no container. */
  readonly containerId: string;
  /** CNI_IFNAME; empty for commands that are about no container. */
  readonly ifname: string;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** Its exit code; undefined when it did not start or was ended by a signal. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, such as `SIGKILL`. */
  readonly signal: string | undefined;
  /** All it wrote to standard output, as it came. */
  readonly stdout: string;
  /** All it wrote to standard error. */
  readonly stderr: string;
}

/** What a {@link PluginCallError} is made of. */
export interface PluginCallErrorOptions extends PluginCall {
  /** The stable code: `ERR_PLUGIN`, or `ERR_DEADLINE` or `ERR_CANCELLED` when the plugin was stopped. */
  readonly code: NicErrorCode;
  /** The number in the plugin's error object. */
  readonly cniCode: number | undefined;
  /** The plugin's error, or why there is none. */
  readonly cause: unknown;
}

/**
 * Thrown when a plugin failed, could not be found or started, was stopped, or answered something that is no answer.
 *
 * The message is that of the reference. The fields hold what it drops: all that the plugin wrote, and how it ended.
 */
export class PluginCallError extends NicError implements PluginCall {
  /** The class, for logs. */
  override readonly name = 'PluginCallError';
  /** The plugin's type. */
  readonly plugin: string;
  /** Its executable; undefined when none was found. */
  readonly file: string | undefined;
  /** The command. */
  readonly command: CniCommand;
  /** Name of the network; empty for VERSION. */
  readonly network: string;
  /** CNI_CONTAINERID; empty for commands that are about no container. */
  readonly containerId: string;
  /** CNI_IFNAME; empty for commands that are about no container. */
  readonly ifname: string;
  /** When the call began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** Its exit code; undefined when it did not start or was ended by a signal. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, such as `SIGKILL`. */
  readonly signal: string | undefined;
  /** All it wrote to standard output, as it came. */
  readonly stdout: string;
  /** All it wrote to standard error. */
  readonly stderr: string;
  /** The number in the plugin's error object: 0 when it failed without one, undefined when it is not the plugin that says no. */
  readonly cniCode: number | undefined;

  /** @param message what went wrong, in the words of the reference */
  constructor(message: string, options: PluginCallErrorOptions) {
    super(options.code, message, { cause: options.cause });
    this.plugin = options.plugin;
    this.file = options.file;
    this.command = options.command;
    this.network = options.network;
    this.containerId = options.containerId;
    this.ifname = options.ifname;
    this.startedAt = options.startedAt;
    this.durationMs = options.durationMs;
    this.exitCode = options.exitCode;
    this.signal = options.signal;
    this.stdout = options.stdout;
    this.stderr = options.stderr;
    this.cniCode = options.cniCode;
  }
}

/** Thrown when an operation went on after an error, and has several to report. Its cause is the first of them. */
export class PluginChainError extends NicError {
  /** The class, for logs. */
  override readonly name = 'PluginChainError';
  /** All errors, in order. */
  readonly errors: readonly Error[];

  /** @param message all of them in words */
  constructor(message: string, errors: readonly [Error, ...Error[]]) {
    super(codeOf(errors[0]), message, { cause: errors[0] });
    this.errors = errors;
  }
}

function codeOf(error: Error): NicErrorCode {
  return error instanceof NicError ? error.code : 'ERR_PLUGIN';
}
