import { formatIp, parseCidr, parseIp } from '../../lib/address.js';
import {
  addressArg,
  CniError,
  cniCodes,
  type Dns,
  kubernetesArgs,
  type PluginRequest,
  parseCniArgs,
  type RuntimeDns,
  readConventionalArgs,
  readRuntimeConfig,
  textArg,
} from '../../lib/cni/index.js';
import { orThrow } from '../../lib/codec.js';

/** What the runtime wishes for one container, beside the configuration of the network. */
export interface Wishes {
  /** The container's address, without prefix length. */
  readonly address: string | undefined;
  /** Name resolution settings to put into the result. */
  readonly dns: Dns | undefined;
  /** The pod, as `namespace/name`, for the log. */
  readonly pod: string | undefined;
}

const argSchema = { ...kubernetesArgs, IP: addressArg, MAC: textArg } as const;

/** One address, with or without prefix length: that of the subnet counts anyway. */
function readAddress(text: string, key: string): string {
  const ip = parseCidr(text) ?? parseIp(text);
  if (ip?.family === 4) return formatIp(ip);
  throw new CniError(cniCodes.invalidNetworkConfig, `${key} must be an IPv4 address`, { details: text });
}

function readSingle(list: readonly string[], key: string): string | undefined {
  const [first, ...more] = list;
  if (more.length > 0) throw new CniError(cniCodes.unsupportedField, `${key}: a NIC has one address, not ${list.length}`);
  return first === undefined ? undefined : readAddress(first, `${key}[0]`);
}

function toDns(dns: RuntimeDns | undefined): Dns | undefined {
  if (dns === undefined) return undefined;
  const { servers, searches, options } = dns;
  return {
    ...(servers === undefined ? {} : { nameservers: servers }),
    ...(searches === undefined ? {} : { search: searches }),
    ...(options === undefined ? {} : { options }),
  };
}

/**
 * Reads what the runtime wishes: the capabilities `ips`, `mac` and `dns`, `args.cni.ips`, and CNI_ARGS, which wins in this order
 * (CONVENTIONS.md). A wished hardware address is refused, since the cloud chooses it and lets no other one pass.
 * @throws CniError 2, 4 or 7 that names the key
 */
export function readWishes(request: PluginRequest): Wishes {
  const { config } = request;
  const runtime = readRuntimeConfig(config);
  // Runtimes send more than a plugin can know, and not all of them say that unknown arguments do not matter.
  const args = orThrow(parseCniArgs(request.args, argSchema, { ignoreUnknown: true }));
  const mac = runtime.mac ?? args.MAC ?? '';
  if (mac !== '') {
    const key = runtime.mac === undefined ? 'MAC in CNI_ARGS' : 'runtimeConfig.mac';
    throw new CniError(cniCodes.unsupportedField, `${key} = ${mac}: the hardware address of a cloud NIC cannot be chosen`);
  }
  const address =
    readSingle(runtime.ips ?? [], 'runtimeConfig.ips') ?? readSingle(readConventionalArgs(config).ips ?? [], 'args.cni.ips') ?? args.IP;
  return {
    address: address === undefined ? undefined : readAddress(address, 'IP in CNI_ARGS'),
    dns: toDns(runtime.dns),
    pod: args.K8S_POD_NAME === undefined ? undefined : `${args.K8S_POD_NAMESPACE ?? ''}/${args.K8S_POD_NAME}`,
  };
}
