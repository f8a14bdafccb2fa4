import { createHash } from 'node:crypto';
import { delimiter, resolve } from 'node:path';
import { isCniError, type JsonObject, parseJsonObject } from '../../lib/cni/index.js';
import { NicError } from '../../lib/errors.js';
import type { NetworkAttachment } from '../../lib/runtime/index.js';

/** The options of the command line, as given. */
export interface CommandLineOptions {
  /** Folders of plugins, between colons. */
  readonly path?: string;
  /** Folder of configurations. */
  readonly confDir?: string;
  /** Folder above the cached results. */
  readonly cacheDir: string;
  /** Name of the interface. */
  readonly ifname?: string;
  /** Container id. */
  readonly containerId?: string;
  /** CNI_ARGS. */
  readonly args?: string;
  /** Values for capabilities, as JSON. */
  readonly capArgs?: string;
  /** How long an operation may take, in milliseconds. */
  readonly timeout: number;
  /** JSON instead of text. */
  readonly json?: boolean;
  /** Tells of every call. */
  readonly verbose?: boolean;
}

/** What the command works with: options before variables of the environment before defaults. */
export interface Settings {
  /** Folders of plugins. */
  readonly pluginDirs: readonly string[];
  /** Folder of configurations. */
  readonly confDir: string;
  /** Folder above the cached results. */
  readonly cacheDir: string;
  /** How long an operation may take, in milliseconds. */
  readonly timeoutMs: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Where plugins are installed by hand, and by Debian and Fedora. */
const defaultPluginDirs = '/opt/cni/bin:/usr/lib/cni:/usr/libexec/cni';
const defaultConfDir = '/etc/cni/net.d';

function firstText(...texts: readonly (string | undefined)[]): string {
  return texts.find((text) => text !== undefined && text !== '') ?? '';
}

/** Settles the options that all operations share. */
export function readSettings(options: CommandLineOptions, env: Variables): Settings {
  return {
    pluginDirs: firstText(options.path, env['CNI_PATH'], defaultPluginDirs).split(delimiter),
    confDir: firstText(options.confDir, env['NETCONFPATH'], defaultConfDir),
    cacheDir: options.cacheDir,
    timeoutMs: options.timeout,
  };
}

/** Stricter than the protocol, as cnitool is: an empty key or value is most likely a mistake. */
function parseArgs(text: string): readonly (readonly [string, string])[] {
  return text.split(';').map((pair) => {
    const [key = '', value = '', ...rest] = pair.split('=');
    if (key === '' || value === '' || rest.length > 0) {
      throw new NicError('ERR_CONFIG', `invalid CNI_ARGS pair ${JSON.stringify(pair)}: it must look like KEY=VALUE;KEY=VALUE`);
    }
    return [key, value];
  });
}

function parseCapabilityArgs(text: string): JsonObject {
  try {
    return parseJsonObject(new TextEncoder().encode(text), 'capability values') ?? {};
  } catch (error) {
    if (!isCniError(error)) throw error;
    throw new NicError('ERR_CONFIG', `${error.message}; they look like {"portMappings": [...]}`, { cause: error });
  }
}

/** The path of a namespace given by path, or by name as `ip netns` knows it. */
export function namespacePath(netns: string): string {
  return netns.includes('/') ? resolve(netns) : `/run/netns/${netns}`;
}

/** The container id that cnitool takes for a namespace, so that each can go on with what the other began. */
export function containerIdOf(path: string): string {
  return `cnitool-${createHash('sha512').update(path).digest('hex').slice(0, 20)}`;
}

/**
 * Puts an attachment together.
 * @throws NicError `ERR_CONFIG` when args or capability values cannot be read
 */
export function readAttachment(netns: string, options: CommandLineOptions, env: Variables): NetworkAttachment {
  const path = namespacePath(netns);
  const args = firstText(options.args, env['CNI_ARGS']);
  const capabilityArgs = firstText(options.capArgs, env['CAP_ARGS']);
  return {
    containerId: firstText(options.containerId, containerIdOf(path)),
    netns: path,
    ifname: firstText(options.ifname, env['CNI_IFNAME'], 'eth0'),
    ...(args === '' ? {} : { args: parseArgs(args) }),
    ...(capabilityArgs === '' ? {} : { capabilityArgs: parseCapabilityArgs(capabilityArgs) }),
  };
}
