import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatTimeStamp } from '../../signature.js';
import { notFound } from '../api-error.js';
import type { CloudState, EmulatedRouter } from '../model.js';
import { AnyTextParam, decodeParams, FlagParam, ListParam, someOfParam, TextParam } from '../query.js';
import { OWNER } from '../settings.js';
import type { Action } from './action.js';
import { PagingCodec, pageOf } from './paging.js';

const RoutersCodec = t.intersection([
  t.partial({
    routers: ListParam,
    status: someOfParam('pending', 'active', 'poweroffed', 'suspended', 'deleted', 'ceased'),
    vxnet: TextParam,
    search_word: AnyTextParam,
    owner: AnyTextParam,
    verbose: FlagParam,
  }),
  PagingCodec,
]);

function toWire(router: EmulatedRouter, state: CloudState, verbose: boolean): Readonly<Record<string, unknown>> {
  const vxnets = [...state.vxnets.values()].filter((vxnet) => vxnet.routerId === router.id);
  return {
    router_id: router.id,
    router_name: router.name,
    router_type: 1,
    status: 'active',
    transition_status: '',
    vpc_network: router.cidr,
    private_ip: '',
    is_applied: 1,
    mode: 0,
    owner: OWNER,
    tags: [],
    create_time: formatTimeStamp(router.createdAt),
    status_time: formatTimeStamp(router.createdAt),
    ...(verbose ? { vxnets: vxnets.map((vxnet) => ({ vxnet_id: vxnet.id, nic_id: '' })) } : {}),
  };
}

/** DescribeRouters (docs, `describe_routers`). Unknown ids are left out. */
export const describeRouters: Action = (input) => {
  const decoded = decodeParams(RoutersCodec, input.query);
  if (E.isLeft(decoded)) return decoded;
  const params = decoded.right;
  const { state } = input;
  const routers = [...state.routers.values()].filter(
    (router) =>
      (params.routers?.includes(router.id) ?? true) &&
      (params.status?.includes('active') ?? true) &&
      (params.vxnet === undefined || state.vxnets.get(params.vxnet)?.routerId === router.id) &&
      (params.owner === undefined || params.owner === OWNER) &&
      (params.search_word === undefined || router.id.includes(params.search_word) || router.name.includes(params.search_word)),
  );
  const page = pageOf(routers, params);
  return E.right({ reply: { ...page.reply, router_set: page.items.map((router) => toWire(router, state, params.verbose ?? false)) } });
};

const RouterVxnetsCodec = t.intersection([t.type({ router: TextParam }), t.partial({ vxnet: TextParam }), PagingCodec]);

/** DescribeRouterVxnets (docs, `describe_router_vxnets`); `*` stands for all routers. */
export const describeRouterVxnets: Action = (input) => {
  const decoded = decodeParams(RouterVxnetsCodec, input.query);
  if (E.isLeft(decoded)) return decoded;
  const { router, vxnet: vxnetId } = decoded.right;
  const { state } = input;
  if (router !== '*' && !state.routers.has(router)) return E.left(notFound('router', router));
  const vxnets = [...state.vxnets.values()].filter(
    (vxnet) =>
      vxnet.routerId !== undefined && (router === '*' || vxnet.routerId === router) && (vxnetId === undefined || vxnet.id === vxnetId),
  );
  const page = pageOf(vxnets, decoded.right);
  const items = page.items.map((vxnet) => ({
    router_id: vxnet.routerId,
    vxnet_id: vxnet.id,
    vxnet_name: vxnet.name,
    manager_ip: vxnet.managerIp,
    ip_network: vxnet.cidr,
    dyn_ip_start: vxnet.dynRange?.start ?? '',
    dyn_ip_end: vxnet.dynRange?.end ?? '',
    features: vxnet.dynRange === undefined ? 0 : 1,
    create_time: formatTimeStamp(vxnet.createdAt),
  }));
  return E.right({ reply: { ...page.reply, router_vxnet_set: items } });
};
