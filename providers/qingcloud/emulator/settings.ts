import * as E from 'fp-ts/lib/Either.js';
import { type Cidr, contains, formatCidr, parseCidr, parseIp, parseMac, toNetwork } from '../../../lib/address.js';
import type { Clock } from '../../../lib/clock.js';
import { systemClock } from '../../../lib/clock.js';
import { decode } from '../../../lib/codec.js';
import { NicError } from '../../../lib/errors.js';
import { type Logger, silentLogger } from '../../../lib/log.js';
import { addressAt, toNumber } from './address-pool.js';
import { type Choices, toChoices } from './choices.js';
import { FaultRuleCodec } from './fault-codec.js';
import { toLimits } from './limits.js';
import type { EmulatedRouter, EmulatedVxnet } from './model.js';
import type { EmulatedAccount, EmulatorOptions, InstanceOptions, JobDurations, Limits, ListenTarget, VxnetOptions } from './options.js';

/** The keys accepted when no others are given. They are those of the examples in the service's documentation. */
export const DEFAULT_ACCOUNT: EmulatedAccount = { accessKeyId: 'QYACCESSKEYIDEXAMPLE', secretAccessKey: 'SECRETACCESSKEY' };

/** The vxnet there is when no others are given. */
export const DEFAULT_VXNET: VxnetOptions = { id: 'vxnet-emul001', routerId: 'rtr-emul0001', cidr: '192.168.100.0/24' };

/** The id of the instance there is when no others are given. */
export const DEFAULT_INSTANCE_ID = 'i-emul0001';

/** The one user that owns everything. */
export const OWNER = 'usr-emul0001';

/** Options with all defaults filled in, checked. */
export interface Settings {
  /** Where to listen. */
  readonly listen: readonly ListenTarget[];
  /** Accepted keys. */
  readonly accounts: readonly EmulatedAccount[];
  /** The one zone. */
  readonly zone: string;
  /** Routers by id. */
  readonly routers: ReadonlyMap<string, EmulatedRouter>;
  /** Vxnets by id. */
  readonly vxnets: ReadonlyMap<string, EmulatedVxnet>;
  /** Instances to start with. */
  readonly instances: readonly InstanceOptions[];
  /** Job durations. */
  readonly jobs: Required<JobDurations>;
  /** Limits; infinite where there is none. */
  readonly limits: Required<Limits>;
  /** Choices. */
  readonly choices: Required<Choices>;
  /** Whether new NICs may not send under foreign addresses. */
  readonly antiSpoofing: boolean;
  /** What each call takes, in milliseconds. */
  readonly latencyMs: number;
  /** Time. */
  readonly clock: Clock;
  /** Random numbers from 0 up to 1. */
  readonly random: () => number;
  /** Called around the effect of each call. */
  readonly onCall: NonNullable<EmulatorOptions['onCall']>;
  /** Where it is told what happens. */
  readonly log: Logger;
}

function refuse(where: string, expected: string): never {
  throw new NicError('ERR_CONFIG', `emulator options: ${where} must be ${expected}`);
}

function wholeNumber(where: string, value: number, least: number): number {
  if (value !== Number.POSITIVE_INFINITY && !Number.isSafeInteger(value)) refuse(where, 'a whole number');
  return value >= least ? value : refuse(where, `${least} or more`);
}

function rangeOf(where: string, text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined || cidr.family !== 4 || formatCidr(toNetwork(cidr)) !== formatCidr(cidr)) {
    return refuse(where, 'an IPv4 range without host bits, such as 192.168.100.0/24');
  }
  // Larger ranges are not offered by the cloud, and free addresses are listed one by one.
  if (cidr.prefix < 16 || cidr.prefix > 29) return refuse(where, 'an IPv4 range from /16 to /29');
  return cidr;
}

function addressIn(where: string, cidr: Cidr, text: string): string {
  const ip = parseIp(text);
  return ip !== undefined && contains(cidr, ip) ? text : refuse(where, `an address in ${formatCidr(cidr)}`);
}

function toVxnet(options: VxnetOptions, where: string, now: number): EmulatedVxnet {
  const cidr = rangeOf(`${where}.cidr`, options.cidr);
  const size = 2 ** (32 - cidr.prefix);
  const managerIp = addressIn(`${where}.managerIp`, cidr, options.managerIp ?? addressAt(cidr, 0));
  // By default all of the range but the router, which in the real cloud is the first address.
  const start = addressAt(cidr, managerIp === addressAt(cidr, 0) ? 1 : 0);
  const { dynRange = { start, end: addressAt(cidr, size - 3) } } = options;
  if (dynRange !== 'off') {
    addressIn(`${where}.dynRange.start`, cidr, dynRange.start);
    addressIn(`${where}.dynRange.end`, cidr, dynRange.end);
    if (toNumber(dynRange.start) > toNumber(dynRange.end)) refuse(`${where}.dynRange.end`, 'at or after dynRange.start');
  }
  return {
    id: options.id,
    name: options.name ?? options.id,
    type: options.type ?? 1,
    routerId: options.routerId,
    cidr: formatCidr(cidr),
    managerIp,
    dynRange: dynRange === 'off' ? undefined : dynRange,
    createdAt: now,
  };
}

