import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatTimeStamp } from '../../signature.js';
import { notFound } from '../api-error.js';
import type { CloudState, EmulatedInstance, InstanceStatus } from '../model.js';
import { AnyTextParam, decodeParams, FlagParam, ListParam, someOfParam } from '../query.js';
import { OWNER, type Settings } from '../settings.js';
import type { Action } from './action.js';
import { shownAddress, shownInstance } from './describe-nics.js';
import { PagingCodec, pageOf } from './paging.js';

const ParamsCodec = t.intersection([
  t.partial({
    instances: ListParam,
    status: someOfParam<InstanceStatus>('pending', 'running', 'stopped', 'suspended', 'terminated', 'ceased'),
    search_word: AnyTextParam,
    owner: AnyTextParam,
    verbose: FlagParam,
    is_cluster_node: FlagParam,
    not_transition: FlagParam,
  }),
  PagingCodec,
]);

function toWire(instance: EmulatedInstance, state: CloudState, settings: Settings): Readonly<Record<string, unknown>> {
  const nics = [...state.nics.values()].filter((nic) => shownInstance(nic) === instance.id).sort((a, b) => a.sequence - b.sequence);
  return {
    instance_id: instance.id,
    instance_name: instance.name,
    instance_type: 'c2m4',
    vcpus_current: 2,
    memory_current: 4096,
    status: instance.status,
    transition_status: '',
    zone_id: settings.zone,
    owner: OWNER,
    create_time: formatTimeStamp(instance.createdAt),
    status_time: formatTimeStamp(instance.statusAt),
    vxnets: nics.map((nic) => {
      const vxnet = state.vxnets.get(nic.vxnetId);
      return {
        nic_id: nic.id,
        ...shownAddress(nic.address, settings),
        vxnet_id: nic.vxnetId,
        vxnet_name: vxnet?.name ?? '',
        vxnet_type: vxnet?.type ?? 1,
        role: nic.role,
      };
    }),
  };
}

/** DescribeInstances (docs, `describe_instances`), with what concerns NICs. */
export const describeInstances: Action = (input) => {
  const decoded = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(decoded)) return decoded;
  const params = decoded.right;
  const unknown = params.instances?.find((id) => !input.state.instances.has(id));
  if (unknown !== undefined && input.settings.choices.unknownIds === 'error') return E.left(notFound('instance', unknown));
  const instances = [...input.state.instances.values()].filter(
    (instance) =>
      (params.instances?.includes(instance.id) ?? true) &&
      (!instance.clusterNode || params.is_cluster_node === true) &&
      (params.status?.includes(instance.status) ?? true) &&
      (params.owner === undefined || params.owner === OWNER) &&
      (params.search_word === undefined || instance.id.includes(params.search_word) || instance.name.includes(params.search_word)),
  );
  const page = pageOf(instances, params);
  return E.right({
    reply: { ...page.reply, instance_set: page.items.map((instance) => toWire(instance, input.state, input.settings)) },
  });
};
