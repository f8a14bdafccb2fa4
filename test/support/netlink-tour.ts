/**
 * Uses nearly everything of netlink once and prints what it found as one line of JSON; throws when something is wrong.
 * Run by unprivileged.test.ts with and without rights.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addRouteRequest,
  announce,
  createNamespace,
  fileLocker,
  listenInNamespace,
  openLinkMonitor,
  openRtnetlink,
  readSysctl,
  writeSysctl,
} from '../../netlink/index.js';

const host = await createNamespace('host');
const pod = await createNamespace('pod');
const inHost = openRtnetlink(host);
const inPod = openRtnetlink(pod);
const monitor = await openLinkMonitor(inPod);

await inHost.link.add({ kind: 'bridge', name: 'br0', up: true });
const bridge = await inHost.link.get({ name: 'br0' });
await inHost.address.add({ linkIndex: bridge.index, address: '192.0.2.1/24' });
await inHost.link.add({
  kind: 'veth',
  name: 'v0',
  up: true,
  masterIndex: bridge.index,
  peer: { name: 'v1', mac: '02:00:00:00:00:01' },
});
const peer = await inHost.link.get({ name: 'v1' });

const arrival = monitor.waitFor((links) => links.find(({ name }) => name === 'eth0'));
await inHost.link.move(peer.index, pod, { name: 'eth0' });
const eth0 = await arrival;
await inPod.link.set(eth0.index, { up: true });
await inPod.address.add({ linkIndex: eth0.index, address: '192.0.2.10/24' });
await inPod.address.add({ linkIndex: eth0.index, address: '2001:db8::10/64', flags: 2 });
await inPod.route.add({ dst: '0.0.0.0/0', gateway: '192.0.2.1' });
await monitor.waitFor((links) => links.find(({ index, carrier }) => index === eth0.index && carrier));
await announce(inPod, eth0.index, '192.0.2.10');
await announce(inPod, eth0.index, '2001:db8::10');

const results = await inPod.batch(
  Array.from({ length: 60 }, (_, i) => addRouteRequest({ dst: `203.0.113.${i % 59}/32`, gateway: '192.0.2.1', linkIndex: eth0.index })),
);
await inPod.rule.add({ src: '192.0.2.10/32', table: 9, priority: 9 });
await inPod.neighbour.add({ linkIndex: eth0.index, address: '192.0.2.77', mac: '02:00:00:00:00:77' });
await writeSysctl(pod, 'ipv4/conf/eth0/rp_filter', '2');

const folder = mkdtempSync(join(tmpdir(), 'hn-tour-'));
const file = openSync(join(folder, 'lock'), 'w');
const again = openSync(join(folder, 'lock'), 'w');
const locks = [fileLocker.tryLock(file), fileLocker.tryLock(again)];
closeSync(file);
closeSync(again);
rmSync(folder, { recursive: true });

const { fd, port } = listenInNamespace(pod, { host: '192.0.2.10', port: 8080 });
const server = createServer();
await new Promise<void>((resolve) => server.listen({ fd }, resolve));
await new Promise((resolve) => server.close(resolve));

const refused = await inPod.link.set(eth0.index, { mtu: 1_000_000 }).catch((error: Error) => error.message);
const report = {
  cookies: host.cookie !== pod.cookie,
  eth0: { mac: eth0.mac, kind: eth0.kind },
  links: (await inPod.link.list()).map(({ name }) => name),
  addresses: (await inPod.address.list({ linkIndex: eth0.index, family: 4 })).map(({ local, prefix }) => `${local}/${prefix}`),
  routes: (await inPod.route.list({ family: 4, table: 254 })).length,
  batch: results.flatMap((error, i) => (error === undefined ? [] : [`${i} ${error.errno}`])),
  way: (await inPod.route.lookup('198.51.100.1')).gateway,
  rules: (await inPod.rule.list({ family: 4 })).length,
  neighbour: (await inPod.neighbour.list({ linkIndex: eth0.index, family: 4 })).find(({ address }) => address === '192.0.2.77')?.mac,
  sysctl: await readSysctl(pod, 'ipv4/conf/eth0/rp_filter'),
  nsid: await inHost.nsid.ensure(pod),
  locks,
  port,
  refused: String(refused).replace(`link.set ${eth0.index}`, 'link.set eth0'),
};
monitor.close();
inHost.close();
inPod.close();
host.close();
pod.close();
writeSync(1, `${JSON.stringify(report)}\n`);
