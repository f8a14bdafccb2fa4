import { expect } from 'chai';
import { NetlinkError } from '../../lib/errors.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { IFA_F, NTF, RTN } from '../../netlink/wire/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';

/** Something that the kernel refuses, and the whole message of the error, in the words of Linux 6.18. */
interface Refusal {
  readonly says: string;
  readonly call: (here: Rtnetlink, there: Rtnetlink) => Promise<unknown>;
}

const [BR0, V0, V1] = [10, 11, 12];
const BAD_MAC = '01:00:00:00:00:01';

/** Links of the one namespace: `br0` with 192.0.2.10/24, the pair `v0` and `v1`. In the other there is `taken`. */
const refusals: readonly Refusal[] = [
  { says: 'link.get none: ENODEV', call: ({ link }) => link.get({ name: 'none' }) },
  { says: 'link.get 4242: ENODEV', call: ({ link }) => link.get({ index: 4242 }) },
  {
    says: 'link.get a-name-of-more-than-fifteen-bytes: ENODEV',
    call: ({ link }) => link.get({ name: 'a-name-of-more-than-fifteen-bytes' }),
  },
  { says: 'link.add v0 type bridge: EEXIST', call: ({ link }) => link.add({ kind: 'bridge', name: 'v0' }) },
  { says: 'link.add x type nonesuch: EOPNOTSUPP: Unknown device type', call: ({ link }) => link.add({ kind: 'nonesuch', name: 'x' }) },
  { says: 'link.add m0 type macvlan: EINVAL', call: ({ link }) => link.add({ kind: 'macvlan', name: 'm0' }) },
  { says: 'link.add m0 type macvlan: ENODEV', call: ({ link }) => link.add({ kind: 'macvlan', name: 'm0', lowerIndex: 4242 }) },
  {
    says: 'link.add vx0 type vxlan: ERANGE: VXLAN ID must be lower than 16777216 (IFLA_LINKINFO.IFLA_INFO_DATA)',
    call: ({ link }) => link.add({ kind: 'vxlan', name: 'vx0', vxlan: { id: 1 << 24 } }),
  },
  {
    says: 'link.add vx0 type vxlan: EINVAL: Required attributes not provided to perform the operation',
    call: ({ link }) => link.add({ kind: 'vxlan', name: 'vx0' }),
  },
  { says: 'link.add v7 type veth: EEXIST', call: ({ link }) => link.add({ kind: 'veth', name: 'v7', peer: { name: 'v0' } }) },
  { says: 'link.add v7 type veth: EADDRNOTAVAIL', call: ({ link }) => link.add({ kind: 'veth', name: 'v7', mac: BAD_MAC }) },
  {
    says: 'link.add b7 type bridge: EINVAL: mtu greater than device maximum',
    call: ({ link }) => link.add({ kind: 'bridge', name: 'b7', mtu: 1_000_000 }),
  },
  {
    says: 'link.replace v0 type bridge: EOPNOTSUPP',
    call: ({ link }) => link.replace({ kind: 'bridge', name: 'v0', bridge: { stpState: 1 } }),
  },
  { says: 'link.set 11 mtu 1000000: EINVAL: mtu greater than device maximum', call: ({ link }) => link.set(V0, { mtu: 1_000_000 }) },
  { says: 'link.set 11 mtu 10: EINVAL: mtu less than device minimum', call: ({ link }) => link.set(V0, { mtu: 10 }) },
  { says: 'link.set 11 name br0: EEXIST', call: ({ link }) => link.set(V0, { name: 'br0' }) },
  { says: 'link.set 11 name a/b: EINVAL', call: ({ link }) => link.set(V0, { name: 'a/b' }) },
  {
    says: 'link.set 11 name name-too-long-16: ERANGE: Attribute failed policy validation (IFLA_IFNAME)',
    call: ({ link }) => link.set(V0, { name: 'name-too-long-16' }),
  },
  { says: 'link.set 11 mac 01:00:00:00:00:01: EADDRNOTAVAIL', call: ({ link }) => link.set(V0, { mac: BAD_MAC }) },
  { says: 'link.set 11 masterIndex 12: EOPNOTSUPP', call: ({ link }) => link.set(V0, { masterIndex: V1 }) },
  { says: 'link.set 11 masterIndex 4242: EINVAL', call: ({ link }) => link.set(V0, { masterIndex: 4242 }) },
  {
    says: 'link.set 10 masterIndex 10: ELOOP: Can not enslave a bridge to a bridge',
    call: ({ link }) => link.set(BR0, { masterIndex: BR0 }),
  },
  { says: 'link.set 11 bridge stpState 1: EOPNOTSUPP', call: ({ link }) => link.set(V0, { bridge: { stpState: 1 } }) },
  { says: 'link.set 4242 up true: ENODEV', call: ({ link }) => link.set(4242, { up: true }) },
  { says: 'link.move 1 to there: EINVAL: The interface netns is immutable', call: ({ link }, there) => link.move(1, there.namespace) },
  { says: 'link.move 4242 to there: ENODEV', call: ({ link }, there) => link.move(4242, there.namespace) },
  { says: 'link.move 11 to there as taken: EEXIST', call: ({ link }, there) => link.move(V0, there.namespace, { name: 'taken' }) },
  { says: 'link.addAltName 10 v1: EEXIST', call: ({ link }) => link.addAltName(BR0, 'v1') },
  { says: 'link.deleteAltName 10 none: ENOENT', call: ({ link }) => link.deleteAltName(BR0, 'none') },
  { says: 'link.delete none: ENODEV', call: ({ link }) => link.delete({ name: 'none' }) },
  { says: 'link.delete lo: EOPNOTSUPP', call: ({ link }) => link.delete({ name: 'lo' }) },
  {
    says: 'address.add 192.0.2.10/24 on link 10: EEXIST: ipv4: Address already assigned',
    call: ({ address }) => address.add({ linkIndex: BR0, address: '192.0.2.10/24' }),
  },
  {
    says: 'address.add 192.0.2.10/24 on link 4242: ENODEV: ipv4: Device not found',
    call: ({ address }) => address.add({ linkIndex: 4242, address: '192.0.2.10/24' }),
  },
  {
    says: 'address.add 192.0.2.11/24 on link 10: EINVAL: ipv4: address lifetime invalid',
    call: ({ address }) => address.add({ linkIndex: BR0, address: '192.0.2.11/24', preferredSeconds: 10, validSeconds: 5 }),
  },
  {
    says: 'address.add 2001:db8::1/64 on link 10: EINVAL: ipv6: address lifetime invalid',
    call: ({ address }) => address.add({ linkIndex: BR0, address: '2001:db8::1/64', preferredSeconds: 10, validSeconds: 5 }),
  },
  {
    says: 'address.add 192.0.2.11/24 on link 10: EINVAL: ipv4: address lifetime invalid',
    call: ({ address }) => address.add({ linkIndex: BR0, address: '192.0.2.11/24', validSeconds: 0 }),
  },
  {
    says: 'address.add ff02::1/64 on link 10: EADDRNOTAVAIL: ipv6: Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag',
    call: ({ address }) => address.add({ linkIndex: BR0, address: 'ff02::1/64' }),
  },
  {
    says: 'address.add 2001:db8::1/48 on link 10: EINVAL: ipv6: address with "mngtmpaddr" flag must have a prefix length of 64',
    call: ({ address }) => address.add({ linkIndex: BR0, address: '2001:db8::1/48', flags: IFA_F.MANAGETEMPADDR }),
  },
  {
    says: 'address.add 192.0.2.11/24 on link 10: ERANGE: Attribute failed policy validation (IFA_LABEL)',
    call: ({ address }) => address.add({ linkIndex: BR0, address: '192.0.2.11/24', label: 'a-label-that-is-too-long' }),
  },
  {
    says: 'address.get 192.0.2.99/24 on link 10: EADDRNOTAVAIL; the link has no such address with that prefix length',
    call: ({ address }) => address.get(BR0, '192.0.2.99/24'),
  },
  {
    says: 'address.delete 192.0.2.99/24 on link 10: EADDRNOTAVAIL: ipv4: Address not found',
    call: ({ address }) => address.delete(BR0, '192.0.2.99/24'),
  },
  {
    says: 'address.delete 2001:db8::99/64 on link 10: EADDRNOTAVAIL: ipv6: address not found',
    call: ({ address }) => address.delete(BR0, '2001:db8::99/64'),
  },
  {
    says: 'address.delete 192.0.2.10/24 on link 4242: ENODEV: ipv4: Device not found',
    call: ({ address }) => address.delete(4242, '192.0.2.10/24'),
  },
  {
    says: 'route.add 10.0.0.0/8 via 198.51.100.1: ENETUNREACH: Nexthop has invalid gateway',
    call: ({ route }) => route.add({ dst: '10.0.0.0/8', gateway: '198.51.100.1' }),
  },
  {
    says: 'route.add 10.0.0.0/8 via 198.51.100.1 on link 10: ENETUNREACH: Nexthop has invalid gateway',
    call: ({ route }) => route.add({ dst: '10.0.0.0/8', gateway: '198.51.100.1', linkIndex: BR0 }),
  },
  {
    says: 'route.add 10.0.0.1/8 via 192.0.2.1: EINVAL: Invalid prefix for given prefix length',
    call: ({ route }) => route.add({ dst: '10.0.0.1/8', gateway: '192.0.2.1' }),
  },
  {
    says: 'route.add 203.0.113.0/24 via 192.0.2.2: EEXIST',
    call: ({ route }) => route.add({ dst: '203.0.113.0/24', gateway: '192.0.2.2' }),
  },
  { says: 'route.add 10.0.0.0/8 on link 4242: ENODEV', call: ({ route }) => route.add({ dst: '10.0.0.0/8', linkIndex: 4242 }) },
  {
    says: 'route.add 10.0.0.0/8 on link 12: ENETDOWN: Device for nexthop is not up',
    call: ({ route }) => route.add({ dst: '10.0.0.0/8', linkIndex: V1 }),
  },
  { says: 'route.add 10.0.0.0/8: ENODEV', call: ({ route }) => route.add({ dst: '10.0.0.0/8' }) },
  {
    says: 'route.add 10.0.0.0/8 via 192.0.2.1: EINVAL: Invalid prefsrc address',
    call: ({ route }) => route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1', preferredSource: '192.0.2.99' }),
  },
  {
    says: 'route.add 10.0.0.0/8 via 192.0.2.1: EINVAL: Invalid route type',
    call: ({ route }) => route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1', type: 77 }),
  },
  {
    says: 'route.add 10.0.0.0/8 via 192.0.2.1: EINVAL: Gateway, device and multipath can not be specified for this route type',
    call: ({ route }) => route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1', type: RTN.BLACKHOLE }),
  },
  {
    says: 'route.add 10.0.0.0/8 nexthop via 198.51.100.1 on link 10: ENETUNREACH: Nexthop has invalid gateway',
    call: ({ route }) => route.add({ dst: '10.0.0.0/8', nextHops: [{ linkIndex: BR0, gateway: '198.51.100.1' }] }),
  },
  {
    says: 'route.add 10.0.0.0/8 via 192.0.2.1: EINVAL: Unknown tcp congestion algorithm',
    call: ({ route }) => route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1', metrics: { congestionControl: 'nonesuch' } }),
  },
  {
    says: 'route.add 2001:db8:1::/48 via 2001:db8::1: EHOSTUNREACH',
    call: ({ route }) => route.add({ dst: '2001:db8:1::/48', gateway: '2001:db8::1' }),
  },
  {
    says: 'route.add 2001:db8:1::/48 via 2001:db8::1 on link 10: EHOSTUNREACH',
    call: ({ route }) => route.add({ dst: '2001:db8:1::/48', gateway: '2001:db8::1', linkIndex: BR0 }),
  },
  {
    says: 'route.add 2001:db8:1::/48 via fe80::1: EINVAL: Egress device not specified',
    call: ({ route }) => route.add({ dst: '2001:db8:1::/48', gateway: 'fe80::1' }),
  },
  {
    says: 'route.add 2001:db8:1::/48 via ff02::1 on link 10: EINVAL: Invalid gateway address',
    call: ({ route }) => route.add({ dst: '2001:db8:1::/48', gateway: 'ff02::1', linkIndex: BR0 }),
  },
  { says: 'route.add 2001:db8:1::/48 on link 4242: ENODEV', call: ({ route }) => route.add({ dst: '2001:db8:1::/48', linkIndex: 4242 }) },
  { says: 'route.set 10.0.0.0/8 via 192.0.2.1: ENOENT', call: ({ route }) => route.set({ dst: '10.0.0.0/8', gateway: '192.0.2.1' }) },
  {
    says: 'route.set 2001:db8:7::/48 on link 10: ENOENT: Can not replace route - no match found',
    call: ({ route }) => route.set({ dst: '2001:db8:7::/48', linkIndex: BR0 }),
  },
  { says: 'route.get 10.0.0.0/8: ESRCH; there is no such route', call: ({ route }) => route.get({ dst: '10.0.0.0/8' }) },
  { says: 'route.delete 10.0.0.0/8: ESRCH', call: ({ route }) => route.delete({ dst: '10.0.0.0/8' }) },
  { says: 'route.delete 2001:db8:1::/48: ESRCH', call: ({ route }) => route.delete({ dst: '2001:db8:1::/48' }) },
  {
    says: 'route.delete 10.0.0.0/8 table 4711: ESRCH: FIB table does not exist',
    call: ({ route }) => route.delete({ dst: '10.0.0.0/8', table: 4711 }),
  },
  { says: 'route.lookup 198.51.100.1: ENETUNREACH', call: ({ route }) => route.lookup('198.51.100.1') },
  { says: 'route.lookup 2001:db8::9: ENETUNREACH', call: ({ route }) => route.lookup('2001:db8::9') },
  { says: 'route.lookup 192.0.2.1: ENETUNREACH', call: ({ route }) => route.lookup('192.0.2.1', { source: '198.51.100.1' }) },
  { says: 'route.lookup 192.0.2.1: ENODEV', call: ({ route }) => route.lookup('192.0.2.1', { linkIndex: 4242 }) },
  { says: 'rule.add priority 100 table 7: EEXIST', call: ({ rule }) => rule.add({ priority: 100, table: 7 }) },
  { says: 'rule.add goto 50 priority 100: EINVAL: Backward goto not supported', call: ({ rule }) => rule.add({ goto: 50, priority: 100 }) },
  {
    says: 'rule.add priority 8 table 7 destinationPorts 9-5: EINVAL: Invalid dport range',
    call: ({ rule }) => rule.add({ priority: 8, table: 7, destinationPorts: { from: 9, to: 5 } }),
  },
  {
    says: 'rule.add priority 8 table 7 uidRange 9-5: EINVAL: Invalid uid range',
    call: ({ rule }) => rule.add({ priority: 8, table: 7, uidRange: { from: 9, to: 5 } }),
  },
  {
    says: 'rule.add priority 8 table 7 l3mdev true: EINVAL: l3mdev and table are mutually exclusive',
    call: ({ rule }) => rule.add({ priority: 8, table: 7, l3mdev: true }),
  },
  {
    says: 'rule.add priority 8 table 7 inputName interface-name-too-long: ERANGE: Error parsing msg (FRA_IIFNAME)',
    call: ({ rule }) => rule.add({ priority: 8, table: 7, inputName: 'interface-name-too-long' }),
  },
  {
    says: 'rule.add priority 8 table 7 tos 255: EINVAL: Invalid dsfield (tos): ECN bits must be 0',
    call: ({ rule }) => rule.add({ priority: 8, table: 7, tos: 255 }),
  },
  { says: 'rule.get priority 4711: ENOENT; there is no such rule', call: ({ rule }) => rule.get({ priority: 4711 }) },
  { says: 'rule.delete priority 4711: ENOENT', call: ({ rule }) => rule.delete({ priority: 4711 }) },
  { says: 'rule.delete priority 4711: ENOENT', call: ({ rule }) => rule.delete({ family: 6, priority: 4711 }) },
  {
    says: 'neighbour.add 192.0.2.77 on link 10: EEXIST',
    call: ({ neighbour }) => neighbour.add({ linkIndex: BR0, address: '192.0.2.77', mac: '02:00:00:00:00:78' }),
  },
  {
    says: 'neighbour.add 192.0.2.77 on link 4242: ENODEV',
    call: ({ neighbour }) => neighbour.add({ linkIndex: 4242, address: '192.0.2.77', mac: '02:00:00:00:00:78' }),
  },
  {
    says: 'neighbour.add 192.0.2.78 on link 10: EINVAL: Invalid link address',
    call: ({ neighbour }) => neighbour.add({ linkIndex: BR0, address: '192.0.2.78', mac: '02:00:00:00:00' }),
  },
  {
    says: 'neighbour.add 192.0.2.78 on link 10: EINVAL: No link layer address given',
    call: ({ neighbour }) => neighbour.add({ linkIndex: BR0, address: '192.0.2.78' }),
  },
  {
    says: 'neighbour.set 192.0.2.79 on link 10: ENOENT',
    call: ({ neighbour }) => neighbour.set({ linkIndex: BR0, address: '192.0.2.79', mac: '02:00:00:00:00:78' }),
  },
  {
    says: 'neighbour.get 192.0.2.200 on link 10: ENOENT: Neighbour entry not found',
    call: ({ neighbour }) => neighbour.get({ linkIndex: BR0, address: '192.0.2.200' }),
  },
  {
    says: 'neighbour.get 2001:db8::200 on link 10: ENOENT: Neighbour entry not found',
    call: ({ neighbour }) => neighbour.get({ linkIndex: BR0, address: '2001:db8::200' }),
  },
  {
    says: 'neighbour.get 192.0.2.200 on link 4242: ENODEV: Unknown device ifindex',
    call: ({ neighbour }) => neighbour.get({ linkIndex: 4242, address: '192.0.2.200' }),
  },
  {
    says: 'neighbour.get 192.0.2.200 on link 10: ENOENT: Proxy neighbour entry not found',
    call: ({ neighbour }) => neighbour.get({ linkIndex: BR0, address: '192.0.2.200', flags: NTF.PROXY }),
  },
  {
    says: 'neighbour.delete 192.0.2.200 on link 10: ENOENT',
    call: ({ neighbour }) => neighbour.delete({ linkIndex: BR0, address: '192.0.2.200' }),
  },
  {
    says: 'neighbour.delete 192.0.2.200 on link 10: ENOENT',
    call: ({ neighbour }) => neighbour.delete({ linkIndex: BR0, address: '192.0.2.200', flags: NTF.PROXY }),
  },
  { says: 'nsid.get here: ENOENT; it has no id here; nsid.ensure gives it one', call: ({ nsid, namespace }) => nsid.get(namespace) },
  {
    says: 'nsid.add there auto: EEXIST: Peer netns already has a nsid assigned (NETNSA_FD)',
    call: ({ nsid }, there) => nsid.add(there.namespace),
  },
];

