import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { pickAddresses, refuseAddress } from '../address-pool.js';
import { type ApiError, denied, malformed, notFound, quotaExceeded, STANDARD_ERRORS } from '../api-error.js';
import { type EmulatedNic, type EmulatedVxnet, withEntries } from '../model.js';
import { newMac } from '../new-id.js';
import { AnyTextParam, decodeParams, FlagParam, IntegerParam, ListParam, TextParam } from '../query.js';
import type { Action, ActionInput } from './action.js';

/** The most NICs one call makes (docs, `create_nics`). */
const MAX_COUNT = 252;

const ParamsCodec = t.intersection([
  t.type({ vxnet: TextParam }),
  t.partial({ count: IntegerParam, nic_name: AnyTextParam, private_ips: ListParam, disable_ip: FlagParam }),
]);

function refuseWished(input: ActionInput, vxnet: EmulatedVxnet, wished: readonly string[], count: number): ApiError | undefined {
  if (wished.length !== count) return malformed(`parameter [count] must equal the number of [private_ips], ${wished.length}`);
  if (new Set(wished).size !== wished.length) return malformed('parameter [private_ips] names an address twice');
  for (const address of wished) {
    const refusal = refuseAddress(vxnet, [...input.state.nics.values()], address);
    if (refusal === 'outside') return malformed(`private ip [${address}] is not in the network of vxnet [${vxnet.id}]`);
    if (refusal === 'taken') {
      return denied(`private ip [${address}] is already used in vxnet [${vxnet.id}]`, input.settings.choices.addressTakenCode);
    }
  }
  return undefined;
}

function chooseAddresses(
  input: ActionInput,
  vxnet: EmulatedVxnet,
  count: number,
  wished: readonly string[] | undefined,
): E.Either<ApiError, readonly string[]> {
  const { choices, limits, random } = input.settings;
  const full: ApiError = { retCode: choices.vxnetFullCode, message: `${STANDARD_ERRORS['vxnet-full'].message} [${vxnet.id}]` };
  const held = [...input.state.nics.values()].filter((nic) => nic.vxnetId === vxnet.id).length;
  const room = Math.max(0, limits.nicsPerVxnet - held);
  if (wished !== undefined) {
    const refusal = refuseWished(input, vxnet, wished, count);
    if (refusal !== undefined) return E.left(refusal);
    return wished.length > room ? E.left(full) : E.right(wished);
  }
  const wanted = Math.min(count, room);
  const free =
    vxnet.routerId === undefined
      ? new Array<string>(wanted).fill('')
      : pickAddresses(vxnet, [...input.state.nics.values()], wanted, choices.addressOrder, random);
  const enough = choices.createAllOrNothing ? free.length >= count : free.length > 0;
  return enough ? E.right(free) : E.left(full);
}

/** CreateNics (docs, `create_nics`): real-time; the NICs are `available` at once. */
export const createNics: Action = (input) => {
  const params = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(params)) return params;
  const { vxnet: vxnetId, count = 1, nic_name: name = '', private_ips: wished, disable_ip: disableIp = false } = params.right;
  const { state, settings, now } = input;
  if (count < 1 || count > MAX_COUNT) return E.left(malformed(`parameter [count] must be from 1 to ${MAX_COUNT}`));
  const vxnet = state.vxnets.get(vxnetId);
  if (vxnet === undefined) return E.left(notFound('vxnet', vxnetId));
  const left = settings.limits.nicsPerAccount - state.nics.size;
  if (count > left) return E.left(quotaExceeded(`the quota of [nic] is [${settings.limits.nicsPerAccount}], [${left}] left`));
  const addresses = chooseAddresses(input, vxnet, count, wished);
  if (E.isLeft(addresses)) return addresses;
  const taken = new Set(state.nics.keys());
  const nics = addresses.right.map((address): EmulatedNic => {
    const id = newMac(settings.random, taken);
    taken.add(id);
    return {
      id,
      name,
      vxnetId,
      address: disableIp ? '' : address,
      status: 'available',
      instanceId: undefined,
      role: 0,
      sequence: 0,
      antiSpoofing: settings.antiSpoofing,
      transition: undefined,
      plugged: false,
      createdAt: now,
      statusAt: now,
    };
  });
  return E.right({
    reply: { nics: nics.map((nic) => ({ nic_id: nic.id, private_ip: nic.address })) },
    state: { ...state, nics: withEntries(state.nics, nics) },
  });
};
