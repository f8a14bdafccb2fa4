"""The tasks of the netlink benchmark done with pyroute2. The task stands in the first argument as JSON, each line of standard
input asks for one turn, and each turn is answered with one line of JSON: what took how many milliseconds."""

import json
import os
import struct
import sys
import time

from pyroute2 import IPBatch, IPRoute

MTUS = (1400, 1450)
AT_ONCE = 50
NLMSG_ERROR = 2


def timed(work):
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def host_address(n):
    return '10.%d.%d.%d' % ((n >> 16) & 255, (n >> 8) & 255, n & 255)


def start_dump(task):
    ipr = IPRoute()

    def turn():
        begun = time.perf_counter()
        links = ipr.get_links()
        took = (time.perf_counter() - begun) * 1000
        if len(links) < task['count']:
            raise RuntimeError('%d links, not %d' % (len(links), task['count']))
        return {'dump': [took]}

    return turn


def start_routes(task):
    ipr = IPRoute()
    addresses = [host_address(i) + '/32' for i in range(task['count'])]

    def each(command):
        for address in addresses:
            ipr.route(command, dst=address, gateway=task['gateway'], oif=task['link'])

    return lambda: {'add': [timed(lambda: each('add'))], 'remove': [timed(lambda: each('del'))]}


def read_acknowledgements(ipr, count):
    while count > 0:
        data = ipr.recv(65536)
        offset = 0
        while offset < len(data):
            length, kind, _, _, _, error = struct.unpack_from('IHHIIi', data, offset)
            if kind == NLMSG_ERROR:
                if error != 0:
                    raise OSError(-error, os.strerror(-error))
                count -= 1
            offset += (length + 3) & ~3


def start_batch(task):
    ipr = IPRoute()
    addresses = [host_address(i) + '/32' for i in range(task['count'])]

    def each(command):
        for first in range(0, len(addresses), AT_ONCE):
            chunk = addresses[first : first + AT_ONCE]
            batch = IPBatch()
            for address in chunk:
                batch.route(command, dst=address, gateway=task['gateway'], oif=task['link'])
            ipr.sendto(batch.batch, (0, 0))
            read_acknowledgements(ipr, len(chunk))

    return lambda: {'add': [timed(lambda: each('add'))], 'remove': [timed(lambda: each('del'))]}


def start_move(task):
    ipr = IPRoute()
    namespace = os.open(task['there'], os.O_RDONLY)

    def each():
        for index in task['links']:
            ipr.link('set', index=index, net_ns_fd=namespace)

    return lambda: {'move': [timed(each)]}


def start_monitor(task):
    ipr = IPRoute()
    events = IPRoute()
    events.bind()

    def wait_for(mtu):
        while True:
            for message in events.get():
                if message.get('index') == task['link'] and message.get_attr('IFLA_MTU') == mtu:
                    return

    def one(mtu):
        ipr.link('set', index=task['link'], mtu=mtu)
        wait_for(mtu)

    return lambda: {'latency': [timed(lambda: one(MTUS[i % 2])) for i in range(task['count'])]}


STARTS = {'dump': start_dump, 'routes': start_routes, 'batch': start_batch, 'move': start_move, 'monitor': start_monitor}


def main():
    task = json.loads(sys.argv[1])
    turn = STARTS[task['task']](task)
    for _ in sys.stdin:
        print(json.dumps(turn()), flush=True)


main()
