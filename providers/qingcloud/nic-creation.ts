import { formatIp, parseIp } from '../../lib/address.js';
import type { Nic } from '../../lib/nic.js';
import type { CreateNicOptions } from '../../lib/provider.js';
import type { Actions } from './actions.js';
import { toResponseError } from './errors.js';
import { toAddresses } from './model.js';
import { explainQuota } from './refusals.js';
import { trimValue } from './signature.js';
import { type CreatedNicWire, CreateNicsReplyCodec } from './wire.js';

const ACTION = 'CreateNics';

/** Which NICs to create: several of one name, as many as there are wished addresses, or a number of them with any. */
export interface CreateNicsRequest {
  /** The vxnet. */
  readonly subnetId: string;
  /** The name that all of them get. */
  readonly name: string;
  /** How many, 1 to 252; 1 by default, or one for each wished address. */
  readonly count?: number;
  /** Wished addresses without prefix length, none twice. */
  readonly addresses?: readonly string[];
}

function canonical(address: string): string {
  const ip = parseIp(address);
  return ip === undefined ? address : formatIp(ip);
}

/**
 * Puts the created NICs into the order of the wished addresses. The service promises no order, so they are matched by address;
 * those that tell none take the wishes that are left. Undefined when an address is none that was wished.
 */
function inOrder(
  nics: readonly CreatedNicWire[],
  wished: readonly string[],
): readonly (readonly [CreatedNicWire, readonly string[]])[] | undefined {
  if (wished.length === 0) return nics.map((nic) => [nic, toAddresses(nic.private_ip)]);
  const silent = nics.filter((nic) => toAddresses(nic.private_ip).length === 0);
  const byAddress = new Map(nics.flatMap((nic) => toAddresses(nic.private_ip).map((address) => [address, nic] as const)));
  const placed: (readonly [CreatedNicWire, readonly string[]])[] = [];
  for (const address of wished) {
    const nic = byAddress.get(address) ?? silent.shift();
    if (nic === undefined) return undefined;
    placed.push([nic, [address]]);
  }
  return placed;
}

/**
 * Creates NICs of one name in one call (docs, `nic/create_nics`). Never repeated once it may have reached the service.
 * @returns them, in the order of the wished addresses
 * @throws ProviderError; with `outcome` `unknown` also when the reply tells of other NICs than were asked for
 */
export async function createNics(
  actions: Actions,
  request: CreateNicsRequest,
  { signal, startSignal }: CreateNicOptions = {},
): Promise<readonly Nic[]> {
  const { subnetId, name, addresses = [] } = request;
  const count = request.count ?? Math.max(1, addresses.length);
  const wished = addresses.map(canonical);
  if (!Number.isInteger(count) || count < 1 || count > 252) throw new RangeError('a call creates 1 to 252 NICs');
  if (wished.length > 0 && (wished.length !== count || new Set(wished).size !== count)) {
    throw new RangeError('there must be one wished address, and another one, for each NIC');
  }
  const values = { vxnet: subnetId, count, nic_name: name, private_ips: addresses };
  const probe = { action: 'DescribeVxnets', kind: 'read', values: { vxnets: [subnetId], offset: 0, limit: 1 } } as const;
  const reply = await actions.call({ action: ACTION, kind: 'create', values, startSignal }, signal, (refused) =>
    explainQuota(refused, () => actions.once(probe, signal)),
  );
  const { nics } = actions.decode(ACTION, CreateNicsReplyCodec, reply);
  if (nics.length !== count) throw toResponseError(ACTION, `${nics.length} NICs were created where ${count} were asked for`, false);
  const placed = inOrder(nics, wished);
  if (placed === undefined) throw toResponseError(ACTION, 'NICs were created with other addresses than were asked for', false);
  return placed.map(([nic, told]) => ({
    id: nic.nic_id,
    // The service sees what was sent: without white space at the ends.
    name: trimValue(name),
    mac: nic.nic_id.toLowerCase(),
    subnetId,
    addresses: told,
    status: 'available',
    instanceId: undefined,
    role: 'secondary',
    createdAt: undefined,
  }));
}
