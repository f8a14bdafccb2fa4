/**
 * Tries what may take rights and prints the outcome of each as JSON: `done`, or what it was refused with. For capabilities.test.ts.
 * It is started inside a namespace with the links `lo` and `eth0`; descriptor 3 is another namespace, the argument a process in the same.
 */
import { closeSync, writeSync } from 'node:fs';
import {
  addRouteRequest,
  announce,
  createNamedNamespace,
  createNamespace,
  createNetlinkDriver,
  listenInNamespace,
  openLinkMonitor,
  openNamespace,
  openRtnetlink,
  readSysctl,
  socketInNamespace,
  writeSysctl,
} from '../../netlink/index.js';

const own = await openNamespace({ kind: 'own' });
const rtnetlink = openRtnetlink(own);
const driven = await createNetlinkDriver().open({ kind: 'own' });
const { index } = await rtnetlink.link.get({ name: 'eth0' });
const mine = '192.0.2.9/32';

const operations: Readonly<Record<string, () => unknown>> = {
  'list links': () => rtnetlink.link.list(),
  'list addresses': () => rtnetlink.address.list(),
  'list routes': () => rtnetlink.route.list(),
  'list rules': () => rtnetlink.rule.list(),
  'list neighbours': () => rtnetlink.neighbour.list(),
  'look up a route': () => rtnetlink.route.lookup('127.0.0.1'),
  'monitor links': async () => (await openLinkMonitor(rtnetlink)).close(),
  'read a sysctl': () => readSysctl(own, 'ipv4/ip_forward'),
  'listen on a high port': () => closeSync(listenInNamespace(own, { host: '127.0.0.1', port: 0 }).fd),
  'open a namespace by process': async () => (await openNamespace({ kind: 'pid', pid: Number(process.argv[2]) })).close(),
  'open another namespace by descriptor': async () => (await openNamespace({ kind: 'fd', fd: 3 })).close(),
  'make a namespace': async () => (await createNamespace()).close(),
  'make a named namespace': async () => (await createNamedNamespace('tried', { folder: '/run/netns-tried' })).close(),
  'add a link': () => rtnetlink.link.add({ kind: 'bridge', name: 'br0' }),
  'change a link': () => rtnetlink.link.set(index, { mtu: 1400 }),
  'add an address': () => rtnetlink.address.add({ linkIndex: index, address: mine }),
  'delete an address': () => rtnetlink.address.delete(index, '192.0.2.1/24'),
  'add a route': () => rtnetlink.route.add({ dst: '198.51.100.0/24', linkIndex: index }),
  'add a rule': () => rtnetlink.rule.add({ src: '192.0.2.9/32', table: 9, priority: 9 }),
  'add a neighbour': () => rtnetlink.neighbour.add({ linkIndex: index, address: '192.0.2.7', mac: '02:00:00:00:00:07' }),
  'write a sysctl': () => writeSysctl(own, 'ipv4/conf/eth0/rp_filter', '2'),
  'write a sysctl by the driver': () => driven.writeSysctl('ipv4/conf/eth0/rp_filter', '2'),
  'open a packet socket': () => closeSync(socketInNamespace(own, 17, 3, 0)),
  'announce an IPv6 address': () => announce(rtnetlink, index, '2001:db8::1'),
  'listen on a low port': () => closeSync(listenInNamespace(own, { host: '127.0.0.1', port: 80 }).fd),
  'add a route in a batch': async () => {
    const [refused] = await rtnetlink.batch([addRouteRequest({ dst: '203.0.113.0/24', linkIndex: index })]);
    if (refused !== undefined) throw refused;
  },
};

const outcomes: Record<string, string> = {};
for (const [name, operation] of Object.entries(operations)) {
  try {
    await operation();
    outcomes[name] = 'done';
  } catch (error) {
    outcomes[name] = error instanceof Error ? error.message : String(error);
  }
}
driven.close();
rtnetlink.close();
own.close();
writeSync(1, `${JSON.stringify(outcomes)}\n`);
