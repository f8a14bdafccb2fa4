import type { NamespaceHandle } from '../../netlink/namespace.js';
import type { NetlinkLab } from './netlink-lab.js';

/** Every kind of link that `ip link add` knows and that needs no other machine, with what it needs to be made. `low` is a veth. */
const LINK_KINDS: Readonly<Record<string, string>> = {
  amt: 'type amt mode gateway local 127.0.0.1 discovery 127.0.0.2 dev lo',
  bareudp: 'type bareudp dstport 6635 ethertype mpls_uc',
  batadv: 'type batadv',
  bond: 'type bond mode active-backup miimon 100',
  bridge: 'type bridge',
  dummy: 'type dummy',
  erspan: 'type erspan seq key 102 local 192.0.2.10 remote 192.0.2.98',
  geneve: 'type geneve id 77 remote 192.0.2.99',
  gre: 'type gre local 192.0.2.10 remote 192.0.2.99',
  gretap: 'type gretap local 192.0.2.10 remote 192.0.2.99',
  hsr: 'type hsr slave1 low slave2 lower',
  ifb: 'numtxqueues 2 numrxqueues 2 type ifb',
  ip6gre: 'type ip6gre local 2001:db8::10 remote 2001:db8::99',
  ip6gretap: 'type ip6gretap local 2001:db8::10 remote 2001:db8::99',
  ip6tnl: 'type ip6tnl mode any local 2001:db8::10 remote 2001:db8::98',
  ipip: 'type ipip local 192.0.2.10 remote 192.0.2.99',
  ipvlan: 'link low type ipvlan mode l3',
  ipvtap: 'link lower type ipvtap mode l2',
  macsec: 'link low type macsec encrypt on',
  macvlan: 'link low type macvlan mode vepa',
  macvtap: 'link lower type macvtap mode bridge',
  netdevsim: 'type netdevsim',
  netkit: 'type netkit',
  nlmon: 'type nlmon',
  rmnet: 'link low type rmnet mux_id 3',
  sit: 'type sit local 192.0.2.10 remote 192.0.2.99',
  team: 'type team',
  vcan: 'type vcan',
  veth: 'type veth peer name veth-peer',
  vlan: 'link low type vlan id 77 reorder_hdr off',
  vrf: 'type vrf table 4000',
  vti: 'type vti local 192.0.2.10 remote 192.0.2.99 key 5',
  vti6: 'type vti6 local 2001:db8::10 remote 2001:db8::99 key 5',
  vxcan: 'type vxcan peer name vxcan-peer',
  vxlan: 'type vxlan id 70 dstport 4799',
  wireguard: 'type wireguard',
  xfrm: 'type xfrm dev low if_id 5',
};

