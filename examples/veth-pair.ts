#!/usr/bin/env node
/**
 * Makes two network namespaces, joins them by a veth pair, and sends a packet through it. As root, or inside `unshare -Urn`:
 *
 *     npx tsx examples/veth-pair.ts
 *     npx tsx examples/veth-pair.ts --hold
 *
 * The namespaces have no names, so they end with this process however it ends, and the links in them too: nothing is ever left behind.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Command } from 'commander';
import { createNamespace, type NamespaceHandle, openLinkMonitor, openRtnetlink, type Rtnetlink, runInNamespace } from 'hostnic-cni/netlink';
import { fail } from './netns.js';

const PORT = 7;
const ENDS = { left: '192.0.2.1', right: '192.0.2.2' } as const;

/** Gives `eth0` its address and brings it up. */
async function configure({ link, address }: Rtnetlink, text: string): Promise<void> {
  const { index: linkIndex } = await link.get({ name: 'eth0' });
  await address.add({ linkIndex, address: `${text}/24` });
  await link.set(linkIndex, { up: true });
}

/** Waits for the carrier, which each end has once both are up. */
async function waitForCarrier(rtnetlink: Rtnetlink, signal: AbortSignal): Promise<void> {
  using monitor = await openLinkMonitor(rtnetlink, { signal });
  await monitor.waitFor((links) => links.find(({ name, carrier }) => name === 'eth0' && carrier), { signal });
}

/** Opens a socket that belongs to a namespace, for good. Only the opening must happen inside, so it must not be put off for a look-up. */
function openSocket(namespace: NamespaceHandle, address: string): Socket {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, callback) => callback(null, host, 4) });
  runInNamespace(namespace, () => {
    socket.bind(PORT, address);
  });
  return socket;
}

/** Sends a packet from one end to the other and back. Gives how long that took, in milliseconds. */
async function exchange(left: NamespaceHandle, right: NamespaceHandle, signal: AbortSignal): Promise<number> {
  const sockets = [openSocket(left, ENDS.left), openSocket(right, ENDS.right)] as const;
  try {
    const [sender, echo] = sockets;
    echo.on('message', (message, from) => echo.send(message, from.port, from.address));
    const start = process.hrtime.bigint();
    sender.send('hello', PORT, ENDS.right);
    await once(sender, 'message', { signal });
    return Number(process.hrtime.bigint() - start) / 1e6;
  } finally {
    for (const socket of sockets) socket.close();
  }
}

async function main({ hold }: { readonly hold?: true }): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
  // One controller, held by its timer: AbortSignal.any() would let an AbortSignal.timeout() be collected before it fires.
  const late = setTimeout(() => stop.abort(new DOMException('it takes longer than 10 s', 'TimeoutError')), 10_000).unref();
  const { signal } = stop;

  using left = await createNamespace('left');
  using right = await createNamespace('right');
  using inLeft = openRtnetlink(left);
  using inRight = openRtnetlink(right);
  // Both ends in one request, each in its namespace from the first moment.
  await inLeft.link.add({ kind: 'veth', name: 'eth0', peer: { name: 'eth0', namespace: right } }, { signal });
  await configure(inLeft, ENDS.left);
  await configure(inRight, ENDS.right);
  await Promise.all([waitForCarrier(inLeft, signal), waitForCarrier(inRight, signal)]);
  console.log(`${ENDS.left} to ${ENDS.right} and back: ${(await exchange(left, right, signal)).toFixed(2)} ms`);
  clearTimeout(late);

  if (hold !== true) return;
  for (const { fd, label } of [left, right]) console.log(`${label}: nsenter --net=/proc/${process.pid}/fd/${fd} ip address`);
  console.log('press Enter to take both down');
  await Promise.race([once(process.stdin, 'data'), once(process.stdin, 'end'), once(stop.signal, 'abort')]);
  process.stdin.destroy();
}

await new Command('veth-pair')
  .description('Makes two network namespaces, joins them by a veth pair, and sends a packet through it. Nothing is left behind.')
  .option('--hold', 'keep both until Enter is pressed, to look around in them')
  .action(main)
  .parseAsync()
  .catch((error: unknown) => fail('veth-pair', error));
