/**
 * Makes test/fixtures/netlink/messages.json again: what iproute2 sends and what the kernel answers, as strace sees it.
 * Needs root, `ip` and `strace`. Works in namespaces of its own and removes them.
 *
 *     npx tsx test/support/capture-netlink.ts > test/fixtures/netlink/messages.json
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { buffersOf, hexLines, STRACE, toolVersion } from './strace.js';

interface Captured {
  readonly name: string;
  readonly origin: string;
  readonly hex: readonly string[];
}

const first = `hn-capture-${process.pid}`;
const second = `${first}-b`;
const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
};
const tool = toolVersion();
const captured: Captured[] = [];

function trace(command: readonly string[]): string {
  // Commands of links whose kind this kernel lacks are refused; what was sent is what counts.
  return spawnSync('strace', [...STRACE, 'ip', '-n', first, ...command], { encoding: 'utf8', maxBuffer: 1 << 26 }).stderr;
}

function keep(name: string, command: readonly string[], bytes: Buffer | undefined): void {
  if (bytes === undefined) throw new Error(`nothing was captured for ${name}`);
  captured.push({ name, origin: `ip ${command.join(' ').replace(second, 'other')} (${tool})`, hex: hexLines(bytes) });
}

/** The message of that type that the command sends. */
function request(name: string, type: number, ...command: readonly string[]): void {
  keep(
    name,
    command,
    buffersOf(trace(command), 'sendmsg').findLast((bytes) => bytes.readUInt16LE(4) === type),
  );
}

/** The datagrams of messages of that type that the command gets, joined. */
function reply(name: string, type: number, ...command: readonly string[]): void {
  const found = buffersOf(trace(command), 'recvmsg').filter((bytes) => bytes.length > 16 && bytes.readUInt16LE(4) === type);
  keep(name, command, found.length === 0 ? undefined : Buffer.concat(found));
}

/** The last message of that type that the command gets. */
function answer(name: string, type: number, ...command: readonly string[]): void {
  keep(
    name,
    command,
    buffersOf(trace(command), 'recvmsg').findLast((bytes) => bytes.length > 16 && bytes.readUInt16LE(4) === type),
  );
}

