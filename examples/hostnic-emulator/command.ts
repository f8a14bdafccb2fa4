import { Command, Option } from 'commander';
import {
  DEFAULT_ACCOUNT,
  DEFAULT_INSTANCE_ID,
  DEFAULT_VXNET,
  type EmulatedAccount,
  type VxnetOptions,
} from '../../providers/qingcloud/emulator/index.js';
import {
  type InstanceArgument,
  type ListenArgument,
  parseAccount,
  parseCount,
  parseInstance,
  parseListen,
  parseMilliseconds,
  parseVxnet,
  repeated,
} from './arguments.js';

/** The options of the command, read. */
export interface CommandOptions {
  /** Places to listen at. */
  readonly listen: readonly ListenArgument[];
  /** Vxnets. */
  readonly vxnet: readonly VxnetOptions[];
  /** Instances. */
  readonly instance: readonly InstanceArgument[];
  /** Accepted keys. */
  readonly accessKey: readonly EmulatedAccount[];
  /** The one zone. */
  readonly zone: string;
  /** How long jobs take, in milliseconds. */
  readonly jobMs: number;
  /** How long each call takes, in milliseconds. */
  readonly latencyMs: number;
  /** NICs per instance, the primary included. */
  readonly maxNics: number;
  /** False: NICs exist in the API only. */
  readonly plug: boolean;
  /** False: new NICs may send foreign source addresses. */
  readonly antiSpoofing: boolean;
  /** True: only warnings are shown. */
  readonly quiet: boolean;
}

const EXAMPLES = `
Examples:
  $ hostnic-emulator
      the API on 127.0.0.1:7777, NICs on paper only; needs no rights

  # ip netns add vm && ip -n vm link set lo up
  # hostnic-emulator --instance i-node1=/run/netns/vm --listen 127.0.0.1:7777@/run/netns/vm
      "vm" plays the machine: attached NICs appear in it and carry traffic; the API is where its own tools look for it

  $ curl -s http://127.0.0.1:7777/control/state
  $ curl -s http://127.0.0.1:7777/control/faults -H 'Content-Type: application/json' \\
      -d '{"action": "CreateNics", "fault": {"kind": "cut"}}'
      what there is; and: the answer of the next CreateNics is lost
`;

/** The command line of hostnic-emulator. @param run what it is all for */
export function createCommand(run: (options: CommandOptions) => Promise<void>): Command {
  const listOption = <T>(flags: string, description: string, parse: (text: string) => T): Option =>
    new Option(flags, description).argParser<readonly T[]>(repeated(parse));
  return new Command('hostnic-emulator')
    .description('The QingCloud API on this machine, with NICs that really appear in the namespaces that play its instances.')
    .addOption(
      listOption(
        '--listen <place>',
        'address and port, with @/path/of/namespace to listen in there; repeatable (default: 127.0.0.1:7777)',
        parseListen,
      ),
    )
    .addOption(
      listOption(
        '--vxnet <vxnet>',
        `id=range[@router]; repeatable (default: ${DEFAULT_VXNET.id}=${DEFAULT_VXNET.cidr}@${DEFAULT_VXNET.routerId})`,
        parseVxnet,
      ),
    )
    .addOption(
      listOption(
        '--instance <instance>',
        `id[=/path/of/namespace]; repeatable; its primary NIC is in the first vxnet (default: ${DEFAULT_INSTANCE_ID})`,
        parseInstance,
      ),
    )
    .addOption(
      listOption(
        '--access-key <key>',
        `id:secret; repeatable (default: ${DEFAULT_ACCOUNT.accessKeyId}:${DEFAULT_ACCOUNT.secretAccessKey})`,
        parseAccount,
      ),
    )
    .option('--zone <zone>', 'the one zone there is', 'pek3a')
    .addOption(new Option('--job-ms <ms>', 'how long attach and detach jobs take').default(3_000).argParser(parseMilliseconds))
    .addOption(new Option('--latency-ms <ms>', 'how long each call takes').default(0).argParser(parseMilliseconds))
    .addOption(new Option('--max-nics <count>', 'NICs per instance, the primary included').default(64).argParser(parseCount))
    .option('--no-plug', 'NICs exist in the API only, whatever namespaces instances have')
    .option('--no-anti-spoofing', 'new NICs may send foreign source addresses')
    .option('--quiet', 'show warnings only', false)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Partial<CommandOptions> & Omit<CommandOptions, 'listen' | 'vxnet' | 'instance' | 'accessKey'>) => {
      const {
        listen = [{ host: '127.0.0.1', port: 7777 }],
        vxnet = [DEFAULT_VXNET],
        instance = [{ id: DEFAULT_INSTANCE_ID }],
        accessKey = [DEFAULT_ACCOUNT],
      } = options;
      await run({ ...options, listen, vxnet, instance, accessKey });
    });
}
