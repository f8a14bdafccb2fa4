import { formatIp, parseIp } from '../../lib/address.js';
import type { RouteVia, WantedRoute } from '../../lib/attachment/index.js';
import type { Dns, NetworkConfig } from '../../lib/cni/index.js';
import {
  CloudCodec,
  FoldersCodec,
  HousekeepingCodec,
  type HousekeepingJson,
  type LogLevel,
  NetConfCodec,
  type ProviderArgs,
  type RouteConf,
} from './netconf-codec.js';

/** Where things are kept and how long they take, with defaults in place. */
export interface Housekeeping {
  /** Folder of the journal, on storage that survives a reboot. */
  readonly dataDir: string;
  /** Folder of what all networks of this host share: gateways and caches. */
  readonly hostDir: string;
  /** Folder in which the Go plugin of 2017 kept its files: its `dataDir` if it was given one. */
  readonly originalDir: string;
  /** Budget of one command, in milliseconds. */
  readonly deadlineMs: number;
  /** File that log lines are appended to; none without it. */
  readonly logFile: string | undefined;
  /** How much is logged. */
  readonly logLevel: LogLevel;
  /** File that holds this instance's id. */
  readonly instanceIdFile: string;
  /** How long a gateway NIC without users is kept, in milliseconds. */
  readonly gatewayIdleMs: number;
  /** Calls to the cloud's API that all commands of this host may make in an hour; 0: any number. */
  readonly apiCallsPerHour: number;
  /** NICs that this instance can hold, the primary one included; what the provider knows without it. */
  readonly nicsPerInstance: number | undefined;
}

/** Which cloud, and which subnets of it. */
export interface CloudConf {
  /** Name of the provider. */
  readonly provider: string;
  /** The provider's settings file. */
  readonly providerConfigFile: string;
  /** Subnets to take NICs from, none twice. */
  readonly subnetIds: readonly string[];
}

/** The whole configuration of a network. */
export interface NetConf {
  /** Where NICs come from. */
  readonly cloud: CloudConf;
  /** Routes for the container. */
  readonly routes: readonly WantedRoute[];
  /** Whether the NIC carries the default route. */
  readonly defaultRoute: boolean;
  /** MTU in bytes; the link's own without it. */
  readonly mtu: number | undefined;
  /** Name resolution settings for the result. */
  readonly dns: Dns | undefined;
}

const defaults = {
  dataDir: '/var/lib/cni/hostnic',
  hostDir: '/var/lib/hostnic',
  originalDir: '/var/run/cni/hostnic',
  // Below the 60 s of CRI-O and the 2 minutes of the kubelet, after which nobody listens to the answer.
  deadlineSeconds: 55,
  instanceIdFile: '/etc/qingcloud/instance-id',
  gatewayIdleSeconds: 600,
  // A quarter of what QingCloud allows a new account in an hour, so that four hosts can share it.
  apiCallsPerHour: 500,
} as const;

function toHousekeeping(json: HousekeepingJson): Housekeeping {
  return {
    dataDir: json.dataDir ?? defaults.dataDir,
    hostDir: json.hostDir ?? defaults.hostDir,
    originalDir: json.dataDir ?? defaults.originalDir,
    deadlineMs: (json.deadlineSeconds ?? defaults.deadlineSeconds) * 1000,
    logFile: json.logFile,
    logLevel: json.logLevel ?? 'info',
    instanceIdFile: json.instanceIdFile ?? defaults.instanceIdFile,
    gatewayIdleMs: (json.gatewayIdleSeconds ?? defaults.gatewayIdleSeconds) * 1000,
    apiCallsPerHour: json.apiCallsPerHour ?? defaults.apiCallsPerHour,
    nicsPerInstance: json.nicsPerInstance,
  };
}

function toCloudConf(json: { readonly provider: string; readonly args: ProviderArgs }): CloudConf {
  const { providerConfigFile, vxNets } = json.args;
  return { provider: json.provider, providerConfigFile, subnetIds: [...new Set(vxNets)] };
}

/** `0.0.0.0` is the original's word for "through this host", whatever address of it that turns out to be. */
function toVia(gw: string | undefined): RouteVia {
  const hop = gw === undefined ? undefined : parseIp(gw);
  if (hop === undefined) return { kind: 'router' };
  return hop.bytes.every((byte) => byte === 0) ? { kind: 'host' } : { kind: 'address', address: formatIp(hop) };
}

function toWantedRoute(route: RouteConf): WantedRoute {
  return { dst: route.dst, via: toVia(route.gw) };
}

/**
 * Reads what every command needs, also DEL with a broken configuration: what is wrong counts as absent here, and is refused by
 * {@link readNetConf}.
 */
export function readHousekeeping(config: NetworkConfig): Housekeeping {
  return toHousekeeping(config.decode(HousekeepingCodec));
}

/**
 * Checks the folders that {@link readHousekeeping} reads: with a wrong one the default's records are not those of this network.
 * @throws CniError 7 with the path of each wrong key
 */
export function checkFolders(config: NetworkConfig): void {
  config.decode(FoldersCodec);
}

/**
 * Reads where NICs come from.
 * @throws CniError 7 with the path of each wrong key
 */
export function readCloudConf(config: NetworkConfig): CloudConf {
  return toCloudConf(config.decode(CloudCodec));
}

/**
 * Reads and checks the whole configuration.
 * @throws CniError 7 with the path of each wrong key
 */
export function readNetConf(config: NetworkConfig): NetConf {
  const json = config.decode(NetConfCodec);
  return {
    cloud: toCloudConf(json),
    routes: (json.ipam?.routes ?? []).map(toWantedRoute),
    defaultRoute: json.isGateway ?? true,
    mtu: json.mtu,
    dns: json.dns,
  };
}
