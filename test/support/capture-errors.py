"""
Makes test/fixtures/netlink/errors.json again: what the kernel answers to requests that are wrong in one way each, over a socket of Python's
own. Needs root; works in a network namespace of its own.

    unshare -n /usr/bin/python3 test/support/capture-errors.py > test/fixtures/netlink/errors.json
"""
import json
import os
import platform
import socket
import struct
import sys

SOL_NETLINK, CAP_ACK, EXT_ACK, STRICT = 270, 10, 11, 12
NESTED = 0x8000
TOOL = f'socket of Python {platform.python_version()}, Linux {os.uname().release.split("-")[0]}'


def attribute(kind, value):
    length = 4 + len(value)
    return struct.pack('=HH', length, kind) + value + b'\0' * (-length % 4)


def ask(kind, payload, flags=0x605, protocol=0, capped=0):
    """The answer to one request: its whole message."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as sock:
        sock.bind((0, 0))
        for option, value in ((EXT_ACK, 1), (STRICT, 1), (CAP_ACK, capped)):
            sock.setsockopt(SOL_NETLINK, option, value)
        sock.send(struct.pack('=IHHII', 16 + len(payload), kind, flags, 1, 0) + payload)
        return sock.recv(65536)


def family_of(name):
    """The number of a family of generic netlink (CTRL_CMD_GETFAMILY)."""
    answer = ask(16, struct.pack('=BBH', 3, 2, 0) + attribute(2, name.encode() + b'\0'), 1, 16)
    at = 20
    while at < len(answer):
        length, kind = struct.unpack_from('=HH', answer, at)
        if kind == 1:
            return struct.unpack_from('=H', answer, at + 4)[0]
        at += (length + 3) & ~3
    raise LookupError(name)


LINK = struct.pack('=BBHiII', 0, 0, 0, 1, 0, 0)
NEW = struct.pack('=BBHiII', 0, 0, 0, 0, 0, 0)
RULE = struct.pack('=8BI', 2, 0, 0, 0, 0, 0, 0, 1, 0)
NEIGHBOUR = struct.pack('=B3xiHBB', 2, 1, 0x80, 0, 0)
VXLAN = attribute(18 | NESTED, attribute(1, b'vxlan\0') + attribute(2 | NESTED, attribute(29, b'\5')))
NETDEV = family_of('netdev')

ERRORS = {
    'IFLA_MTU of two bytes': ask(16, LINK + attribute(4, b'\1\2'), 5),
    'IFLA_IFNAME of 40 bytes': ask(16, LINK + attribute(3, b'a' * 40), 5),
    'IFLA_GRO_MAX_SIZE of a gigabyte': ask(16, LINK + attribute(58, struct.pack('=I', 1 << 30)), 5),
    'FRA_DSCP of 255': ask(32, RULE + attribute(25, b'\xff')),
    'NDA_FLAGS_EXT with reserved bits': ask(28, NEIGHBOUR + attribute(1, b'\1\2\3\4') + attribute(15, struct.pack('=I', 0xFFFF))),
    'neighbour without an address': ask(28, NEIGHBOUR),
    'IFLA_VXLAN_DF of 5': ask(16, NEW + attribute(3, b'v0\0') + VXLAN),
    'request without NETDEV_A_DEV_IFINDEX': ask(NETDEV, struct.pack('=BBH', 1, 1, 0), 5, 16),
    'IFLA_MTU of two bytes, request left out': ask(16, LINK + attribute(4, b'\1\2'), 5, 0, 1),
    'no error': ask(20, struct.pack('=BBBBI', 2, 8, 0, 254, 1) + attribute(2, bytes([127, 0, 0, 9]))),
}

vectors = []
for name, answer in ERRORS.items():
    text = answer.hex()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    vectors.append({'name': name, 'origin': TOOL, 'hex': lines})
json.dump(vectors, sys.stdout, indent=2)
sys.stdout.write('\n')
