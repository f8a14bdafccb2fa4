import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatTimeStamp } from '../../signature.js';
import { notFound } from '../api-error.js';
import type { EmulatedNic } from '../model.js';
import { AnyTextParam, decodeParams, ListParam, someOfParam } from '../query.js';
import { OWNER, type Settings } from '../settings.js';
import type { Action } from './action.js';
import { PagingCodec, pageOf } from './paging.js';

const ParamsCodec = t.intersection([
  t.partial({
    nics: ListParam,
    nic_name: AnyTextParam,
    status: someOfParam('available', 'in-use'),
    vxnets: ListParam,
    vxnet_type: someOfParam('0', '1', '2'),
    instances: ListParam,
    owner: AnyTextParam,
    search_word: AnyTextParam,
  }),
  PagingCodec,
]);

/** The instance that the API shows for a NIC: none as soon as it reads `available`. */
export function shownInstance(nic: EmulatedNic): string {
  return nic.status === 'in-use' ? (nic.instanceId ?? '') : '';
}

/** `private_ip` as replies have it. */
export function shownAddress(address: string, { choices }: Settings): { readonly private_ip?: string } {
  return address === '' && choices.missingAddress === 'absent' ? {} : { private_ip: address };
}

function toWire(nic: EmulatedNic, settings: Settings): Readonly<Record<string, unknown>> {
  return {
    nic_id: nic.id,
    nic_name: nic.name,
    status: nic.status,
    instance_id: shownInstance(nic),
    vxnet_id: nic.vxnetId,
    ...shownAddress(nic.address, settings),
    role: nic.role,
    sequence: nic.status === 'in-use' ? nic.sequence : 0,
    security_group: '',
    tags: [],
    owner: OWNER,
    root_user_id: OWNER,
    create_time: formatTimeStamp(nic.createdAt),
    status_time: formatTimeStamp(nic.statusAt),
  };
}

function nameFits(name: string, wanted: string | undefined, filter: Settings['choices']['nameFilter']): boolean {
  if (wanted === undefined || wanted === '' || filter === 'ignored') return true;
  return filter === 'exact' ? name === wanted : name.includes(wanted);
}

/** DescribeNics (docs, `describe_nics`): filters combine with AND. */
export const describeNics: Action = (input) => {
  const decoded = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(decoded)) return decoded;
  const params = decoded.right;
  const { state, settings } = input;
  if (settings.choices.unknownIds === 'error') {
    const unknown = params.nics?.find((id) => !state.nics.has(id));
    if (unknown !== undefined) return E.left(notFound('nic', unknown));
    const unknownVxnet = params.vxnets?.find((id) => !state.vxnets.has(id));
    if (unknownVxnet !== undefined) return E.left(notFound('vxnet', unknownVxnet));
  }
  const fits = (nic: EmulatedNic): boolean =>
    (params.nics?.includes(nic.id) ?? true) &&
    (params.status?.includes(nic.status) ?? true) &&
    (params.vxnets?.includes(nic.vxnetId) ?? true) &&
    (params.vxnet_type?.some((type) => Number(type) === state.vxnets.get(nic.vxnetId)?.type) ?? true) &&
    (params.instances?.includes(shownInstance(nic)) ?? true) &&
    (params.owner === undefined || params.owner === OWNER) &&
    nameFits(nic.name, params.nic_name, settings.choices.nameFilter) &&
    (params.search_word === undefined || nic.name.includes(params.search_word) || nic.id.includes(params.search_word));
  const page = pageOf([...state.nics.values()].filter(fits), params);
  return E.right({ reply: { ...page.reply, nic_set: page.items.map((nic) => toWire(nic, settings)) } });
};