const LINKS = [
  'link set lo up',
  'link add low type veth peer name low-peer',
  'link add lower type veth peer name lower-peer',
  // Every setting of a bridge that this version of ip can make, but those of VLAN filtering.
  `link add br0 address 02:00:00:00:00:01 type bridge forward_delay 300 hello_time 300 max_age 2100 ageing_time 20000 stp_state 0
   priority 1234 group_fwd_mask 8 group_address 01:80:c2:00:00:05 nf_call_iptables 1 nf_call_ip6tables 1 nf_call_arptables 1
   mcast_snooping 0 mcast_querier 1 mcast_hash_max 2048 mcast_router 2 mcast_stats_enabled 1 mcast_igmp_version 3 mcast_mld_version 2
   no_linklocal_learn 1 mcast_query_use_ifaddr 1 mcast_last_member_count 3 mcast_startup_query_count 4 mcast_last_member_interval 200
   mcast_membership_interval 26001 mcast_querier_interval 25501 mcast_query_interval 12501 mcast_query_response_interval 1001
   mcast_startup_query_interval 3125`,
  'link add br1 type bridge stp_state 1',
  'link add v0 mtu 1400 txqlen 77 numtxqueues 3 numrxqueues 5 type veth peer name v1',
  `link set v0 master br0 group 5 alias größer:\\ eine\\ Brücke`,
  `link set v0 type bridge_slave priority 5 cost 17 guard on root_block on hairpin on fastleave on learning off flood off proxy_arp on
   proxy_arp_wifi on mcast_router 2 mcast_flood off mcast_to_unicast on group_fwd_mask 8 neigh_suppress on vlan_tunnel on isolated on
   locked on bcast_flood off`,
  'link add v2 type veth peer name v3',
  'link set v2 master br1',
  'link property add dev v1 altname enp0s3 altname a-name-that-is-much-longer-than-fifteen-bytes',
  'link set v1 promisc on up',
  'link set v0 up',
  'link set br0 up',
  'link set br1 up',
  'link set v2 up',
  ...['private', 'vepa', 'bridge', 'passthru nopromisc', 'source'].flatMap((mode, i) => [
    `link add d${i} type veth peer name p${i}`,
    `link add link d${i} name m${i} type macvlan mode ${mode}`,
  ]),
  'link set m4 type macvlan macaddr add 02:00:00:00:00:99',
  'link set m4 type macvlan macaddr add 02:00:00:00:00:98',
  'link add link d2 name m2b type macvlan mode bridge bcqueuelen 555',
  'link add link d1 name tap1 type macvtap mode vepa',
  'link set m2 up',
  'link set m2b protodown on',
  'link set m2b protodown_reason 3 on',
  'link set d0 allmulticast on multicast off arp off mode dormant',
  'link set d0 addrgenmode none',
  'link set d1 addrgenmode random gso_max_size 32768 gso_max_segs 100',
  'link add ifb0 type ifb',
  `link add vx0 type vxlan id 4711 local 192.0.2.10 remote 192.0.2.99 dstport 4789 ttl 9 tos 0x10 nolearning srcport 10000 20000 df set
   noudpcsum ageing 60 maxaddress 10 proxy rsc l2miss l3miss gbp`,
  `link add vx1 type vxlan id 4712 group ff05::99 dev v1 dstport 4789 udp6zerocsumtx udp6zerocsumrx flowlabel 0x1234 remcsumtx remcsumrx
   tos inherit`,
  'link add vx2 type vxlan id 4713 local 2001:db8::10 remote 2001:db8::99 dstport 4790 ttl inherit df inherit',
  'link add vx3 type vxlan id 4714 group 239.1.1.1 dev v1 dstport 4790 ageing 0',
  'link add vx4 type vxlan external dstport 4791',
  'link add vx5 type vxlan external gpe dstport 4792',
  'link add vx6 type vxlan external vnifilter dstport 4793',
  'tuntap add tun0 mode tun user 54321 group 54322 pi',
  'tuntap add tun1 mode tap multi_queue vnet_hdr',
  // A port whose other end is down, and a route by it that is of no use.
  'link add idle type veth peer name idle-peer',
  'link set idle up',
];

const ADDRESSES = [
  'addr add 192.0.2.10/24 brd + label br0:one metric 44 dev br0',
  'addr add 192.0.2.11/24 valid_lft 7200 preferred_lft 3600 dev br0',
  'addr add 198.51.100.1 peer 198.51.100.2 dev br0',
  'addr add 198.51.100.5 peer 198.51.101.0/24 scope link dev br0',
  'addr add 192.0.2.40/26 broadcast 192.0.2.60 noprefixroute dev br0',
  'addr add 192.0.2.41/26 anycast 192.0.2.60 noprefixroute dev br0',
  'addr add 239.1.2.3/32 autojoin dev br0',
  'addr add 10.9.9.9/32 scope host dev lo',
  'addr add 10.9.9.10/32 scope 55 dev lo',
  'addr add 10.99.0.1/24 dev idle',
  'addr add 2001:db8::10/64 nodad dev br0',
  'addr add 2001:db8:5::1 peer 2001:db8:5::2 nodad dev br0',
  'addr add 2001:db8:6::1/64 home dev br0',
  'addr add 2001:db8:7::1/64 mngtmpaddr noprefixroute metric 77 dev br0',
  'addr add 2001:db8:8::1/64 nodad valid_lft 7000 preferred_lft 0 dev br0',
  'addr add fec0::1/64 nodad dev br0',
  'addr add fe80::1/64 scope link nodad dev br0',
  'addr add fd00::1/64 dev br0',
  'addr add ff05::77/128 autojoin nodad dev br0',
  'addr add ::ffff:10.1.1.1/128 dev lo',
  // Stays tentative, as it has no carrier.
  'addr add 2001:db8:66::1/64 dev idle',
];

