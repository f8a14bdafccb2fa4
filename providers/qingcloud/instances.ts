import type { Actions, ListShape } from './actions.js';
import { type InstanceWire, InstanceWireCodec } from './wire.js';

const INSTANCES: ListShape<InstanceWire> = {
  action: 'DescribeInstances',
  key: 'instance_set',
  item: InstanceWireCodec,
  idOf: (instance) => instance.instance_id,
};

/** An instance, as far as NICs are concerned. */
export interface Instance {
  /** Its id. */
  readonly id: string;
  /** `pending`, `running`, `stopped`, `suspended`, `terminated` or `ceased` (docs, `describe_instances`). */
  readonly status: string;
  /** What it is on the way to, such as `stopping`; undefined when nowhere. */
  readonly transition: string | undefined;
  /** The ids of its NICs, the primary one included. */
  readonly nicIds: readonly string[];
}

function toInstance(wire: InstanceWire): Instance {
  return {
    id: wire.instance_id,
    status: wire.status,
    transition: wire.transition_status === '' ? undefined : wire.transition_status,
    nicIds: (wire.vxnets ?? []).flatMap(({ nic_id: id }) => (id === undefined || id === '' ? [] : [id])),
  };
}

/** The instances of `ids` that the account has, in any order. Nodes of clusters come only when they are asked for by themselves (Go SDK, `is_cluster_node`). */
export async function describeInstances(
  actions: Actions,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly Instance[]> {
  const read = (node: number) => (some: readonly string[]) => actions.list(INSTANCES, { instances: some, is_cluster_node: node }, signal);
  const found = [...(await actions.each(ids, ['ERR_NOT_FOUND'], read(0)))];
  const missing = ids.filter((id) => !found.some((instance) => instance.instance_id === id));
  // A service without such nodes may not know the parameter.
  found.push(...(await actions.each(missing, ['ERR_NOT_FOUND', 'ERR_REQUEST'], read(1))));
  return found.filter((instance) => ids.includes(instance.instance_id)).map(toInstance);
}