function toRouters(options: EmulatorOptions, vxnets: readonly EmulatedVxnet[], now: number): Map<string, EmulatedRouter> {
  const routers = new Map<string, EmulatedRouter>();
  for (const [i, router] of (options.routers ?? []).entries()) {
    if (routers.has(router.id)) refuse(`routers[${i}].id`, 'given once only');
    const cidr = router.cidr === undefined ? undefined : formatCidr(rangeOf(`routers[${i}].cidr`, router.cidr));
    routers.set(router.id, { id: router.id, name: router.name ?? router.id, cidr: cidr ?? '192.168.0.0/16', createdAt: now });
  }
  for (const { routerId, cidr } of vxnets) {
    const range = parseCidr(cidr);
    if (routerId === undefined || routers.has(routerId) || range === undefined) continue;
    const around = formatCidr(toNetwork({ ...range, prefix: 16 }));
    routers.set(routerId, { id: routerId, name: routerId, cidr: around, createdAt: now });
  }
  return routers;
}

function checkInstances(instances: readonly InstanceOptions[], vxnets: ReadonlyMap<string, EmulatedVxnet>, hasFabric: boolean): void {
  const ids = new Set<string>();
  for (const [i, { id, namespace, primaryNic }] of instances.entries()) {
    if (id === '' || ids.has(id)) refuse(`instances[${i}].id`, 'a text that is not empty, given once only');
    ids.add(id);
    if (namespace !== undefined && !hasFabric) refuse(`instances[${i}].namespace`, 'absent where there is no fabric to plug NICs into it');
    if (primaryNic === undefined) continue;
    if (!vxnets.has(primaryNic.vxnetId)) refuse(`instances[${i}].primaryNic.vxnetId`, 'the id of one of the vxnets');
    const mac = primaryNic.id;
    if (mac !== undefined && (parseMac(mac) === undefined || mac !== mac.toLowerCase())) {
      refuse(`instances[${i}].primaryNic.id`, 'a MAC address in lower case, such as 52:54:00:12:34:56');
    }
  }
}

function checkListen(listen: EmulatorOptions['listen']): readonly ListenTarget[] {
  const targets = listen === undefined ? [{ host: '127.0.0.1', port: 0 }] : 'length' in listen ? listen : [listen];
  if (targets.length === 0) refuse('listen', 'at least one place');
  for (const [i, target] of targets.entries()) {
    if ('fd' in target) wholeNumber(`listen[${i}].fd`, target.fd, 0);
    else if (wholeNumber(`listen[${i}].port`, target.port, 0) > 65_535) refuse(`listen[${i}].port`, 'at most 65535');
  }
  return targets;
}

/**
 * Fills in the defaults and checks what was given.
 * @throws NicError `ERR_CONFIG` with the path of the option
 */
export function toSettings(options: EmulatorOptions): Settings {
  const { clock = systemClock, accounts = [DEFAULT_ACCOUNT], jobs = {}, limits = {}, choices = {} } = options;
  const now = clock.now();
  const vxnets = new Map<string, EmulatedVxnet>();
  for (const [i, vxnet] of (options.vxnets ?? [DEFAULT_VXNET]).entries()) {
    if (vxnet.id === '' || vxnets.has(vxnet.id)) refuse(`vxnets[${i}].id`, 'a text that is not empty, given once only');
    vxnets.set(vxnet.id, toVxnet(vxnet, `vxnets[${i}]`, now));
  }
  for (const [i, account] of accounts.entries()) {
    if (account.accessKeyId === '' || account.secretAccessKey === '') refuse(`accounts[${i}]`, 'a key id and a secret, neither empty');
  }
  for (const [i, rule] of (options.faults ?? []).entries()) {
    const result = decode(FaultRuleCodec, rule, `faults[${i}]`);
    if (E.isLeft(result)) throw new NicError('ERR_CONFIG', `emulator options: ${result.left.message}`, { cause: result.left });
  }
  const first = [...vxnets.keys()][0];
  const instances = options.instances ?? [{ id: DEFAULT_INSTANCE_ID, ...(first === undefined ? {} : { primaryNic: { vxnetId: first } }) }];
  checkInstances(instances, vxnets, options.fabric !== undefined);
  const duration = (name: keyof JobDurations, standard: number): number => wholeNumber(`jobs.${name}`, jobs[name] ?? standard, 0);
  return {
    listen: checkListen(options.listen),
    accounts,
    zone: options.zone ?? 'pek3a',
    routers: toRouters(options, [...vxnets.values()], now),
    vxnets,
    instances,
    jobs: { attachMs: duration('attachMs', 3_000), detachMs: duration('detachMs', 3_000), pendingMs: duration('pendingMs', 200) },
    limits: toLimits(limits),
    choices: toChoices(choices),
    antiSpoofing: options.antiSpoofing ?? true,
    latencyMs: wholeNumber('latencyMs', options.latencyMs ?? 0, 0),
    clock,
    random: options.random ?? Math.random,
    onCall: options.onCall ?? (() => {}),
    log: options.log ?? silentLogger,
  };
}
