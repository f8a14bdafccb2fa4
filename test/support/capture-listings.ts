/**
 * Makes test/fixtures/netlink/listings.json again: what iproute2 sends to make one of everything, and what the kernel answers when it lists
 * all of it, beside what iproute2 prints of the same bytes. Needs root, `ip` and `strace`. Works in a namespace of its own.
 *
 *     npx tsx test/support/capture-listings.ts > test/fixtures/netlink/listings.json
 */
import { spawnSync } from 'node:child_process';
import { createNetlinkLab } from './netlink-lab.js';
import { EVERYTHING } from './one-of-everything.js';
import { buffersOf, hexLines, STRACE, toolVersion } from './strace.js';

/** RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWNEIGH, RTM_NEWRULE and RTM_NEWLINKPROP. */
const CHANGES = [16, 20, 24, 28, 32, 108];

/** Entries of forwarding tables, of a bridge and of a vxlan, that `ip` has no commands for. */
const FORWARDING = [
  'add 02:00:00:00:00:77 dev v0 master static',
  'add 02:00:00:00:00:78 dev vx0 dst 192.0.2.98 port 4790 vni 43 via br0 self permanent',
  'add 02:00:00:00:00:79 dev v0 master extern_learn',
  'append 02:00:00:00:00:78 dev vx0 dst 192.0.2.97 self permanent',
  'add 02:00:00:00:00:80 dev v0 self permanent',
  'add 02:00:00:00:00:81 dev br0 self local',
  'add 02:00:00:00:00:82 dev v0 master sticky static',
].map((entry) => `bridge fdb ${entry}`);

const LISTINGS: readonly (readonly [name: string, type: number, command: string])[] = [
  ['links', 16, 'ip -N -d -s -s -j link show'],
  ['addresses', 20, 'ip -N -d -j addr show'],
  ['routes IPv4', 24, 'ip -N -d -j -4 route show table all'],
  ['routes IPv6', 24, 'ip -N -d -j -6 route show table all'],
  ['rules IPv4', 32, 'ip -N -d -j -4 rule show'],
  ['rules IPv6', 32, 'ip -N -d -j -6 rule show'],
  ['neighbours', 28, 'ip -N -d -s -j neigh show nud all'],
  ['proxies', 28, 'ip -N -d -s -j neigh show proxy'],
  ['forwarding tables', 28, 'bridge -d -j fdb show'],
];

const tool = toolVersion();
const lab = createNetlinkLab();

try {
  const { namespace } = await lab.open('capture');
  const enter = [`--net=/proc/${process.pid}/fd/${namespace.fd}`, 'strace', ...STRACE];
  const trace = (command: string): { readonly trace: string; readonly output: string } => {
    const { stdout, stderr, status } = spawnSync('nsenter', [...enter, 'sh', '-c', `exec ${command}`], {
      encoding: 'utf8',
      maxBuffer: 1 << 27,
    });
    if (status !== 0) throw new Error(`${command}: ${stderr.split('\n').findLast((line) => !line.startsWith(' |'))}`);
    return { trace: stderr, output: stdout };
  };
  const requests = [...EVERYTHING.map((command) => `ip ${command}`), ...FORWARDING].flatMap((command) => {
    const sent = buffersOf(trace(command).trace, 'sendmsg').findLast((bytes) => CHANGES.includes(bytes.readUInt16LE(4)));
    return sent === undefined ? [] : [{ name: command, origin: `${command} (${tool})`, hex: hexLines(sent) }];
  });
  const listings = LISTINGS.map(([name, type, command]) => {
    const { trace: seen, output } = trace(command);
    const received = buffersOf(seen, 'recvmsg').filter((bytes) => bytes.length > 16 && bytes.readUInt16LE(4) === type);
    const printed = (JSON.parse(output) as readonly object[]).filter((one) => Object.keys(one).length > 0);
    return { name, origin: `${command} (${tool})`, printed, hex: hexLines(Buffer.concat(received)) };
  });
  process.stdout.write(`${JSON.stringify({ requests, listings }, undefined, 1)}\n`);
} finally {
  lab.close();
}
