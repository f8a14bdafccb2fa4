import { openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type BenchTask, type BenchTurn, hostAddress, MTUS } from '../netlink/task.js';
import { serveTurns, timed } from './serve.js';

/*
 * The npm package `netlink`, from the folder that HOSTNIC_BENCH_PEER names, where the benchmark has installed it.
 * It has no batches: in their place as many requests as fit its receive buffer are under way at once.
 */

interface LinkMessage {
  readonly data: { readonly index?: number };
  readonly attrs: { readonly mtu?: number };
}

interface RtNetlinkSocket {
  getLinks(): Promise<readonly LinkMessage[]>;
  setLink(link: object, attributes: object): Promise<unknown>;
  newRoute(route: object, attributes: object, options?: object): Promise<unknown>;
  delRoute(route: object, attributes: object): Promise<unknown>;
  addMembership(group: string): void;
  on(event: 'message', listener: (messages: readonly LinkMessage[]) => void): unknown;
}

interface Package {
  createRtNetlink(options: { readonly ref: boolean }): RtNetlinkSocket;
}

type Task<K extends BenchTask['task']> = Extract<BenchTask, { readonly task: K }>;

const AF_INET = 2;
const CREATE_EXCL = 0x600;
const AT_ONCE = 50;

const { createRtNetlink }: Package = createRequire(`${process.env['HOSTNIC_BENCH_PEER']}/`)('netlink');

interface Pair {
  readonly route: object;
  readonly attributes: object;
}

function addressBytes(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

function toRoute(address: string, { gateway, link }: Task<'routes' | 'batch'>): Pair {
  return {
    route: { family: AF_INET, dstLen: 32, table: 254, protocol: 'BOOT', scope: 'UNIVERSE', type: 'UNICAST' },
    attributes: { dst: addressBytes(address), gateway: addressBytes(gateway), oif: link },
  };
}

async function routes(socket: RtNetlinkSocket, task: Task<'routes' | 'batch'>): Promise<BenchTurn> {
  const addresses = Array.from({ length: task.count }, (_, i) => hostAddress(i));
  const add = (address: string): Promise<unknown> => {
    const { route, attributes } = toRoute(address, task);
    return socket.newRoute(route, attributes, { flags: CREATE_EXCL });
  };
  const remove = (address: string): Promise<unknown> => {
    const { route, attributes } = toRoute(address, task);
    return socket.delRoute(route, attributes);
  };
  const width = task.task === 'batch' ? AT_ONCE : 1;
  const each = async (work: (address: string) => Promise<unknown>): Promise<void> => {
    for (let i = 0; i < addresses.length; i += width) await Promise.all(addresses.slice(i, i + width).map(work));
  };
  return { add: [await timed(() => each(add))], remove: [await timed(() => each(remove))] };
}

async function dump(socket: RtNetlinkSocket, { count }: Task<'dump'>): Promise<BenchTurn> {
  const begun = performance.now();
  const links = await socket.getLinks();
  const ms = performance.now() - begun;
  if (links.length < count) throw new Error(`${links.length} links, not ${count}`);
  return { dump: [ms] };
}

function startMonitor(socket: RtNetlinkSocket, { count, link }: Task<'monitor'>): () => Promise<BenchTurn> {
  const events = createRtNetlink({ ref: true });
  let wanted: { readonly mtu: number; readonly resolve: () => void } | undefined;
  events.on('message', (messages) => {
    if (messages.some(({ data, attrs }) => data.index === link && attrs.mtu === wanted?.mtu)) wanted?.resolve();
  });
  events.addMembership('LINK');
  return async () => {
    const latencies: number[] = [];
    for (let i = 0; i < count; i++) {
      const mtu = MTUS[i % 2] ?? MTUS[0];
      const seen = new Promise<void>((resolve) => {
        wanted = { mtu, resolve };
      });
      const begun = performance.now();
      await socket.setLink({ index: link }, { mtu });
      await seen;
      latencies.push(performance.now() - begun);
    }
    return { latency: latencies };
  };
}

async function start(task: BenchTask): Promise<() => Promise<BenchTurn>> {
  const socket = createRtNetlink({ ref: true });
  if (task.task === 'dump') return () => dump(socket, task);
  if (task.task === 'routes' || task.task === 'batch') return () => routes(socket, task);
  if (task.task === 'monitor') return startMonitor(socket, task);
  if (task.task === 'memory') throw new Error('this program has no such task');
  const namespace = openSync(task.there, 'r');
  const move = async (): Promise<void> => {
    for (const index of task.links) await socket.setLink({ index }, { netNsFd: namespace });
  };
  return async () => ({ move: [await timed(move)] });
}

await serveTurns(start);
