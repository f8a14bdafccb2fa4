import {
  addRouteRequest,
  deleteRouteRequest,
  type NewRoute,
  openLinkMonitor,
  openNamespace,
  openRtnetlink,
  type Rtnetlink,
} from '../../../netlink/index.js';
import { type BenchTask, type BenchTurn, hostAddress, MTUS } from '../netlink/task.js';
import { serveTurns, timed } from './serve.js';

type Turn = () => Promise<BenchTurn>;
type Task<K extends BenchTask['task']> = Extract<BenchTask, { readonly task: K }>;

async function addOneByOne({ route }: Rtnetlink, routes: readonly NewRoute[]): Promise<void> {
  for (const one of routes) await route.add(one);
}

async function removeOneByOne({ route }: Rtnetlink, routes: readonly NewRoute[]): Promise<void> {
  for (const one of routes) await route.delete(one);
}

async function batched(rtnetlink: Rtnetlink, requests: Parameters<Rtnetlink['batch']>[0]): Promise<void> {
  for (const error of await rtnetlink.batch(requests)) if (error !== undefined) throw error;
}

function routesOf({ count, gateway, link }: Task<'routes' | 'batch' | 'memory'>): readonly NewRoute[] {
  return Array.from({ length: count }, (_, i) => ({ dst: `${hostAddress(i)}/32`, gateway, linkIndex: link }));
}

async function dump({ link }: Rtnetlink, { count }: Task<'dump'>): Promise<BenchTurn> {
  const begun = performance.now();
  const links = await link.list();
  const ms = performance.now() - begun;
  if (links.length < count) throw new Error(`${links.length} links, not ${count}`);
  return { dump: [ms] };
}

async function routes(rtnetlink: Rtnetlink, task: Task<'routes'>): Promise<BenchTurn> {
  const all = routesOf(task);
  return { add: [await timed(() => addOneByOne(rtnetlink, all))], remove: [await timed(() => removeOneByOne(rtnetlink, all))] };
}

async function batch(rtnetlink: Rtnetlink, task: Task<'batch'>): Promise<BenchTurn> {
  const all = routesOf(task);
  const add = await timed(() => batched(rtnetlink, all.map(addRouteRequest)));
  return { add: [add], remove: [await timed(() => batched(rtnetlink, all.map(deleteRouteRequest)))] };
}

async function startMove(rtnetlink: Rtnetlink, { links, there }: Task<'move'>): Promise<Turn> {
  const target = await openNamespace({ kind: 'path', path: there });
  const all = async (): Promise<void> => {
    for (const index of links) await rtnetlink.link.move(index, target);
  };
  return async () => ({ move: [await timed(all)] });
}

async function startMonitor(rtnetlink: Rtnetlink, { count, link }: Task<'monitor'>): Promise<Turn> {
  const monitor = await openLinkMonitor(rtnetlink);
  return async () => {
    const latencies: number[] = [];
    for (let i = 0; i < count; i++) {
      const mtu = MTUS[i % 2] ?? MTUS[0];
      const seen = monitor.waitFor((found) => (found.some((one) => one.index === link && one.mtu === mtu) ? true : undefined));
      const begun = performance.now();
      await rtnetlink.link.set(link, { mtu });
      await seen;
      latencies.push(performance.now() - begun);
    }
    return { latency: latencies };
  };
}

async function memory(rtnetlink: Rtnetlink, task: Task<'memory'>): Promise<BenchTurn> {
  const all = routesOf(task);
  await addOneByOne(rtnetlink, all);
  await batched(rtnetlink, all.map(deleteRouteRequest));
  for (let i = 0; i < 100; i++) await rtnetlink.link.list();
  (globalThis.gc as () => void)();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: [heapUsed + external], resident: [rss] };
}

async function start(task: BenchTask): Promise<Turn> {
  const rtnetlink = openRtnetlink(await openNamespace({ kind: 'path', path: '/proc/self/ns/net' }));
  if (task.task === 'dump') return () => dump(rtnetlink, task);
  if (task.task === 'routes') return () => routes(rtnetlink, task);
  if (task.task === 'batch') return () => batch(rtnetlink, task);
  if (task.task === 'move') return startMove(rtnetlink, task);
  if (task.task === 'monitor') return startMonitor(rtnetlink, task);
  return () => memory(rtnetlink, task);
}

await serveTurns(start);
