import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { pickAddresses, refuseAddress } from '../address-pool.js';
import { type ApiError, denied, malformed, notFound, STANDARD_ERRORS } from '../api-error.js';
import { type EmulatedNic, type EmulatedVxnet, withEntries } from '../model.js';
import { AnyTextParam, decodeParams, FlagParam, TextParam } from '../query.js';
import type { Action, ActionInput } from './action.js';
import { refuseFresh } from './attach-nics.js';

const ParamsCodec = t.intersection([
  t.type({ nic: TextParam }),
  t.partial({ nic_name: AnyTextParam, private_ip: TextParam, vxnet: TextParam, enable_aspoof: FlagParam }),
]);

function newAddress(input: ActionInput, nic: EmulatedNic, vxnet: EmulatedVxnet, wished: string | undefined): E.Either<ApiError, string> {
  const { choices, random } = input.settings;
  const others = [...input.state.nics.values()].filter((other) => other.id !== nic.id);
  if (wished === undefined) {
    if (vxnet.routerId === undefined) return E.right('');
    const [address] = pickAddresses(vxnet, others, 1, choices.addressOrder, random);
    return address === undefined
      ? E.left({ retCode: choices.vxnetFullCode, message: `${STANDARD_ERRORS['vxnet-full'].message} [${vxnet.id}]` })
      : E.right(address);
  }
  const refusal = refuseAddress(vxnet, others, wished);
  if (refusal === 'outside') return E.left(malformed(`private ip [${wished}] is not in the network of vxnet [${vxnet.id}]`));
  if (refusal === 'taken') {
    return E.left(denied(`private ip [${wished}] is already used in vxnet [${vxnet.id}]`, choices.addressTakenCode));
  }
  return E.right(wished);
}

/** ModifyNicAttributes (docs, `modify_nic_attributes`; `vxnet` and `enable_aspoof` are in the SDK only): real-time. */
export const modifyNicAttributes: Action = (input) => {
  const params = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(params)) return params;
  const { nic: nicId, nic_name: name, private_ip: wished, vxnet: vxnetId, enable_aspoof: antiSpoofing } = params.right;
  const nic = input.state.nics.get(nicId);
  if (nic === undefined) return E.left(notFound('nic', nicId));
  const fresh = refuseFresh(input, nic);
  if (fresh !== undefined) return E.left(fresh);
  let changed: EmulatedNic = { ...nic, name: name ?? nic.name, antiSpoofing: antiSpoofing ?? nic.antiSpoofing };
  if (wished !== undefined || vxnetId !== undefined) {
    // The console's manual: the address can be changed only while the NIC is not attached.
    if (nic.status !== 'available' || nic.transition !== undefined) {
      return E.left(denied(`nic [${nic.id}] is not available, its private ip can not be changed`));
    }
    const vxnet = input.state.vxnets.get(vxnetId ?? nic.vxnetId);
    if (vxnet === undefined) return E.left(notFound('vxnet', vxnetId ?? nic.vxnetId));
    const address = newAddress(input, nic, vxnet, wished);
    if (E.isLeft(address)) return address;
    changed = { ...changed, vxnetId: vxnet.id, address: address.right };
  }
  const state = { ...input.state, nics: withEntries(input.state.nics, [changed]) };
  return E.right({ reply: {}, state, ...(antiSpoofing === undefined ? {} : { antiSpoofing: { nicId, on: antiSpoofing } }) });
};
