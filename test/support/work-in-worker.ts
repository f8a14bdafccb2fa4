/** Uses netlink in a worker thread and posts what it found. For workers.test.ts, which passes a descriptor of a namespace. */
import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openLinkMonitor, openNamespace, openRtnetlink, readSysctl, runInNamespace, writeSysctl } from '../../netlink/index.js';

const { fd, name, rounds } = workerData as { readonly fd: number; readonly name: string; readonly rounds: number };
const own = (): string => readlinkSync('/proc/thread-self/ns/net');
const home = own();
const namespace = await openNamespace({ kind: 'fd', fd });
const strays: string[] = [];
process.on('warning', (warning) => strays.push(warning.message));
for (let round = 0; round < rounds; round++) {
  const inside = runInNamespace(namespace, own);
  if (inside !== `net:[${namespace.inode}]`) strays.push(`inside ${inside}`);
  await writeSysctl(namespace, 'ipv4/ip_default_ttl', String(64 + (round % 2)));
  if (own() !== home) strays.push(`outside ${own()}`);
}
const rtnetlink = openRtnetlink(namespace);
const monitor = await openLinkMonitor(rtnetlink);
const arrival = monitor.waitFor((links) => links.find((link) => link.name === name), { signal: AbortSignal.timeout(10_000) });
await rtnetlink.link.add({ kind: 'bridge', name });
const seen = await arrival;
monitor.close();
const links = (await rtnetlink.link.list()).map((link) => link.name);
const ttl = await readSysctl(namespace, 'ipv4/ip_default_ttl');
rtnetlink.close();
namespace.close();
// Warnings come a moment later.
await new Promise((resolve) => setImmediate(resolve));
parentPort?.postMessage({ strays, home, seen: seen.name, listed: links.includes(name), ttl });
