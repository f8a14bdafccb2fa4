import { isNicError, type NicErrorCode } from '../../lib/errors.js';
import { PluginCallError, PluginChainError } from '../../lib/runtime/index.js';
import { formatCall } from './report.js';

/** What the command exits with. */
export const exitCodes = {
  /** Done. */
  done: 0,
  /** A plugin, or the keeping of its result, failed. */
  failed: 1,
  /** Wrong use, no such network, a configuration that cannot be used. */
  wrongUse: 2,
  /** It may work later: the time limit, or a plugin that says so (code 11). */
  tryAgain: 3,
  /** Stopped by a signal. */
  stopped: 130,
} as const;

const wrongUse: readonly NicErrorCode[] = ['ERR_CONFIG', 'ERR_NO_NETWORKS', 'ERR_NETWORK_NOT_FOUND', 'ERR_NOT_SUPPORTED'];

/** CNI's number of a passing state. */
const tryAgainLater = 11;

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (isNicError(error, 'ERR_CANCELLED')) return exitCodes.stopped;
  if (isNicError(error, 'ERR_DEADLINE')) return exitCodes.tryAgain;
  if (error instanceof PluginCallError && error.cniCode === tryAgainLater) return exitCodes.tryAgain;
  if (error instanceof PluginChainError || error instanceof PluginCallError) return exitCodes.failed;
  return isNicError(error, ...wrongUse) ? exitCodes.wrongUse : exitCodes.failed;
}

/** An error as JSON, with all that is known about it. */
export function toErrorJson(error: unknown): Readonly<Record<string, unknown>> {
  const message = error instanceof Error ? error.message : String(error);
  const code = isNicError(error) ? error.code : undefined;
  if (error instanceof PluginChainError) return { code, message, errors: error.errors.map(toErrorJson) };
  if (!(error instanceof PluginCallError)) {
    return error instanceof Error && error.cause instanceof PluginCallError ? { ...toErrorJson(error.cause), message } : { code, message };
  }
  const { plugin, file, command, network, containerId, ifname, durationMs, exitCode, signal, stdout, stderr, cniCode } = error;
  return { code, cniCode, message, plugin, file, command, network, containerId, ifname, durationMs, exitCode, signal, stdout, stderr };
}

function detailsOf(error: unknown): readonly string[] {
  if (error instanceof PluginChainError) return error.errors.flatMap(detailsOf);
  if (error instanceof PluginCallError) {
    const said = error.stderr.trimEnd();
    return [formatCall(error), ...(said === '' ? [] : said.split('\n').map((line) => `${error.plugin}: ${line}`))];
  }
  return error instanceof Error && error.cause instanceof PluginCallError ? detailsOf(error.cause) : [];
}

/** An error as text: what is wrong, then how the plugins went and what they wrote to standard error. */
export function formatFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return [`cni: ${message.replaceAll('\n', '\ncni: ')}`, ...detailsOf(error).map((line) => `  ${line}`)].join('\n');
}
