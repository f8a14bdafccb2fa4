import { isAbsolute } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatCidr, parseCidr, parseIp, toNetwork } from '../../lib/address.js';
import { caseless, type Dns, listOf, OptionalTextCodec, OptionalTextsCodec, optional } from '../../lib/cni/index.js';
import { IntegerCodec, NonEmptyTextCodec, refine } from '../../lib/codec.js';

/** A route as the configuration writes it. */
export interface RouteConf {
  /** Destination range. */
  readonly dst: string;
  /** Next hop; absent or empty means the subnet's router, `0.0.0.0` this host. */
  readonly gw?: string;
}

/** How much is logged. */
export type LogLevel = 'debug' | 'info' | 'warn';

/** What the provider needs. */
export interface ProviderArgs {
  /** The provider's own settings file. */
  readonly providerConfigFile: string;
  /** Subnets to take NICs from. */
  readonly vxNets: readonly string[];
}

/** What concerns only where things are kept and how long they take: enough to clean up by, when the rest of a configuration is broken. */
export interface HousekeepingJson {
  /** Folder of the journal. */
  readonly dataDir?: string;
  /** Folder of what all networks of this host share. */
  readonly hostDir?: string;
  /** Budget of one command. */
  readonly deadlineSeconds?: number;
  /** File that log lines are appended to. */
  readonly logFile?: string;
  /** How much is logged. */
  readonly logLevel?: LogLevel;
  /** File that holds this instance's id. */
  readonly instanceIdFile?: string;
  /** How long a gateway NIC without users is kept. */
  readonly gatewayIdleSeconds?: number;
  /** Calls to the cloud's API that all commands of this host may make in an hour; 0 for any number. */
  readonly apiCallsPerHour?: number;
  /** NICs that this instance can hold, the primary one included. */
  readonly nicsPerInstance?: number;
}

/** The keys of the configuration that are this plugin's own, as users write them: checked, without defaults. */
export interface NetConfJson extends HousekeepingJson {
  /** Name of the IaaS provider. */
  readonly provider: string;
  /** What the provider needs. */
  readonly args: ProviderArgs;
  /** Extra routes for the container. */
  readonly ipam?: { readonly routes: readonly RouteConf[] };
  /** Whether the NIC carries the default route. */
  readonly isGateway?: boolean;
  /** MTU in bytes. */
  readonly mtu?: number;
  /** Name resolution settings to put into the result. */
  readonly dns?: Dns;
}

/** Plugins run in whatever working directory the runtime has, so that a relative path has no meaning. */
const PathCodec: t.Type<string, unknown> = refine(t.string, 'an absolute path', isAbsolute);

/** The vendor's SDK takes its file from the home folder too. */
const ProviderFileCodec: t.Type<string, unknown> = refine(
  t.string,
  'the absolute path of the provider file, such as /etc/qingcloud/client.yaml',
  (path) => isAbsolute(path) || path.startsWith('~/'),
);

/** Without host bits, since the kernel refuses a route whose destination has some. */
const RangeCodec: t.Type<string, unknown> = refine(
  t.string,
  'an IPv4 range whose host bits are zero, such as 10.96.0.0/12: the range this route leads to',
  (text) => {
    const cidr = parseCidr(text);
    return cidr?.family === 4 && formatCidr(toNetwork(cidr)) === formatCidr(cidr);
  },
);

/** Empty counts as absent, as an empty address does everywhere in CNI. */
const NextHopCodec: t.Type<string, unknown> = refine(
  t.string,
  'an IPv4 address, or 0.0.0.0 for this host, or absent for the router of the vxnet',
  (text) => text === '' || parseIp(text)?.family === 4,
);

function between(least: number, most: number, unit: string): t.Type<number, unknown> {
  return refine(IntegerCodec, `a whole number of ${unit} from ${least} to ${most}`, (value) => value >= least && value <= most);
}

const BooleanCodec: t.Type<boolean, unknown> = refine(t.boolean, 'true or false', () => true);

const LogLevelCodec: t.Type<LogLevel, unknown> = t.keyof({ debug: null, info: null, warn: null }, 'debug, info or warn');

/** A blank would pass for an id and be refused by the cloud, as one that does not exist, only after a request. */
const VxNetIdCodec: t.Type<string, unknown> = refine(t.string, 'a text without white space, such as vxnet-0abcdef', (id) =>
  /^\S+$/.test(id),
);