const NEXT_HOPS = [
  'nexthop add id 5 via 192.0.2.1 dev br0',
  'nexthop add id 6 via 2001:db8::2 dev br0',
  'nexthop add id 7 blackhole',
  'nexthop add id 9 via 192.0.2.2 dev br0 onlink',
  'nexthop add id 10 group 5,3/9,4',
];

const ROUTES = [
  'default via 192.0.2.1',
  '203.0.113.0/24 via 192.0.2.1 dev br0 metric 9 src 192.0.2.11 proto static',
  `203.0.113.128/25 via 198.18.0.1 dev br0 onlink table 1000 mtu lock 1300 advmss 1260 window 5000 rtt 100ms rttvar 50ms ssthresh 10
   cwnd 11 initcwnd 12 initrwnd 13 reordering 4 hoplimit 55 features ecn quickack 1 rto_min 300ms congctl lock cubic`,
  '203.0.114.0/25 dev br0 mtu 1400 realms 5/6 rtt 100',
  '100.64.0.0/10 nexthop via 192.0.2.1 dev br0 weight 3 nexthop via 198.18.9.1 dev br0 weight 256 onlink',
  '100.68.0.0/16 nexthop via 192.0.2.1 dev br0 nexthop dev v1 realms 3',
  '198.19.0.0/24 via inet6 2001:db8::1 dev br0',
  '198.19.5.0/24 nexthop via inet6 2001:db8::1 dev br0 nexthop via 192.0.2.4 dev br0',
  '198.19.1.7 dev br0 scope host table 7 tos 0x10',
  'blackhole 240.0.0.0/8',
  'unreachable 241.0.0.0/8 table 70000',
  'prohibit 242.0.0.0/8 metric 7',
  'throw 243.0.0.0/8 table 12',
  'local 244.0.0.0/8 dev lo',
  'multicast 239.0.0.0/8 dev br0 table 90',
  'broadcast 10.200.0.255 dev br0 table 91',
  'anycast 10.200.1.255 dev br0 table 91',
  '10.77.0.0/16 dev br0 proto 186 scope 44',
  '10.90.0.0/16 nhid 5',
  '10.91.0.0/16 nhid 6',
  '10.92.0.0/16 nhid 7',
  '10.93.0.0/16 nhid 10',
  '::/0 via 2001:db8::1 dev br0 metric 10',
  '2001:db8:a::/48 via 2001:db8::2 dev br0 table 300 pref high expires 3000',
  '2001:db8:b::/48 via 2001:db8::2 dev br0 pref low mtu 1333 hoplimit 3',
  '2001:db8:c::/48 nexthop via 2001:db8::2 dev br0 weight 7 nexthop via 2001:db8::3 dev br0',
  'unreachable 2001:db8:d::/48',
  'blackhole 2001:db8:e::/48 metric 77',
  'prohibit 2001:db8:f::/48 table 70001',
  'throw 2001:db8:10::/48',
  'local 2001:db8:11::/48 dev lo',
  'anycast 2001:db8:12::/128 dev br0',
  'multicast ff05::/16 dev br0 table 77',
  '2001:db8:13::/48 dev br0 src 2001:db8::10 proto ra',
  '2001:db8:14::/48 via fe80::55 dev br0 onlink',
  '2001:db8:20::/48 nhid 6',
].map((route) => `route add ${route}`);

const RULES = [
  'rule add pref 100 from 192.0.2.0/24 to 203.0.113.0/24 iif br0 fwmark 0x10/0xff table 1000',
  'rule add pref 101 not oif br0 lookup 70000',
  'rule add pref 102 ipproto tcp dport 25 prohibit',
  'rule add pref 103 goto 32766',
  'rule add pref 104 sport 1000-2000 dport 5-6 uidrange 1000-2000 ipproto udp blackhole',
  'rule add pref 105 tos 0x10 realms 3/4 unreachable',
  'rule add pref 106 suppress_prefixlength 0 suppress_ifgroup 3 lookup main',
  'rule add pref 107 iif absent goto 33333',
  'rule add pref 108 oif absent lookup 250',
  'rule add pref 109 to 10.1.1.1 tun_id 55 lookup main',
  'rule add pref 111 fwmark 5 nop',
  'rule add pref 112 iif lo protocol 99 lookup 200',
  '-6 rule add pref 200 from 2001:db8::/32 lookup 300 suppress_prefixlength 0',
  '-6 rule add pref 201 to 2001:db8::1 iif br0 oif v1 fwmark 7 sport 5 goto 32766',
  '-6 rule add pref 202 not uidrange 0-0 ipproto 58 prohibit',
  '-6 rule add pref 204 tos 0x20 lookup 70001',
  '-6 rule add pref 205 from 2001:db8::5 blackhole',
];

