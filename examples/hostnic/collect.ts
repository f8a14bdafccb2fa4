import type { CollectAccountReport, CollectReport } from '../../lib/attachment/index.js';
import type { NetworkConfig } from '../../lib/cni/index.js';
import { formatTable } from '../table.js';
import { type Command, runCommand } from './command.js';
import { readNetConf } from './netconf.js';
import type { PluginHost } from './plugin-host.js';

/** What a collection by hand is told. */
export interface CollectOptions {
  /** Removes; otherwise it is only said what would be removed. */
  readonly remove: boolean;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** A NIC that a collection found, in words. */
export interface CollectLine {
  /** The cloud's id of it. */
  readonly nic: string;
  /** Whose it is or was. */
  readonly of: string;
  /** Why it goes, or why it could not. */
  readonly why: string;
}

/** What a collection by hand found. */
export interface Collected {
  /** NICs that were removed, or would be. */
  readonly removed: readonly CollectLine[];
  /** Records that were closed, or would be, with no NIC to remove. */
  readonly records: readonly Omit<CollectLine, 'nic'>[];
  /** What could not be removed. */
  readonly failed: readonly CollectLine[];
  /** Attachments that another command is at work on. */
  readonly busy: readonly string[];
}

const whys = {
  unlisted: 'its container is gone',
  unfinished: 'a command did not come to its end',
  unrecorded: 'nothing is recorded of it, and no container can have it',
  idle: 'no container has used it for a while',
  surplus: 'there is another one',
} as const;

const recordWhys = {
  empty: 'it has no NIC any more',
  foreign: 'it was made on another instance and is set aside',
} as const;

const roles = {
  pod: 'a pod of a host that is gone',
  gateway: 'the gateway of a host that is gone',
  original: 'the original plugin, on a host that is gone',
} as const;

function run<T>(host: PluginHost, config: NetworkConfig, options: CollectOptions, work: (command: Command) => Promise<T>): Promise<T> {
  const nothing = { containerId: '', netns: '', ifname: '', args: '', path: '', netnsOverride: false, stdin: '' };
  const { cloud } = readNetConf(config);
  return runCommand(host, { ...nothing, command: 'GC', config, signal: options.signal }, () => cloud, work);
}

function toLines({ removed, records, failed, busy }: CollectReport): Collected {
  const nameOf = (key: { readonly containerId: string; readonly ifname: string } | undefined): string =>
    key === undefined ? '-' : `${key.containerId} ${key.ifname}`;
  return {
    removed: removed.map(({ nicId, key, gatewayOf, reason }) => ({
      nic: nicId,
      of: gatewayOf === undefined ? nameOf(key) : `gateway in ${gatewayOf}`,
      why: whys[reason],
    })),
    records: records.map(({ key, reason }) => ({ of: nameOf(key), why: recordWhys[reason] })),
    failed: failed.map(({ nicId, key, reason }) => ({ nic: nicId ?? '-', of: nameOf(key), why: reason })),
    busy: busy.map(nameOf),
  };
}

/** Collects what no living container of this host has, of one network. */
export async function collectHost(host: PluginHost, config: NetworkConfig, options: CollectOptions): Promise<Collected> {
  const { subnetIds } = readNetConf(config).cloud;
  const request = { network: config.name, valid: 'living', subnetIds, dryRun: !options.remove } as const;
  return toLines(await run(host, config, options, ({ engine, options: timing }) => engine.collect(request, timing)));
}

function toAccountLines({ found, removed, failed }: CollectAccountReport, remove: boolean): Collected {
  const going = remove ? found.filter(({ nicId }) => removed.includes(nicId)) : found;
  return {
    removed: going.map(({ nicId, role, subnetId, createdAt }) => ({
      nic: nicId,
      of: roles[role],
      why: `free in ${subnetId}, made ${createdAt.toISOString()}`,
    })),
    records: [],
    failed: failed.map(({ nicId, reason }) => ({ nic: nicId ?? '-', of: '-', why: reason })),
    busy: [],
  };
}

/** Collects what hosts that no longer exist left in the account of one network's provider. */
export async function collectAccount(host: PluginHost, config: NetworkConfig, options: CollectOptions): Promise<Collected> {
  const report = await run(host, config, options, ({ engine, options: timing }) =>
    engine.collectAccount({ dryRun: !options.remove }, timing),
  );
  return toAccountLines(report, options.remove);
}

/** Puts together what several networks found; those of one account find the same. */
export function join(all: readonly Collected[]): Collected {
  const distinct = (lines: readonly CollectLine[]): readonly CollectLine[] => [
    ...new Map(lines.map((line) => [`${line.nic} ${line.of} ${line.why}`, line])).values(),
  ];
  return {
    removed: distinct(all.flatMap(({ removed }) => removed)),
    records: all.flatMap(({ records }) => records),
    failed: distinct(all.flatMap(({ failed }) => failed)),
    busy: all.flatMap(({ busy }) => busy),
  };
}

/** The same for people. */
export function formatCollected({ removed, records, failed, busy }: Collected, remove: boolean): readonly string[] {
  const table = (lines: readonly CollectLine[]): readonly string[] =>
    formatTable([['NIC', 'OF', 'WHY'], ...lines.map(({ nic, of, why }) => [nic, of, why])]);
  const count = `${removed.length} ${removed.length === 1 ? 'NIC' : 'NICs'}`;
  const end = remove ? `${count} removed` : `${count} would be removed${removed.length > 0 ? '; --delete removes' : ''}`;
  return [
    ...(removed.length > 0 ? table(removed) : []),
    end,
    ...records.map(({ of, why }) => `${remove ? 'record closed' : 'record would be closed'}: ${of}: ${why}`),
    ...(failed.length > 0 ? ['', 'could not be removed, and stays recorded:', ...table(failed)] : []),
    ...busy.map((attachment) => `left out, another command is at work on it: ${attachment}`),
  ];
}
