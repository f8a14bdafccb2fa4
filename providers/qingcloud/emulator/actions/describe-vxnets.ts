import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatTimeStamp } from '../../signature.js';
import { countFree } from '../address-pool.js';
import { notFound } from '../api-error.js';
import type { CloudState, EmulatedVxnet } from '../model.js';
import { AnyTextParam, decodeParams, FlagParam, ListParam, oneOfParam } from '../query.js';
import { OWNER, type Settings } from '../settings.js';
import type { Action } from './action.js';
import { shownInstance } from './describe-nics.js';
import { PagingCodec, pageOf } from './paging.js';

const ParamsCodec = t.intersection([
  t.partial({
    vxnets: ListParam,
    vxnet_type: oneOfParam('0', '1', '2'),
    search_word: AnyTextParam,
    owner: AnyTextParam,
    verbose: FlagParam,
  }),
  PagingCodec,
]);

function toWire(vxnet: EmulatedVxnet, state: CloudState, settings: Settings, verbose: boolean): Readonly<Record<string, unknown>> {
  const nics = [...state.nics.values()].filter((nic) => nic.vxnetId === vxnet.id);
  const room = Math.max(0, settings.limits.nicsPerVxnet - nics.length);
  const { availableIpCount } = settings.choices;
  const shows = availableIpCount === 'always' || (availableIpCount === 'verbose' && verbose);
  const router = vxnet.routerId === undefined ? undefined : state.routers.get(vxnet.routerId);
  return {
    vxnet_id: vxnet.id,
    vxnet_name: vxnet.name,
    vxnet_type: vxnet.type,
    description: null,
    create_time: formatTimeStamp(vxnet.createdAt),
    ...(shows ? { available_ip_count: Math.min(room, countFree(vxnet, nics)) } : {}),
    owner: OWNER,
    tags: [],
    zone_id: settings.zone,
    ...(verbose ? { instance_ids: [...new Set(nics.map(shownInstance).filter((id) => id !== ''))] } : {}),
    ...(router === undefined
      ? {}
      : {
          vpc_router_id: router.id,
          router: {
            router_id: router.id,
            router_name: router.name,
            manager_ip: vxnet.managerIp,
            ip_network: vxnet.cidr,
            dyn_ip_start: vxnet.dynRange?.start ?? '',
            dyn_ip_end: vxnet.dynRange?.end ?? '',
            mode: 0,
          },
        }),
  };
}

/** DescribeVxnets (docs, `describe_vxnets`). Basic networks come back only when their type is asked for. */
export const describeVxnets: Action = (input) => {
  const decoded = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(decoded)) return decoded;
  const params = decoded.right;
  const { state, settings } = input;
  const unknown = params.vxnets?.find((id) => !state.vxnets.has(id));
  if (unknown !== undefined && settings.choices.unknownIds === 'error') return E.left(notFound('vxnet', unknown));
  const vxnets = [...state.vxnets.values()].filter(
    (vxnet) =>
      (params.vxnets?.includes(vxnet.id) ?? true) &&
      (params.vxnet_type === undefined ? vxnet.type !== 2 : vxnet.type === Number(params.vxnet_type)) &&
      (params.owner === undefined || params.owner === OWNER) &&
      (params.search_word === undefined || vxnet.id.includes(params.search_word) || vxnet.name.includes(params.search_word)),
  );
  const page = pageOf(vxnets, params);
  return E.right({
    reply: { ...page.reply, vxnet_set: page.items.map((vxnet) => toWire(vxnet, state, settings, params.verbose ?? false)) },
  });
};
