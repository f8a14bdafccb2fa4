import { systemClock } from '../../lib/clock.js';
import type { NicFabric } from '../../lib/fabric.js';
import type { Logger } from '../../lib/log.js';
import {
  type Choices,
  type EmulatorOptions,
  type Limits,
  type ListenTarget,
  startEmulator,
} from '../../providers/qingcloud/emulator/index.js';
import type { ChoiceArgument, ListenArgument } from './arguments.js';
import { formatClientYaml } from './client-yaml.js';
import type { CommandOptions } from './command.js';
import { createTerminalLog } from './terminal-log.js';

/** An emulator that runs for somebody at a terminal. */
export interface Running {
  /** Stops it and takes all NICs away. Two closes are fine. */
  close(): Promise<void>;
}

/** Only what is plugged or listens elsewhere needs netlink, which needs native calls. */
async function openTarget({ host, port, namespacePath }: ListenArgument): Promise<ListenTarget> {
  if (namespacePath === undefined) return { host, port };
  const { listenInNamespace, openNamespace } = await import('../../netlink/index.js');
  const namespace = await openNamespace({ kind: 'path', path: namespacePath });
  try {
    return { fd: listenInNamespace(namespace, { host, port }).fd };
  } finally {
    namespace.close();
  }
}

async function openFabric(options: CommandOptions, log: Logger): Promise<NicFabric | undefined> {
  if (!options.plug || options.instance.every((instance) => instance.namespace === undefined)) return undefined;
  const { createVethFabric } = await import('../../netlink/index.js');
  return createVethFabric({ returnDelayMs: options.returnMs, log });
}

function toInstances(options: CommandOptions, fabric: NicFabric | undefined): NonNullable<EmulatorOptions['instances']> {
  const vxnetId = options.vxnet[0]?.id;
  return options.instance.map(({ id, namespace }) => ({
    id,
    ...(namespace === undefined || fabric === undefined ? {} : { namespace }),
    ...(vxnetId === undefined ? {} : { primaryNic: { vxnetId } }),
  }));
}

function toLimits(options: CommandOptions): Limits {
  const { maxNics, maxNicsPerVxnet, maxNicsPerCall, maxNicsPerAccount, maxCallsPerHour } = options;
  return {
    nicsPerInstance: maxNics,
    nicsPerVxnet: maxNicsPerVxnet,
    nicsPerCall: maxNicsPerCall,
    ...(maxNicsPerAccount === undefined ? {} : { nicsPerAccount: maxNicsPerAccount }),
    ...(maxCallsPerHour === undefined ? {} : { callsPerHour: maxCallsPerHour }),
  };
}

/** Names and values were checked as they were read. */
function toChoices(choices: readonly ChoiceArgument[]): Choices {
  const given: object = Object.fromEntries(choices);
  return given;
}

/**
 * Starts an emulator as the command line says, and tells what there is.
 * @param print takes lines for the person at the terminal
 * @throws NicError what the options, the addresses or the namespaces do not allow
 */
export async function serve(options: CommandOptions, print: (line: string) => void): Promise<Running> {
  const log = createTerminalLog(print, () => systemClock.now(), options.quiet);
  const fabric = await openFabric(options, log);
  try {
    const emulator = await startEmulator({
      listen: await Promise.all(options.listen.map(openTarget)),
      accounts: options.accessKey,
      zone: options.zone,
      vxnets: options.vxnet,
      instances: toInstances(options, fabric),
      jobs: { attachMs: options.jobMs, detachMs: options.jobMs },
      latencyMs: options.latencyMs,
      limits: toLimits(options),
      choices: toChoices(options.choice),
      faults: options.fault,
      log,
      ...(options.antiSpoofing === undefined ? {} : { antiSpoofing: options.antiSpoofing }),
      ...(fabric === undefined ? {} : { fabric }),
    });
    const [account] = options.accessKey;
    print(`QingCloud API on ${emulator.listening.map(({ host, port }) => `${host}:${port}`).join(', ')}; stop with Ctrl-C`);
    for (const { id, cidr, routerId, managerIp } of emulator.vxnets()) {
      print(`  vxnet     ${id}  ${cidr}  ${routerId === undefined ? 'in no VPC' : `router ${managerIp} of ${routerId}`}`);
    }
    for (const { id, hasNamespace } of emulator.instances()) {
      const nic = emulator.nics().find((entry) => entry.instanceId === id);
      const where = hasNamespace ? 'NICs appear in its namespace' : 'NICs on paper only';
      print(`  instance  ${id}  ${nic === undefined ? 'no primary NIC' : `primary NIC ${nic.id} ${nic.address}`}  ${where}`);
    }
    print('A provider file for it, such as /etc/qingcloud/client.yaml:\n');
    if (account !== undefined) print(formatClientYaml(account, options.zone, emulator));
    return {
      close: async () => {
        await emulator.close();
        await fabric?.close();
      },
    };
  } catch (error) {
    await fabric?.close();
    throw error;
  }
}
