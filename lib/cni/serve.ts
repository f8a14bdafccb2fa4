import type { Clock } from '../clock.js';
import { orThrow } from '../codec.js';
import { type PluginAnswer, type PluginInput, toErrorAnswer } from './answer.js';
import { convertResult } from './convert.js';
import { type CniEnvironment, readEnvironment } from './environment.js';
import { CniError, cniCodes } from './error.js';
import { getKey, maxInputBytes, parseJsonObject } from './json.js';
import { checkNetworkName } from './names.js';
import { configVersion, negotiateVersion } from './negotiation.js';
import { createNetworkConfig, type NetworkConfig } from './network-config.js';
import type { CniCommand, Plugin, PluginRequest } from './plugin.js';
import type { AnyResult } from './result.js';
import { assertIndexes, formatResult } from './result-format.js';
import { runWithin } from './time-limit.js';
import { decodeValidAttachments } from './valid-attachments.js';
import type { CniVersion } from './version.js';

/** Time a handler has to come back after it was told to stop, unless the plugin says otherwise. */
const defaultGraceMs = 5000;

/** The reference's words for a configuration that cannot be read. */
const unreadableConfig = 'error unmarshall network config';

function isHandled(command: string): command is CniCommand {
  return ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'].includes(command);
}

async function readInput(input: PluginInput): Promise<Uint8Array> {
  try {
    return await input.readStdin(maxInputBytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    throw new CniError(cniCodes.ioFailure, `error reading from stdin: ${reason}`, { cause: error });
  }
}

function readName(raw: Readonly<Record<string, unknown>>): string {
  const name = getKey(raw, 'name') ?? '';
  if (typeof name !== 'string') throw new CniError(cniCodes.decodingFailure, `${unreadableConfig}: name must be a text`);
  return orThrow(checkNetworkName(name));
}

async function callHandler(plugin: Plugin, request: PluginRequest): Promise<AnyResult | undefined> {
  switch (request.command) {
    case 'ADD':
      return plugin.add?.(request);
    case 'DEL':
      await plugin.del?.(request);
      return undefined;
    case 'CHECK':
      await plugin.check?.(request);
      return undefined;
    case 'GC':
      await plugin.gc?.({ ...request, validAttachments: orThrow(decodeValidAttachments(request.config.raw)) });
      return undefined;
    default:
      await plugin.status?.(request);
      return undefined;
  }
}

function printResult(result: AnyResult, version: CniVersion): string {
  assertIndexes(result);
  return formatResult(orThrow(convertResult(result, version)));
}

/** Runs the command of a request that was read and agreed on. */
async function runCommand(
  plugin: Plugin,
  input: PluginInput,
  request: Omit<PluginRequest, 'signal'>,
  limit: { readonly clock: Clock; readonly startedAt: number },
): Promise<string> {
  const { command, config } = request;
  const guarded = (command === 'ADD' || command === 'DEL') && !request.netnsOverride && request.netns !== '';
  const sameNamespace = guarded && input.isOwnNamespace(request.netns);
  const mistaken = new CniError(cniCodes.invalidNamespace, "plugin's netns and netns from CNI_NETNS should not be the same");
  // The reference checks when the handler has already acted and printed. Here an ADD changes nothing, and a DEL cleans up all but
  // the namespace, since nobody may come back with a better one.
  if (sameNamespace && command === 'ADD') throw mistaken;
  const deadlineMs = typeof plugin.deadlineMs === 'function' ? plugin.deadlineMs(config) : plugin.deadlineMs;
  const result = await runWithin(
    command,
    {
      signal: input.signal,
      deadlineMs,
      startedAt: limit.startedAt,
      graceMs: plugin.graceMs ?? defaultGraceMs,
      clock: limit.clock,
    },
    (signal) => callHandler(plugin, { ...request, netns: sameNamespace ? '' : request.netns, signal }),
  );
  if (sameNamespace) throw mistaken;
  return result === undefined ? '' : printResult(result, config.cniVersion);
}

function toRequest(env: CniEnvironment, command: CniCommand, config: NetworkConfig, bytes: Uint8Array): Omit<PluginRequest, 'signal'> {
  const { containerId, netns, ifname, args, path, netnsOverride } = env;
  return { command, containerId, netns, ifname, args, path, netnsOverride, config, stdin: new TextDecoder().decode(bytes) };
}

/**
 * Serves a command other than VERSION, in the order of the reference: environment, standard input, name of the network, command,
 * versions, namespace, handler.
 */
export async function serve(plugin: Plugin, input: PluginInput, clock: Clock): Promise<PluginAnswer> {
  const startedAt = clock.now();
  let version: CniVersion | undefined;
  try {
    const env = orThrow(readEnvironment(input.env));
    const bytes = await readInput(input);
    const raw = parseJsonObject(bytes, unreadableConfig) ?? {};
    const name = readName(raw);
    const { command } = env;
    if (!isHandled(command)) throw new CniError(cniCodes.invalidEnvironment, `unknown CNI_COMMAND: ${command}`);
    version = orThrow(negotiateVersion(command, orThrow(configVersion(raw)), plugin.versions));
    const config = createNetworkConfig(raw, name, version);
    const stdout = await runCommand(plugin, input, toRequest(env, command, config, bytes), { clock, startedAt });
    return { exitCode: 0, stdout, stderr: '' };
  } catch (error) {
    return toErrorAnswer(error, version);
  }
}