const NEIGHBOURS = [
  ...['permanent', 'noarp', 'reachable', 'stale', 'none', 'incomplete', 'delay', 'probe', 'failed'].flatMap((state, i) => [
    `neigh add 192.0.2.7${i} lladdr 02:00:00:00:01:0${i} nud ${state} dev br0`,
    `neigh add 2001:db8::7${i} lladdr 02:00:00:00:01:1${i} nud ${state} dev br0`,
  ]),
  'neigh add 2001:db8::90 router lladdr 02:00:00:00:01:77 nud reachable dev br0',
  'neigh add 2001:db8::91 router extern_learn lladdr 02:00:00:00:01:78 nud stale dev br0 protocol 42',
  'neigh add 192.0.2.93 extern_learn lladdr 02:00:00:00:01:79 nud reachable dev br0',
  'neigh add proxy 192.0.2.99 dev br0',
  'neigh add proxy 192.0.2.98 dev low',
  'neigh add proxy 2001:db8::99 dev br0 router',
];

/** What not every kernel has: tried one by one. */
const OPTIONAL = [
  'link set br1 type bridge vlan_filtering 1 vlan_default_pvid 7 vlan_stats_enabled 1',
  'link set d3 carrier off',
  'rule add pref 110 l3mdev protocol 98',
  '-6 rule add pref 203 l3mdev',
  'route add 2001:db8:1::/48 from 2001:db8::/32 via 2001:db8::1 dev br0',
  'route add 2001:db8:15::/48 encap seg6 mode encap segs 2001:db8::1,2001:db8:77::2 dev br0',
  'neigh add 192.0.2.94 managed lladdr 02:00:00:00:01:79 dev br0',
];

/** What follows `ip` in the commands that every kernel carries out, in order, quoted for a shell. */
export const EVERYTHING: readonly string[] = [...LINKS, ...ADDRESSES, ...NEXT_HOPS, ...ROUTES, ...RULES, ...NEIGHBOURS].map((line) =>
  line.replace(/\s*\n\s*/g, ' '),
);

/** What {@link makeOneOfEverything} could not make. */
export interface Missing {
  /** Kinds of link that this kernel lacks, with what it said. */
  readonly kinds: ReadonlyMap<string, string>;
  /** Other commands that it refused. */
  readonly commands: ReadonlyMap<string, string>;
}

/** What was tried and refused, by what the tool wrote. */
function refusal(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n')[0] ?? '';
}

/**
 * Fills a namespace by `ip`, not by the library under test: with a link of every kind that the kernel has, addresses, routes, rules and
 * neighbours of every sort.
 * @throws when a command fails that every kernel should carry out, or for another reason than that the kernel lacks the kind
 */
export function makeOneOfEverything(lab: NetlinkLab, namespace: NamespaceHandle): Missing {
  lab.run(namespace, 'sh', '-ec', EVERYTHING.map((line) => `ip ${line} || { echo "ip ${line}" >&2; exit 1; }`).join('\n'));
  const kinds = new Map<string, string>();
  for (const [kind, needs] of Object.entries(LINK_KINDS)) {
    try {
      lab.run(namespace, 'ip', 'link', 'add', ...(needs.startsWith('link') ? [] : ['name']), ...arrange(`one-${kind}`, needs));
    } catch (error) {
      const reason = refusal(error);
      if (!/Unknown device type|Operation not supported/.test(reason)) throw error;
      kinds.set(kind, reason);
    }
  }
  const refused = new Map<string, string>();
  for (const line of OPTIONAL) {
    try {
      lab.run(namespace, 'ip', ...line.split(' '));
    } catch (error) {
      refused.set(line, refusal(error));
    }
  }
  return { kinds, commands: refused };
}

/** `link low type vlan …` has its name after the link below. */
function arrange(name: string, needs: string): readonly string[] {
  const words = needs.split(' ');
  return words[0] === 'link' ? [...words.slice(0, 2), 'name', name, ...words.slice(2)] : [name, ...words];
}
