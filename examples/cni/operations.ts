import { formatResult, type PluginExec, type ValidAttachment } from '../../lib/cni/index.js';
import {
  type CallHook,
  type CniRuntime,
  createRuntime,
  loadNetwork,
  loadNetworks,
  type NetworkList,
  type RuntimeFiles,
} from '../../lib/runtime/index.js';
import { formatCall, formatListText, formatResultText } from './report.js';
import { type CommandLineOptions, namespacePath, readAttachment, readSettings, type Settings } from './settings.js';

/** What the command takes from outside. */
export interface CniHost {
  /** The environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prints to standard output. */
  readonly print: (text: string) => void;
  /** Prints to standard error. */
  readonly warn: (text: string) => void;
  /** Aborts when the command shall end. */
  readonly signal: AbortSignal;
  /** Files, including namespaces. */
  readonly files: RuntimeFiles;
  /** Whether a path is there. */
  readonly exists: (path: string) => Promise<boolean>;
  /** Starts plugins. */
  readonly exec: PluginExec;
}

/** Options of `add`. */
export interface AddOptions extends CommandLineOptions {
  /** Sends DEL when ADD fails. */
  readonly rollBack: boolean;
}

/** Options of `gc`. */
export interface GcCommandOptions extends CommandLineOptions {
  /** Attachments to keep. */
  readonly keep?: readonly ValidAttachment[];
  /** Keeps none. */
  readonly all?: boolean;
}

interface Session {
  readonly runtime: CniRuntime;
  readonly settings: Settings;
  readonly limit: { readonly signal: AbortSignal; readonly timeoutMs: number };
  readonly say: (json: object, text: string) => void;
}

function reportCalls(options: CommandLineOptions, host: CniHost): CallHook {
  return (call, error) => {
    if (options.verbose === true) host.warn(formatCall(call));
    // After a failure the report of the error has it.
    const said = error === undefined ? call.stderr.trimEnd() : '';
    if (said !== '') host.warn(said);
  };
}

function begin(options: CommandLineOptions, host: CniHost): Session {
  const settings = readSettings(options, host.env);
  const { pluginDirs, cacheDir, timeoutMs } = settings;
  const { env, files, exec } = host;
  return {
    runtime: createRuntime({ pluginDirs, cacheDir, env, files, exec, onCall: reportCalls(options, host) }),
    settings,
    limit: { signal: host.signal, timeoutMs },
    say(json, text) {
      const line = options.json === true ? JSON.stringify(json) : text;
      if (line !== '') host.print(line);
    },
  };
}

function load(name: string, { settings }: Session, { files }: CniHost): Promise<NetworkList> {
  return loadNetwork(settings.confDir, name, files);
}

/** Attaches a namespace to a network, and prints the result. */
export async function add(network: string, netns: string, options: AddOptions, host: CniHost): Promise<void> {
  const session = begin(options, host);
  const attachment = readAttachment(netns, options, host.env);
  const list = await load(network, session, host);
  const operation = options.rollBack ? session.runtime.addOrRollBack : session.runtime.add;
  const result = await operation.call(session.runtime, list, attachment, session.limit);
  const text = options.json === true ? formatResult(result) : formatResultText(result);
  if (text !== '') host.print(text);
}

/** Detaches a namespace from a network. */
export async function del(network: string, netns: string, options: CommandLineOptions, host: CniHost): Promise<void> {
  const session = begin(options, host);
  const attachment = readAttachment(netns, options, host.env);
  await session.runtime.del(await load(network, session, host), attachment, session.limit);
  session.say({ ok: true }, '');
}

/** Makes sure that an attachment is as it was made. */
export async function check(network: string, netns: string, options: CommandLineOptions, host: CniHost): Promise<void> {
  const session = begin(options, host);
  const attachment = readAttachment(netns, options, host.env);
  await session.runtime.check(await load(network, session, host), attachment, session.limit);
  session.say({ ok: true }, '');
}

/** What GC keeps: what was asked to be kept, and what has a namespace that is still there, or none that is known. */
async function validAttachments(
  list: NetworkList,
  netns: string | undefined,
  options: GcCommandOptions,
  runtime: CniRuntime,
  host: CniHost,
): Promise<readonly ValidAttachment[]> {
  if (options.all === true) return [];
  const valid = [...(options.keep ?? [])];
  for (const one of await runtime.attachments()) {
    if (one.network !== list.name) continue;
    const wanted = netns !== undefined && one.netns === namespacePath(netns);
    if (wanted || one.netns === '' || (await host.exists(one.netns))) valid.push({ containerId: one.containerId, ifname: one.ifname });
  }
  return valid;
}

/** Removes what belongs to no attachment that is to be kept. */
export async function gc(network: string, netns: string | undefined, options: GcCommandOptions, host: CniHost): Promise<void> {
  const session = begin(options, host);
  const list = await load(network, session, host);
  const valid = await validAttachments(list, netns, options, session.runtime, host);
  await session.runtime.gc(list, { ...session.limit, validAttachments: valid });
  session.say({ ok: true, kept: valid }, '');
}

/** Asks the plugins of a network whether they can serve ADD. */
export async function status(network: string, options: CommandLineOptions, host: CniHost): Promise<void> {
  const session = begin(options, host);
  await session.runtime.status(await load(network, session, host), session.limit);
  session.say({ ok: true }, '');
}

/** Makes sure that the plugins of a network are there and support its version. */
export async function validate(network: string, options: CommandLineOptions, host: CniHost): Promise<void> {
  const session = begin(options, host);
  const list = await load(network, session, host);
  const capabilities = await session.runtime.validate(list, session.limit);
  const highest = await session.runtime.commonVersion(list, session.limit);
  const version = list.cniVersion === '' ? '0.1.0' : list.cniVersion;
  const newer = highest === undefined || highest === version ? '' : ` (all plugins support ${highest} too)`;
  const text = [`version ${version}${newer}`, ...(capabilities.length === 0 ? [] : [`capabilities ${capabilities.join(' ')}`])];
  session.say({ ok: true, cniVersion: version, highestCommonVersion: highest, capabilities }, text.join('\n'));
}

/** Shows configurations and attachments, all or those of one network. */
export async function list(network: string | undefined, options: CommandLineOptions, host: CniHost): Promise<void> {
  const session = begin(options, host);
  const all = await loadNetworks(session.settings.confDir, host.files);
  const files = network === undefined ? all : all.filter((one) => one.network?.name === network);
  const attachments = (await session.runtime.attachments()).filter((one) => network === undefined || one.network === network);
  const json = {
    networks: files.map((one) => ({
      file: one.file,
      name: one.network?.name,
      cniVersion: one.network?.cniVersion,
      plugins: one.network?.plugins.map(({ type }) => type),
      error: one.error?.message,
    })),
    attachments: attachments.map(({ network: name, containerId, ifname, netns }) => ({ network: name, containerId, ifname, netns })),
  };
  session.say(json, formatListText(files, attachments));
}
