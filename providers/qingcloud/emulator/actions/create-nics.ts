import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { pickAddresses, refuseAddress } from '../address-pool.js';
import { type ApiError, denied, malformed, notFound, quotaExceeded, STANDARD_ERRORS } from '../api-error.js';
import { type EmulatedNic, type EmulatedVxnet, withEntries } from '../model.js';
import { newMac } from '../new-id.js';
import { AnyTextParam, decodeParams, FlagParam, IntegerParam, ListParam, TextParam } from '../query.js';
import type { Action, ActionInput } from './action.js';
import { shownAddress } from './describe-nics.js';

/** The most NICs one call makes (docs, `create_nics`). */
const MAX_COUNT = 252;

const ParamsCodec = t.intersection([
  t.type({ vxnet: TextParam }),
  t.partial({ count: IntegerParam, nic_name: AnyTextParam, private_ips: ListParam, disable_ip: FlagParam }),
]);

/** A place for each NIC that is wanted: the address it is to have, or undefined where the cloud chooses. */
function toPlaces(input: ActionInput, wished: readonly string[], count: number): E.Either<ApiError, readonly (string | undefined)[]> {
  if (new Set(wished).size !== wished.length) return E.left(malformed('parameter [private_ips] names an address twice'));
  const { countMismatch } = input.settings.choices;
  if (wished.length > 0 && wished.length !== count) {
    if (countMismatch === 'refused') return E.left(malformed(`parameter [count] must equal the number of [private_ips], ${wished.length}`));
    if (countMismatch === 'addresses') return E.right(wished);
  }
  return E.right(Array.from({ length: count }, (_, i) => wished[i]));
}

function refuseWished({ state, settings }: ActionInput, vxnet: EmulatedVxnet, address: string): ApiError | undefined {
  const refusal = refuseAddress(vxnet, [...state.nics.values()], address);
  if (refusal === 'outside') return malformed(`private ip [${address}] is not in the network of vxnet [${vxnet.id}]`);
  if (refusal === undefined) return undefined;
  return denied(`private ip [${address}] is already used in vxnet [${vxnet.id}]`, settings.choices.addressTakenCode);
}

/** Fills the places with addresses; an empty text where the cloud manages none. */
function chooseAddresses(
  input: ActionInput,
  vxnet: EmulatedVxnet,
  places: readonly (string | undefined)[],
  disableIp: boolean,
): E.Either<ApiError, readonly string[]> {
  const { choices, limits, random } = input.settings;
  const nics = [...input.state.nics.values()];
  const room = Math.max(0, limits.nicsPerVxnet - nics.filter((nic) => nic.vxnetId === vxnet.id).length);
  const wished = places.filter((address) => address !== undefined);
  const refusals = disableIp ? [] : wished.flatMap((address) => refuseWished(input, vxnet, address) ?? []);
  const granted = disableIp ? wished : wished.filter((address) => refuseWished(input, vxnet, address) === undefined);
  const held = [...nics, ...granted.map((address) => ({ vxnetId: vxnet.id, address }))];
  const wanted = Math.max(0, Math.min(places.length - wished.length, room - granted.length));
  const chosen =
    disableIp || vxnet.routerId === undefined
      ? new Array<string>(wanted).fill('')
      : pickAddresses(vxnet, held, wanted, choices.addressOrder, random);
  const given = [...granted, ...chosen].slice(0, room);
  const enough = choices.createAllOrNothing ? given.length === places.length : given.length > 0;
  if (enough) return E.right(disableIp ? given.map(() => '') : given);
  const full: ApiError = { retCode: choices.vxnetFullCode, message: `${STANDARD_ERRORS['vxnet-full'].message} [${vxnet.id}]` };
  return E.left(refusals[0] ?? full);
}

/** CreateNics (docs, `create_nics`): real-time; the NICs are `available` at once. */
export const createNics: Action = (input) => {
  const params = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(params)) return params;
  const { vxnet: vxnetId, count = 1, nic_name: name = '', private_ips: wished = [], disable_ip: disableIp = false } = params.right;
  const { state, settings, now } = input;
  if (count < 1 || count > MAX_COUNT) return E.left(malformed(`parameter [count] must be from 1 to ${MAX_COUNT}`));
  if (wished.length > MAX_COUNT) return E.left(malformed(`parameter [private_ips] must have at most ${MAX_COUNT} addresses`));
  const vxnet = state.vxnets.get(vxnetId);
  if (vxnet === undefined) return E.left(notFound('vxnet', vxnetId));
  const places = toPlaces(input, wished, count);
  if (E.isLeft(places)) return places;
  const left = settings.limits.nicsPerAccount - state.nics.size;
  if (places.right.length > left) return E.left(quotaExceeded(`the quota of [nic] is [${settings.limits.nicsPerAccount}], [${left}] left`));
  const addresses = chooseAddresses(input, vxnet, places.right, disableIp);
  if (E.isLeft(addresses)) return addresses;
  const taken = new Set(state.nics.keys());
  const nics = addresses.right.map((address): EmulatedNic => {
    const id = newMac(settings.random, taken);
    taken.add(id);
    return {
      id,
      name,
      vxnetId,
      address,
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
  const shown = settings.choices.nicOrder === 'reversed' ? nics.toReversed() : nics;
  return E.right({
    reply: { nics: shown.map((nic) => ({ nic_id: nic.id, ...shownAddress(nic.address, settings) })) },
    state: { ...state, nics: withEntries(state.nics, nics) },
  });
};
