import * as E from 'fp-ts/lib/Either.js';
import type { Clock } from '../clock.js';
import { type CniCommand, type EnvironmentVariables, isCniError, type PluginExec, type PluginOutcome, readOutcome } from '../cni/index.js';
import { isNicError, type NicErrorCode } from '../errors.js';
import type { NetworkAttachment } from './attachment.js';
import { type PluginCall, PluginCallError } from './plugin-error.js';
import type { ResultCache } from './result-cache.js';
import { PluginStoppedError } from './stopped-error.js';
import type { TraceContext } from './variables.js';

/** Told of every call of a plugin, when it has ended. What it throws is ignored: a log must not break a network. */
export type CallHook = (call: PluginCall, error: PluginCallError | undefined) => void;

/** What all operations work with. */
export interface RuntimeContext {
  /** Where plugins are, in order. */
  readonly pluginDirs: readonly string[];
  /** Starts plugins. */
  readonly exec: PluginExec;
  /** Results. */
  readonly cache: ResultCache;
  /** The environment that plugins inherit. */
  readonly env: EnvironmentVariables;
  /** Time. */
  readonly clock: Clock;
  /** Told of every call. */
  readonly onCall: CallHook;
  /** Leaves `capabilities` in requests. */
  readonly keepCapabilities: boolean;
}

/** What ends an operation early, and what it belongs to. */
export interface CallScope {
  /** Kills the plugin that runs. */
  readonly signal: AbortSignal;
  /** The trace of the operation. */
  readonly trace: TraceContext | undefined;
}

/** One run of a plugin to make. */
export interface CallPlan<T> {
  /** The plugin's type. */
  readonly type: string;
  /** The command. */
  readonly command: CniCommand;
  /** Name of the network; empty for VERSION. */
  readonly network: string;
  /** The attachment it is about; undefined for GC, STATUS and VERSION. */
  readonly attachment: NetworkAttachment | undefined;
  /** Makes the environment. */
  readonly env: EnvironmentVariables;
  /** Makes the request, once the plugin was found. What it throws is the call's error. */
  readonly request: () => string;
  /** Makes something of the answer. What it throws is the call's error. */
  readonly read: (stdout: string) => T;
  /** Puts the reason into the message of the operation. */
  readonly describe: (reason: string) => string;
}

/** An error as the reference prints it: message and details. */
function reasonOf(error: unknown): string {
  if (isCniError(error)) return error.details === '' ? error.message : `${error.message}; ${error.details}`;
  return error instanceof Error ? error.message : String(error);
}

/** What remains of a plugin that was stopped: its own words, and why it was. */
function stoppedReason(error: PluginStoppedError): { readonly reason: string; readonly cniCode: number | undefined } {
  const said = readOutcome(error.outcome);
  if (E.isLeft(said)) return { reason: `${reasonOf(said.left)} (${error.message})`, cniCode: said.left.cniCode };
  return { reason: `netplugin ended after it was told to stop (${error.message})`, cniCode: undefined };
}

function codeOf(error: unknown): NicErrorCode {
  return isNicError(error, 'ERR_DEADLINE', 'ERR_CANCELLED', 'ERR_CONFIG') ? error.code : 'ERR_PLUGIN';
}

/**
 * Finds a plugin, runs it, and makes something of its answer.
 * @throws PluginCallError for all that can go wrong
 */
export async function callPlugin<T>(context: RuntimeContext, scope: CallScope, plan: CallPlan<T>): Promise<T> {
  const { clock, exec, pluginDirs } = context;
  const startedAt = clock.now();
  let file: string | undefined;
  let outcome: PluginOutcome | undefined;
  const toCall = (): PluginCall => ({
    plugin: plan.type,
    file,
    command: plan.command,
    network: plan.network,
    containerId: plan.attachment?.containerId ?? '',
    ifname: plan.attachment?.ifname ?? '',
    startedAt,
    durationMs: clock.now() - startedAt,
    exitCode: outcome?.exitCode,
    signal: outcome?.signal,
    stdout: outcome?.stdout ?? '',
    stderr: outcome?.stderr ?? '',
  });
  const toError = (cause: unknown): PluginCallError => {
    if (cause instanceof PluginStoppedError) {
      outcome = cause.outcome;
      const { reason, cniCode } = stoppedReason(cause);
      return new PluginCallError(plan.describe(reason), { ...toCall(), code: cause.code, cniCode, cause });
    }
    const cniCode = isCniError(cause) ? cause.cniCode : undefined;
    return new PluginCallError(plan.describe(reasonOf(cause)), { ...toCall(), code: codeOf(cause), cniCode, cause });
  };
  const tell = (error?: PluginCallError): void => {
    try {
      context.onCall(toCall(), error);
    } catch {
      // Told where the type is declared.
    }
  };
  try {
    file = await exec.find(plan.type, pluginDirs);
    const stdin = plan.request();
    outcome = await exec.run({ file, env: plan.env, stdin, signal: scope.signal });
    const stdout = readOutcome(outcome);
    if (E.isLeft(stdout)) throw stdout.left;
    const value = plan.read(stdout.right);
    tell();
    return value;
  } catch (cause) {
    const error = toError(cause);
    tell(error);
    throw error;
  }
}