try {
  ip('netns', 'add', first);
  ip('netns', 'add', second);
  request(
    'link add veth',
    16,
    ...'link add v0 address 02:00:00:00:00:01 mtu 1400 type veth peer name v1 address 02:00:00:00:00:02'.split(' '),
  );
  request('link add bridge', 16, ...'link add br0 type bridge forward_delay 200 stp_state 0 mcast_snooping 0'.split(' '));
  request('link add ifb', 16, ...'link add ifb9 txqueuelen 77 type ifb'.split(' '));
  request('link add dummy', 16, ...'link add d0 type dummy'.split(' '));
  request('link add vlan', 16, ...'link add link v0 name v0.9 type vlan protocol 802.1ad id 9'.split(' '));
  request('link add macvlan', 16, ...'link add link v0 name m0 type macvlan mode bridge'.split(' '));
  request('link add ipvlan', 16, ...'link add link v0 name i0 type ipvlan mode l3'.split(' '));
  request(
    'link add vxlan',
    16,
    ...'link add vx0 type vxlan id 42 local 192.0.2.1 remote 192.0.2.2 dstport 4789 ttl 5 nolearning'.split(' '),
  );
  request('link add vxlan IPv6', 16, ...'link add vx6 type vxlan id 43 local fd00::1 remote fd00::2 dstport 4789'.split(' '));
  request('link set up mtu', 16, ...'link set dev v0 up mtu 1300'.split(' '));
  request('link set down', 16, ...'link set dev v0 down'.split(' '));
  request('link set address', 16, ...'link set dev v0 address 02:00:00:00:00:03'.split(' '));
  request('link set alias', 16, ...'link set dev v0 alias for-tests'.split(' '));
  request('link set master', 16, ...'link set dev v0 master br0'.split(' '));
  request('link set nomaster', 16, ...'link set dev v0 nomaster'.split(' '));
  request('link set name', 16, ...'link set dev v1 name v2'.split(' '));
  request('link add altname', 108, ...'link property add dev v0 altname a-name-that-is-longer-than-fifteen'.split(' '));
  request('link del altname', 109, ...'link property del dev v0 altname a-name-that-is-longer-than-fifteen'.split(' '));
  ip('-n', first, 'link', 'property', 'add', 'dev', 'v0', 'altname', 'enp0s3', 'altname', 'the-long-name-of-a-card');
  request('link set netns', 16, ...`link set dev v2 netns ${second} name eth0`.split(' '));
  request('link del', 17, ...'link del ifb9 type ifb'.split(' '));
  ip('-n', first, 'link', 'del', 'dev', 'm0');
  ip('-n', first, 'link', 'add', 'x0', 'type', 'veth', 'peer', 'name', 'x1');
  ip('-n', first, 'link', 'add', 'link', 'x0', 'name', 'm1', 'type', 'macvlan', 'mode', 'private');
  ip('-n', first, 'link', 'set', 'dev', 'v0', 'up', 'master', 'br0');
  ip('-n', first, 'link', 'set', 'dev', 'br0', 'up', 'alias', 'the switch');
  reply('links', 16, ...'-d link show'.split(' '));
  request('address add IPv4', 20, ...'addr add 192.0.2.10/24 broadcast + label br0:x dev br0'.split(' '));
  request('address add peer', 20, ...'addr add 198.51.100.1 peer 198.51.100.2/32 dev br0 metric 7'.split(' '));
  request('address add IPv6', 20, ...'addr add 2001:db8::10/64 dev br0 nodad valid_lft 3600 preferred_lft 1800'.split(' '));
  request('address add loopback', 20, ...'addr add 127.0.0.2/8 dev lo'.split(' '));
  request('address del', 21, ...'addr del 127.0.0.2/8 dev lo'.split(' '));
  reply('addresses', 20, ...'addr show'.split(' '));
  request('route add', 24, ...'route add 203.0.113.0/24 via 192.0.2.1 dev br0'.split(' '));
  request('route add default', 24, ...'route add default via 192.0.2.1'.split(' '));
  request('route add link', 24, ...'route add 198.18.0.0/15 dev br0'.split(' '));
  request(
    'route add onlink',
    24,
    ...'route add 203.0.113.128/25 via 233.252.0.1 dev br0 onlink table 1000 metric 50 mtu 1300 advmss 1260'.split(' '),
  );
  request('route add multipath', 24, ...'route add 100.64.0.0/10 nexthop via 192.0.2.1 weight 1 nexthop via 192.0.2.2 weight 3'.split(' '));
  request('route add via', 24, ...'route add 198.19.0.0/24 via inet6 2001:db8::1 dev br0'.split(' '));
  request('route add blackhole', 24, ...'route add blackhole 240.0.0.0/8'.split(' '));
  request('route add IPv6', 24, ...'route add 2001:db8:1::/48 via 2001:db8::1 dev br0 metric 9 src 2001:db8::10'.split(' '));
  request('route replace', 24, ...'route replace 203.0.113.0/24 via 192.0.2.2 dev br0'.split(' '));
  request('route del', 25, ...'route del 203.0.113.0/24'.split(' '));
  ip('-n', first, 'route', 'add', '203.0.113.0/24', 'via', '192.0.2.1', 'dev', 'br0');
  reply('routes IPv4', 24, ...'route show table all'.split(' '));
  reply('routes IPv6', 24, ...'-6 route show table all'.split(' '));
  request('rule add', 32, ...'rule add from 192.0.2.0/24 to 203.0.113.0/24 iif br0 fwmark 0x10/0xff lookup 1000 pref 100'.split(' '));
  request('rule add IPv6', 32, ...'-6 rule add from 2001:db8::/32 lookup 20 pref 101 suppress_prefixlength 0'.split(' '));
  request('rule add ports', 32, ...'rule add ipproto tcp sport 1000-2000 dport 443 uidrange 5-9 prohibit pref 102'.split(' '));
  request('rule add goto', 32, ...'rule add not oif br0 goto 32766 pref 103'.split(' '));
  request('rule del', 33, ...'rule del pref 103'.split(' '));
  reply('rules IPv4', 32, ...'rule show'.split(' '));
  reply('rules IPv6', 32, ...'-6 rule show'.split(' '));
  request('neighbour add', 28, ...'neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev br0 nud permanent'.split(' '));
  request('neighbour replace', 28, ...'neigh replace 2001:db8::77 lladdr 02:00:00:00:00:78 dev br0 nud reachable'.split(' '));
  request('neighbour add proxy', 28, ...'neigh add proxy 192.0.2.78 dev br0'.split(' '));
  request('neighbour del', 29, ...'neigh del 192.0.2.77 dev br0'.split(' '));
  reply('neighbours', 28, ...'neigh show nud all'.split(' '));
  request('nsid set', 88, ...`netns set ${second} 5`.split(' '));
  reply('nsids', 88, ...'netns list-id'.split(' '));
  answer('error with text', 2, ...'route add 10.0.0.1/8 dev br0'.split(' '));
  answer('error without text', 2, ...'link add br0 type bridge'.split(' '));
  answer('done', 3, ...'link show'.split(' '));
} finally {
  spawnSync('ip', ['netns', 'del', first]);
  spawnSync('ip', ['netns', 'del', second]);
}
process.stdout.write(`${JSON.stringify(captured, undefined, 2)}\n`);
