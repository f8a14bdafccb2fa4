"""
Makes test/fixtures/netlink/pyroute2.json again: messages as pyroute2's encoder writes them, without a kernel, so for kinds of links too
that the machine at hand lacks. Needs Debian's python3-pyroute2.

    /usr/bin/python3 test/support/capture-pyroute2.py > test/fixtures/netlink/pyroute2.json
"""
import json
import subprocess
import sys

from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.nsidmsg import nsidmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

VERSION = subprocess.run(
    ['dpkg-query', '-W', '-f', '${Version}', 'python3-pyroute2'], capture_output=True, text=True, check=True
).stdout


def link(kind, data, **attributes):
    info = [('IFLA_INFO_KIND', kind)] + ([('IFLA_INFO_DATA', {'attrs': data})] if data else [])
    attrs = [('IFLA_' + name.upper(), value) for name, value in attributes.items()]
    return 16, ifinfmsg, {'attrs': attrs + [('IFLA_LINKINFO', {'attrs': info})]}


MESSAGES = {
    'dummy': link('dummy', None, ifname='d0', mtu=1400),
    'ifb': link('ifb', None, ifname='ifb0', txqlen=77),
    'veth': link(
        'veth',
        [('VETH_INFO_PEER', {'attrs': [('IFLA_IFNAME', 'v1'), ('IFLA_MTU', 1300), ('IFLA_NET_NS_FD', 9)]})],
        ifname='v0',
        address='02:00:00:00:00:01',
    ),
    'vlan': link(
        'vlan',
        [
            ('IFLA_VLAN_ID', 9),
            ('IFLA_VLAN_PROTOCOL', 0x88A8),
            ('IFLA_VLAN_FLAGS', {'flags': 0x6, 'mask': 0x7}),
            (
                'IFLA_VLAN_EGRESS_QOS',
                {
                    'attrs': [
                        ('IFLA_VLAN_QOS_MAPPING', {'from': 1, 'to': 5}),
                        ('IFLA_VLAN_QOS_MAPPING', {'from': 2, 'to': 6}),
                    ]
                },
            ),
            ('IFLA_VLAN_INGRESS_QOS', {'attrs': [('IFLA_VLAN_QOS_MAPPING', {'from': 7, 'to': 0})]}),
        ],
        ifname='v0.9',
        link=3,
    ),
    'macvlan': link(
        'macvlan',
        [
            ('IFLA_MACVLAN_MODE', 'source'),
            ('IFLA_MACVLAN_FLAGS', 'nopromisc'),
            ('IFLA_MACVLAN_MACADDR_MODE', 'set'),
            (
                'IFLA_MACVLAN_MACADDR_DATA',
                {
                    'attrs': [
                        ('IFLA_MACVLAN_MACADDR', '02:00:00:00:00:98'),
                        ('IFLA_MACVLAN_MACADDR', '02:00:00:00:00:99'),
                    ]
                },
            ),
        ],
        ifname='m0',
        link=3,
    ),
    'ipvlan': link('ipvlan', [('IFLA_IPVLAN_MODE', 1)], ifname='i0', link=3),
    'bridge': link(
        'bridge',
        [
            ('IFLA_BR_FORWARD_DELAY', 300),
            ('IFLA_BR_AGEING_TIME', 20000),
            ('IFLA_BR_PRIORITY', 1234),
            ('IFLA_BR_VLAN_FILTERING', 1),
            ('IFLA_BR_VLAN_PROTOCOL', 0x88A8),
            ('IFLA_BR_GROUP_ADDR', '01:80:c2:00:00:05'),
            ('IFLA_BR_MCAST_HASH_MAX', 2048),
            ('IFLA_BR_MCAST_QUERY_INTVL', 12501),
            ('IFLA_BR_NF_CALL_ARPTABLES', 1),
            ('IFLA_BR_VLAN_DEFAULT_PVID', 7),
        ],
        ifname='br0',
    ),
    'vxlan': link(
        'vxlan',
        [
            ('IFLA_VXLAN_ID', 4711),
            ('IFLA_VXLAN_GROUP', '192.0.2.99'),
            ('IFLA_VXLAN_LOCAL', '192.0.2.10'),
            ('IFLA_VXLAN_LINK', 3),
            ('IFLA_VXLAN_TTL', 9),
            ('IFLA_VXLAN_TOS', 16),
            ('IFLA_VXLAN_LEARNING', 0),
            ('IFLA_VXLAN_AGEING', 60),
            ('IFLA_VXLAN_LIMIT', 10),
            ('IFLA_VXLAN_PORT_RANGE', {'low': 10000, 'high': 20000}),
            ('IFLA_VXLAN_PROXY', 1),
            ('IFLA_VXLAN_PORT', 4789),
        ],
        ifname='vx0',
    ),
    'settings and a move': (
        16,
        ifinfmsg,
        {
            'index': 5,
            'attrs': [
                ('IFLA_IFNAME', 'eth0'),
                ('IFLA_NET_NS_PID', 4242),
                ('IFLA_MASTER', 0),
                ('IFLA_IFALIAS', 'größer'),
                ('IFLA_GROUP', 5),
            ],
        },
    ),
    'address IPv4': (
        20,
        ifaddrmsg,
        {
            'family': 2,
            'prefixlen': 24,
            'scope': 0,
            'index': 4,
            'attrs': [
                ('IFA_LOCAL', '192.0.2.10'),
                ('IFA_ADDRESS', '192.0.2.10'),
                ('IFA_BROADCAST', '192.0.2.255'),
                ('IFA_LABEL', 'br0:x'),
                ('IFA_FLAGS', 0x200),
            ],
        },
    ),
    'address IPv6': (
        20,
        ifaddrmsg,
        {
            'family': 10,
            'prefixlen': 64,
            'scope': 0,
            'index': 4,
            'attrs': [
                ('IFA_ADDRESS', '2001:db8::10'),
                ('IFA_CACHEINFO', {'ifa_preferred': 1800, 'ifa_valid': 3600}),
                ('IFA_FLAGS', 0x2),
            ],
        },
    ),
    'route with metrics': (
        24,
        rtmsg,
        {
            'family': 2,
            'dst_len': 24,
            'table': 252,
            'proto': 4,
            'scope': 0,
            'type': 1,
            'flags': 4,
            'attrs': [
                ('RTA_DST', '203.0.113.0'),
                ('RTA_GATEWAY', '192.0.2.1'),
                ('RTA_OIF', 4),
                ('RTA_PRIORITY', 50),
                ('RTA_PREFSRC', '192.0.2.10'),
                ('RTA_TABLE', 1000),
                ('RTA_METRICS', {'attrs': [('RTAX_MTU', 1300), ('RTAX_ADVMSS', 1260), ('RTAX_INITCWND', 12)]}),
            ],
        },
    ),
    'route with next hops': (
        24,
        rtmsg,
        {
            'family': 2,
            'dst_len': 10,
            'table': 254,
            'proto': 3,
            'scope': 0,
            'type': 1,
            'attrs': [
                ('RTA_DST', '100.64.0.0'),
                ('RTA_TABLE', 254),
                (
                    'RTA_MULTIPATH',
                    [
                        {'oif': 4, 'hops': 0, 'flags': 0, 'attrs': [('RTA_GATEWAY', '192.0.2.1')]},
                        {'oif': 4, 'hops': 2, 'flags': 4, 'attrs': [('RTA_GATEWAY', '192.0.2.2')]},
                    ],
                ),
            ],
        },
    ),
    'route IPv6': (
        24,
        rtmsg,
        {
            'family': 10,
            'dst_len': 48,
            'src_len': 32,
            'table': 254,
            'proto': 3,
            'scope': 0,
            'type': 1,
            'attrs': [
                ('RTA_DST', '2001:db8:1::'),
                ('RTA_SRC', '2001:db8::'),
                ('RTA_GATEWAY', 'fe80::1'),
                ('RTA_OIF', 4),
                ('RTA_PREF', 1),
            ],
        },
    ),
    'rule': (
        32,
        fibmsg,
        {
            'family': 2,
            'dst_len': 24,
            'src_len': 16,
            'table': 252,
            'action': 1,
            'flags': 2,
            'attrs': [
                ('FRA_DST', '203.0.113.0'),
                ('FRA_SRC', '192.0.0.0'),
                ('FRA_PRIORITY', 100),
                ('FRA_IIFNAME', 'br0'),
                ('FRA_OIFNAME', 'lo'),
                ('FRA_FWMARK', 16),
                ('FRA_FWMASK', 255),
                ('FRA_TABLE', 70000),
                ('FRA_SUPPRESS_PREFIXLEN', 0),
                ('FRA_UID_RANGE', '1000:2000'),
                ('FRA_IP_PROTO', 6),
                ('FRA_SPORT_RANGE', '1000:2000'),
                ('FRA_DPORT_RANGE', '443:443'),
                ('FRA_PROTOCOL', 99),
            ],
        },
    ),
    'rule of a VRF': (
        32,
        fibmsg,
        {'family': 10, 'table': 0, 'action': 1, 'attrs': [('FRA_PRIORITY', 110), ('FRA_L3MDEV', 1)]},
    ),
    'neighbour': (
        28,
        ndmsg,
        {
            'family': 2,
            'ifindex': 4,
            'state': 0x80,
            'attrs': [('NDA_DST', '192.0.2.77'), ('NDA_LLADDR', '02:00:00:00:00:77')],
        },
    ),
    'entry of a forwarding table': (
        28,
        ndmsg,
        {
            'family': 7,
            'ifindex': 4,
            'state': 0x40,
            'flags': 0x2,
            'attrs': [
                ('NDA_LLADDR', '02:00:00:00:00:77'),
                ('NDA_DST', '192.0.2.99'),
                ('NDA_PORT', 4790),
                ('NDA_VNI', 42),
                ('NDA_VLAN', 9),
            ],
        },
    ),
    'namespace id': (88, nsidmsg, {'attrs': [('NETNSA_NSID', 5), ('NETNSA_PID', 4242)]}),
}


def encode(kind, codec, values):
    message = codec()
    message['header']['type'] = kind
    message['header']['flags'] = 0x605
    message['header']['sequence_number'] = 1
    for key, value in values.items():
        message[key] = value
    message.encode()
    return bytes(message.data).hex()


vectors = []
for name, parts in MESSAGES.items():
    text = encode(*parts)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    vectors.append({'name': name, 'origin': f'encoder of pyroute2 {VERSION}', 'hex': lines})
json.dump(vectors, sys.stdout, indent=2)
sys.stdout.write('\n')