describe('what the kernel refuses', () => {
  let lab: NetlinkLab;
  let here: Rtnetlink;
  let there: Rtnetlink;

  before(async function () {
    requireLive(this);
    lab = createNetlinkLab();
    here = await lab.open('here');
    there = await lab.open('there');
    await here.link.add({ kind: 'bridge', name: 'br0', index: BR0, up: true });
    await here.address.add({ linkIndex: BR0, address: '192.0.2.10/24' });
    await here.link.add({ kind: 'veth', name: 'v0', index: V0, peer: { name: 'v1', index: V1 } });
    await there.link.add({ kind: 'ifb', name: 'taken' });
    await here.route.add({ dst: '203.0.113.0/24', gateway: '192.0.2.1' });
    await here.rule.add({ priority: 100, table: 7 });
    await here.neighbour.add({ linkIndex: BR0, address: '192.0.2.77', mac: '02:00:00:00:00:77' });
    await here.nsid.ensure(there.namespace);
  });
  after(() => lab?.close());

  let told = 0;
  for (const { says, call } of refusals) {
    it(`rejects with "${says}"`, async () => {
      const error = await rejection(call(here, there));
      if (!(error instanceof NetlinkError)) throw error;
      if (error.kernelMessage !== undefined) told++;
      // Kernels older than the one these words are from say less, but never something else.
      const silent = says.startsWith(`${error.op}: ${error.errno}: `) && error.kernelMessage === undefined;
      if (!silent) expect(error.message).to.equal(says);
    });
  }

  it('comes with the kernel’s own words wherever it has some', () => {
    expect(told).to.be.at.least(20);
  });
});
