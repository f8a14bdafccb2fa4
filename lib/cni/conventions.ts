import * as t from 'io-ts';
import { IntegerCodec } from '../codec.js';
import { caseless, listOf, OptionalTextCodec, OptionalTextsCodec, optional, TextOrEmptyCodec } from './caseless.js';
import type { NetworkConfig } from './network-config.js';

/** A port of the host that leads to one of the container. */
export interface PortMapping {
  /** On the host. */
  readonly hostPort: number;
  /** In the container. */
  readonly containerPort: number;
  /** `tcp`, `udp` or `sctp`; empty means tcp. */
  readonly protocol: string;
  /** Address of the host; all without it. */
  readonly hostIP?: string;
}

/** Limits of bandwidth: rates in bits per second, bursts in bits. */
export interface Bandwidth {
  /** Into the container. */
  readonly ingressRate?: number;
  /** Into the container. */
  readonly ingressBurst?: number;
  /** Out of the container. */
  readonly egressRate?: number;
  /** Out of the container. */
  readonly egressBurst?: number;
}

/** A range that addresses are taken from. */
export interface IpRange {
  /** The range with prefix length. */
  readonly subnet: string;
  /** First address to give out. */
  readonly rangeStart?: string;
  /** Last address to give out. */
  readonly rangeEnd?: string;
  /** The gateway. */
  readonly gateway?: string;
}

/** Name resolution as runtimes pass it; the keys differ from those of results. */
export interface RuntimeDns {
  /** Name servers. */
  readonly servers?: readonly string[];
  /** Search list. */
  readonly searches?: readonly string[];
  /** Resolver options. */
  readonly options?: readonly string[];
}

/**
 * The well-known values of `runtimeConfig`, for the capabilities that a configuration lists.
 * Texts are not checked; what a plugin takes it must check itself.
 *
 * @see https://github.com/containernetworking/cni/blob/main/CONVENTIONS.md
 */
export interface RuntimeConfig {
  /** Capability `portMappings`. */
  readonly portMappings: readonly PortMapping[];
  /** Capability `ipRanges`: a list of alternatives for each address. */
  readonly ipRanges: readonly (readonly IpRange[])[];
  /** Capability `bandwidth`. */
  readonly bandwidth?: Bandwidth;
  /** Capability `dns`. */
  readonly dns?: RuntimeDns;
  /** Capability `ips`: wished addresses, with or without prefix length. */
  readonly ips?: readonly string[];
  /** Capability `mac`: wished hardware address. */
  readonly mac?: string;
  /** Capability `infinibandGUID`. */
  readonly infinibandGUID?: string;
  /** Capability `deviceID`. */
  readonly deviceID?: string;
  /** Capability `aliases`: names of the container in this network. */
  readonly aliases?: readonly string[];
  /** Capability `cgroupPath`. */
  readonly cgroupPath?: string;
}

/** A label of the container. */
export interface Label {
  /** Its key. */
  readonly key: string;
  /** Its value; may be empty. */
  readonly value: string;
}

/** The well-known part of `args` in a configuration: hints that a plugin may ignore. `ips` wins over `IP` in CNI_ARGS. */
export interface ConventionalArgs {
  /** Wished addresses. */
  readonly ips?: readonly string[];
  /** Labels of the container. */
  readonly labels: readonly Label[];
}

const OptionalIntegerCodec = optional(IntegerCodec);

/** Podman passes an object from network to names where the convention has a list. Both are kept until the network is known. */
const AliasesCodec: t.Type<readonly string[] | Readonly<Record<string, readonly string[]>> | undefined, unknown> = optional(
  t.union([t.readonlyArray(t.string, 'a list of texts'), t.record(t.string, t.readonlyArray(t.string), 'an object of lists of texts')]),
);

interface RuntimeConfigWire extends Omit<RuntimeConfig, 'aliases'> {
  readonly aliases?: readonly string[] | Readonly<Record<string, readonly string[]>>;
}

const RuntimeConfigCodec = caseless<RuntimeConfigWire>('an object', {
  portMappings: listOf(
    caseless<PortMapping>('an object', {
      hostPort: IntegerCodec,
      containerPort: IntegerCodec,
      protocol: TextOrEmptyCodec,
      hostIP: OptionalTextCodec,
    }),
  ),
  ipRanges: listOf(
    listOf(
      caseless<IpRange>('an object', {
        subnet: TextOrEmptyCodec,
        rangeStart: OptionalTextCodec,
        rangeEnd: OptionalTextCodec,
        gateway: OptionalTextCodec,
      }),
    ),
  ),
  bandwidth: optional(
    caseless<Bandwidth>('an object', {
      ingressRate: OptionalIntegerCodec,
      ingressBurst: OptionalIntegerCodec,
      egressRate: OptionalIntegerCodec,
      egressBurst: OptionalIntegerCodec,
    }),
  ),
  dns: optional(
    caseless<RuntimeDns>('an object', { servers: OptionalTextsCodec, searches: OptionalTextsCodec, options: OptionalTextsCodec }),
  ),
  ips: OptionalTextsCodec,
  mac: OptionalTextCodec,
  infinibandGUID: OptionalTextCodec,
  deviceID: OptionalTextCodec,
  aliases: AliasesCodec,
  cgroupPath: OptionalTextCodec,
});

const WithRuntimeConfigCodec = caseless<{ readonly runtimeConfig?: RuntimeConfigWire }>('an object', {
  runtimeConfig: optional(RuntimeConfigCodec),
});

const WithArgsCodec = caseless<{ readonly args?: { readonly cni?: ConventionalArgs } }>('an object', {
  args: optional(
    caseless<{ readonly cni?: ConventionalArgs }>('an object', {
      cni: optional(
        caseless<ConventionalArgs>('an object', {
          ips: OptionalTextsCodec,
          labels: listOf(caseless<Label>('an object', { key: TextOrEmptyCodec, value: TextOrEmptyCodec })),
        }),
      ),
    }),
  ),
});

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}

/**
 * The well-known values of `runtimeConfig`. Containerd writes their keys with capitals (`HostPort`), podman as the conventions have them.
 * @throws CniError 7, with the path of each wrong key
 */
export function readRuntimeConfig(config: NetworkConfig): RuntimeConfig {
  const { aliases, ...rest } = config.decode(WithRuntimeConfigCodec).runtimeConfig ?? { portMappings: [], ipRanges: [] };
  const names = aliases === undefined || isList(aliases) ? aliases : aliases[config.name];
  return names === undefined ? rest : { ...rest, aliases: names };
}

/**
 * The well-known part of `args` (`args.cni`).
 * @throws CniError 7, with the path of each wrong key
 */
export function readConventionalArgs(config: NetworkConfig): ConventionalArgs {
  return config.decode(WithArgsCodec).args?.cni ?? { labels: [] };
}
