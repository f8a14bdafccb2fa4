import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { ValidAttachment } from '../../lib/cni/index.js';
import { exitCodeOf, exitCodes, formatFailure, toErrorJson } from './failure.js';
import { type AddOptions, add, type CniHost, check, del, type GcCommandOptions, gc, list, status, validate } from './operations.js';
import type { CommandLineOptions } from './settings.js';

const HELP = `
Environment, where the option is not given:
  CNI_PATH      folders of plugins               --path
  NETCONFPATH   folder of configurations         --conf-dir
  CNI_IFNAME    name of the interface            --ifname
  CNI_ARGS      KEY=VALUE;KEY=VALUE              --args
  CAP_ARGS      values for capabilities, JSON    --cap-args

Exit codes:
  0  done
  1  a plugin failed
  2  wrong use, no such network, or a configuration that cannot be used
  3  it may work later: the time limit, or a plugin that says so
  130  stopped by a signal

Examples:
  # ip netns add blue
  # cni add mynet blue
  # cni check mynet blue && cni list
  # cni del mynet blue
`;

function parseTimeout(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of milliseconds.');
  return Number(text);
}

function parseKeep(text: string, previous: readonly ValidAttachment[] = []): readonly ValidAttachment[] {
  const [containerId = '', ifname = '', ...rest] = text.split(':');
  if (containerId === '' || ifname === '' || rest.length > 0) throw new InvalidArgumentError('It must look like CONTAINERID:IFNAME.');
  return [...previous, { containerId, ifname }];
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--path <folders>', 'folders of plugins, between colons (default: /opt/cni/bin:/usr/lib/cni:/usr/libexec/cni)')
    .option('--conf-dir <folder>', 'folder of configurations (default: /etc/cni/net.d)')
    .option('--cache-dir <folder>', 'folder above the cached results', '/var/lib/cni')
    .option('--timeout <ms>', 'how long the operation may take', parseTimeout, 60_000)
    .option('--json', 'print JSON, errors too')
    .option('-v, --verbose', 'tell of every call of a plugin');
}

function withAttachmentOptions(command: Command): Command {
  return withCommonOptions(command)
    .option('-i, --ifname <name>', 'name of the interface (default: eth0)')
    .option('--container-id <id>', 'container id (default: made of the path of the namespace, as cnitool does)')
    .option('--args <pairs>', 'CNI_ARGS')
    .option('--cap-args <json>', 'values for capabilities');
}

/** The command line of `cni`. */
function createCommand(host: CniHost): Command {
  const program = new Command('cni')
    .description('Calls CNI plugins by hand, as a container runtime does: for network configurations, and namespaces made by ip netns.')
    .addHelpText('after', HELP);
  const network = ['<network>', 'name of the network'] as const;
  const netns = ['<netns>', 'path of the namespace, or its name as ip netns knows it'] as const;
  const anyNetns = (use: string): [string, string] => ['[netns]', use];

  withAttachmentOptions(program.command('add').description('attach a namespace to a network, and print the result'))
    .argument(...network)
    .argument(...netns)
    .option('--no-roll-back', 'leave what was made when it fails, instead of sending DEL')
    .action((name: string, path: string, options: AddOptions) => add(name, path, options, host));
  withAttachmentOptions(program.command('del').description('detach a namespace from a network; it may be gone'))
    .argument(...network)
    .argument(...netns)
    .action((name: string, path: string, options: CommandLineOptions) => del(name, path, options, host));
  withAttachmentOptions(program.command('check').description('make sure that an attachment is as it was made'))
    .argument(...network)
    .argument(...netns)
    .action((name: string, path: string, options: CommandLineOptions) => check(name, path, options, host));
  withCommonOptions(program.command('gc').description('remove what belongs to no attachment whose namespace is still there'))
    .argument(...network)
    .argument(...anyNetns('a namespace whose attachments are kept even if it is gone'))
    .option('--keep <id:ifname>', 'an attachment to keep that the cache does not know; repeatable', parseKeep)
    .option('--all', 'keep nothing')
    .action((name: string, path: string | undefined, options: GcCommandOptions) => gc(name, path, options, host));
  withCommonOptions(program.command('status').description('ask the plugins of a network whether they can serve'))
    .argument(...network)
    .argument(...anyNetns('not used'))
    .action((name: string, _path: string | undefined, options: CommandLineOptions) => status(name, options, host));
  withCommonOptions(program.command('validate').description('make sure that the plugins are there and support the version of the network'))
    .argument(...network)
    .argument(...anyNetns('not used'))
    .action((name: string, _path: string | undefined, options: CommandLineOptions) => validate(name, options, host));
  withCommonOptions(program.command('list').description('show configurations and attachments'))
    .argument('[network]', 'only those of this network')
    .argument(...anyNetns('not used'))
    .action((name: string | undefined, _path: string | undefined, options: CommandLineOptions) => list(name, options, host));

  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => host.print(text.trimEnd()),
      writeErr: (text) => host.warn(text.trimEnd()),
    });
  }
  return program;
}

/**
 * Runs the command line.
 * @param args without program and script
 * @returns the exit code; see `exitCodes`
 */
export async function runCni(args: readonly string[], host: CniHost): Promise<number> {
  try {
    await createCommand(host).parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // The help is no error, and all else that commander throws it has printed already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUse;
    if (args.includes('--json')) host.print(JSON.stringify({ error: toErrorJson(error) }));
    else host.warn(formatFailure(error));
    return exitCodeOf(error);
  }
}