/** Absent is no empty list here: both are refused, with the same words. */
const VxNetsCodec: t.Type<readonly string[], unknown> = new t.ReadonlyArrayType<typeof VxNetIdCodec, readonly string[], unknown, unknown>(
  'a list of at least one vxnet id',
  listOf(VxNetIdCodec).is,
  (value, context) =>
    Array.isArray(value) && value.length > 0 ? listOf(VxNetIdCodec).validate(value, context) : t.failure(value, context),
  t.identity,
  VxNetIdCodec,
);

const ProviderArgsCodec: t.Type<ProviderArgs, unknown> = caseless('an object with providerConfigFile and vxNets', {
  providerConfigFile: ProviderFileCodec,
  vxNets: VxNetsCodec,
});

const housekeeping = {
  dataDir: optional(PathCodec),
  hostDir: optional(PathCodec),
  deadlineSeconds: optional(between(1, 3600, 'seconds')),
  logFile: optional(PathCodec),
  logLevel: optional(LogLevelCodec),
  instanceIdFile: optional(PathCodec),
  gatewayIdleSeconds: optional(between(0, 31_536_000, 'seconds')),
  apiCallsPerHour: optional(between(0, 1_000_000, 'calls an hour')),
  nicsPerInstance: optional(between(1, 100_000, 'NICs')),
};

function unlessWrong<A>(codec: t.Type<A | undefined, unknown>): t.Type<A | undefined, unknown> {
  return new t.Type<A | undefined, unknown>(
    codec.name,
    codec.is,
    (value, context) => E.orElse<t.Errors, A | undefined, t.Errors>(() => t.success(undefined))(codec.validate(value, context)),
    t.identity,
  );
}

/** Reads what is usable of {@link HousekeepingJson}: a key with a wrong value counts as absent. */
export const HousekeepingCodec: t.Type<HousekeepingJson, unknown> = caseless<HousekeepingJson>('an object', {
  dataDir: unlessWrong(housekeeping.dataDir),
  hostDir: unlessWrong(housekeeping.hostDir),
  deadlineSeconds: unlessWrong(housekeeping.deadlineSeconds),
  logFile: unlessWrong(housekeeping.logFile),
  logLevel: unlessWrong(housekeeping.logLevel),
  instanceIdFile: unlessWrong(housekeeping.instanceIdFile),
  gatewayIdleSeconds: unlessWrong(housekeeping.gatewayIdleSeconds),
  apiCallsPerHour: unlessWrong(housekeeping.apiCallsPerHour),
  nicsPerInstance: unlessWrong(housekeeping.nicsPerInstance),
});

/** Checks the folders of {@link HousekeepingJson}, without which records are not found. */
export const FoldersCodec: t.Type<Pick<HousekeepingJson, 'dataDir' | 'hostDir'>, unknown> = caseless<
  Pick<HousekeepingJson, 'dataDir' | 'hostDir'>
>('an object', {
  dataDir: housekeeping.dataDir,
  hostDir: housekeeping.hostDir,
});

/** Checks {@link NetConfJson}. Keys it does not know pass. */
export const NetConfCodec: t.Type<NetConfJson, unknown> = caseless<NetConfJson>('an object', {
  ...housekeeping,
  provider: NonEmptyTextCodec,
  args: ProviderArgsCodec,
  ipam: optional(
    caseless<{ readonly routes: readonly RouteConf[] }>('an object with routes', {
      routes: listOf(caseless<RouteConf>('a route {dst, gw}', { dst: RangeCodec, gw: optional(NextHopCodec) })),
    }),
  ),
  isGateway: optional(BooleanCodec),
  mtu: optional(between(68, 65_535, 'bytes')),
  dns: optional(
    caseless<Dns>('an object with nameservers', {
      nameservers: OptionalTextsCodec,
      domain: OptionalTextCodec,
      search: OptionalTextsCodec,
      options: OptionalTextsCodec,
    }),
  ),
});

/** What of {@link NetConfJson} tells DEL which cloud to ask, where it is readable. */
export const CloudCodec: t.Type<Pick<NetConfJson, 'provider' | 'args'>, unknown> = caseless('an object', {
  provider: NonEmptyTextCodec,
  args: ProviderArgsCodec,
});
