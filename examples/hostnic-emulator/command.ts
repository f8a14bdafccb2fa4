import { Command, Option } from 'commander';
import {
  DEFAULT_ACCOUNT,
  DEFAULT_INSTANCE_ID,
  DEFAULT_VXNET,
  type EmulatedAccount,
  type FaultRule,
  type VxnetOptions,
} from '../../providers/qingcloud/emulator/index.js';
import {
  type ChoiceArgument,
  type InstanceArgument,
  type ListenArgument,
  parseAccount,
  parseChoice,
  parseCount,
  parseFault,
  parseInstance,
  parseListen,
  parseMilliseconds,
  parseReturn,
  parseVxnet,
  repeated,
} from './arguments.js';
import { formatHelp } from './help.js';

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
  /** NICs per vxnet. */
  readonly maxNicsPerVxnet: number;
  /** NICs per AttachNics or DetachNics call. */
  readonly maxNicsPerCall: number;
  /** NICs of the account; undefined: any number. */
  readonly maxNicsPerAccount?: number;
  /** Calls per hour; undefined: any number. */
  readonly maxCallsPerHour?: number;
  /** Choices where the real service is not known. */
  readonly choice: readonly ChoiceArgument[];
  /** Faults to start with. */
  readonly fault: readonly FaultRule[];
  /** How long a NIC is away whose namespace died, in milliseconds. */
  readonly returnMs: number | 'never';
  /** False: NICs exist in the API only. */
  readonly plug: boolean;
  /** Whether what NICs send under foreign addresses is dropped; undefined: where that can be done. */
  readonly antiSpoofing?: boolean;
  /** True: only warnings are shown. */
  readonly quiet: boolean;
}

type ListOption = 'listen' | 'vxnet' | 'instance' | 'accessKey' | 'choice' | 'fault';

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
    .addOption(new Option('--max-nics-per-vxnet <count>', 'NICs per vxnet').default(252).argParser(parseCount))
    .addOption(new Option('--max-nics-per-call <count>', 'NICs per AttachNics or DetachNics').default(5).argParser(parseCount))
    .addOption(new Option('--max-nics-per-account <count>', 'NICs of the account (default: any number)').argParser(parseCount))
    .addOption(new Option('--max-calls-per-hour <count>', 'calls per hour (default: any number)').argParser(parseCount))
    .addOption(listOption('--choice <name=value>', 'what nothing is known of, see below; repeatable', parseChoice))
    .addOption(listOption('--fault <rule>', 'a fault to start with, as JSON, see below; repeatable', parseFault))
    .addOption(
      new Option('--return-ms <ms>', 'how long a NIC is away whose namespace died, or "never"').default(100).argParser(parseReturn),
    )
    .option('--no-plug', 'NICs exist in the API only, whatever namespaces instances have')
    .option('--anti-spoofing', 'what NICs send under foreign addresses is dropped, or it does not start (default: dropped where it can be)')
    .option('--no-anti-spoofing', 'NICs may send under foreign addresses')
    .option('--quiet', 'show warnings only', false)
    .addHelpText('after', formatHelp())
    .action(async (options: Partial<CommandOptions> & Omit<CommandOptions, ListOption>) => {
      const {
        listen = [{ host: '127.0.0.1', port: 7777 }],
        vxnet = [DEFAULT_VXNET],
        instance = [{ id: DEFAULT_INSTANCE_ID }],
        accessKey = [DEFAULT_ACCOUNT],
        choice = [],
        fault = [],
      } = options;
      await run({ ...options, listen, vxnet, instance, accessKey, choice, fault });
    });
}
