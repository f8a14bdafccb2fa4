import { Command, CommanderError } from 'commander';
import { NicError } from '../../lib/errors.js';
import type { RuntimeFiles } from '../../lib/runtime/index.js';
import { type CollectOptions, collectAccount, collectHost, formatCollected, join } from './collect.js';
import { findConfigured } from './configured.js';
import type { PluginHost } from './plugin-host.js';

/** What the command line takes from outside. */
export interface CommandLineHost {
  /** Where plugins live. */
  readonly plugin: PluginHost;
  /** The files of configurations. */
  readonly files: RuntimeFiles;
  /** Prints to standard output, with a line feed. */
  readonly print: (text: string) => void;
  /** Prints to standard error, with a line feed. */
  readonly warn: (text: string) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

interface GcOptions {
  readonly account?: boolean;
  readonly confDir: string;
  readonly delete?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly network?: string;
}

const HELP = `
Without --delete it only says what it would remove, and changes nothing.

On this host an attachment is kept while its container still has its NIC, and every NIC that may be in a container is left alone.
Gateways go when no container has used them for a while (gatewayIdleSeconds).
With --account the NICs are listed that this plugin made on hosts which no longer exist: free ones, older than ten minutes, that this
host knows nothing of. NICs that an instance holds, primary ones and those of others are never touched.

Exit codes:
  0  done
  1  something could not be removed, or it failed
  2  wrong use

Examples:
  # hostnic gc
  # hostnic gc --delete
  # hostnic gc --account --json
`;

async function gc(options: GcOptions, host: CommandLineHost): Promise<number> {
  const remove = options.delete === true;
  if (remove && options.dryRun === true) throw new NicError('ERR_CONFIG', '--delete and --dry-run exclude each other');
  const collecting: CollectOptions = { remove, signal: host.signal };
  const collect = options.account === true ? collectAccount : collectHost;
  const found = [];
  for (const config of await findConfigured(options.confDir, options.network, host.files)) {
    found.push(await collect(host.plugin, config, collecting));
  }
  const collected = join(found);
  if (options.json === true) host.print(JSON.stringify({ dryRun: !remove, ...collected }, undefined, 2));
  else for (const line of formatCollected(collected, remove)) host.print(line);
  return collected.failed.length > 0 ? 1 : 0;
}

/**
 * Runs the plugin's own command line: what a person asks for, apart from the protocol.
 * @param args without program and script
 * @returns the exit code: 0, 1 for a failure, 2 for wrong use
 */
export async function runCommandLine(args: readonly string[], host: CommandLineHost): Promise<number> {
  let code = 0;
  const program = new Command('hostnic').description('CNI plugin that gives each container a network card of its own from the cloud.');
  program
    .command('gc')
    .description('remove NICs that nobody has any use for')
    .option('--account', 'NICs of hosts that no longer exist, in place of those of this host')
    .option('--network <name>', 'only this network (default: all of type hostnic)')
    .option('--conf-dir <folder>', 'folder of configurations', '/etc/cni/net.d')
    .option('--dry-run', 'only say what would be removed; so it is without --delete')
    .option('--delete', 'remove')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (options: GcOptions) => {
      code = await gc(options, host);
    });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => host.print(text.trimEnd()),
      writeErr: (text) => host.warn(text.trimEnd()),
    });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // The help is no error, and all else that commander throws it has printed already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    host.warn(`hostnic: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof NicError && error.code === 'ERR_CONFIG' ? 2 : 1;
  }
}
