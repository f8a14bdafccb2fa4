import { expect } from 'chai';
import { NetlinkError, NicError } from '../../../lib/errors.js';
import { createMemoryKernel } from '../../../netlink/memory/index.js';

const mac = '52:54:00:12:34:56';

function errnoOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    if (error instanceof NetlinkError) return error.errno;
    throw error;
  }
  return 'none';
}

describe('MemoryKernel', () => {
  it('moveLink() leaves the link moved under its old name when the new one is taken', () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    kernel.addLink(pod, { name: 'eth0' });
    const card = kernel.addLink(kernel.initial, { name: 'eth1', mac });
    expect(errnoOf(() => kernel.moveLink(card, pod, 'eth0', 'move'))).to.equal('EEXIST');
    expect(card.namespace).to.equal(pod);
    expect(card.name).to.equal('eth1');
  });

  it('moveLink() leaves the link where it was when old and new name are both taken', () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    kernel.addLink(pod, { name: 'eth0' });
    kernel.addLink(pod, { name: 'eth1' });
    const card = kernel.addLink(kernel.initial, { name: 'eth1', mac });
    expect(errnoOf(() => kernel.moveLink(card, pod, 'eth0', 'move'))).to.equal('EEXIST');
    expect(card.namespace).to.equal(kernel.initial);
  });

  it('moveLink() takes the new name at once when only the old one is taken', () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    kernel.addLink(pod, { name: 'eth1' });
    const card = kernel.addLink(kernel.initial, { name: 'eth1', mac });
    kernel.moveLink(card, pod, 'eth0', 'move');
    expect(card.namespace).to.equal(pod);
    expect(card.name).to.equal('eth0');
  });

  it('moveLink() refuses a clash of alternative names unmoved', () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    kernel.addLink(pod, { name: 'eth0', altNames: ['enp3s0'] });
    const card = kernel.addLink(kernel.initial, { name: 'eth1', mac, altNames: ['enp3s0'] });
    expect(errnoOf(() => kernel.moveLink(card, pod, 'net1', 'move'))).to.equal('EEXIST');
    expect(card.namespace).to.equal(kernel.initial);
  });

  it('moveLink() changes the index when it is taken and takes the link down with all that was configured', () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    kernel.addLink(pod, { name: 'a' });
    const card = kernel.addLink(kernel.initial, { name: 'eth1', mac, up: true });
    kernel.initial.addAddress(card.index, '10.0.0.2/24', 'add');
    kernel.initial.writeSysctl('ipv4/conf/eth1/rp_filter', '2', 'write');
    expect(card.index).to.equal(2);
    kernel.moveLink(card, pod, 'eth0', 'move');
    expect(card.index).to.equal(3);
    expect(card.up).to.equal(false);
    expect(card.addresses).to.deep.equal([]);
    expect(kernel.initial.routes()).to.deep.equal([]);
    expect(kernel.initial.readSysctl('ipv4/conf/eth1/rp_filter')).to.equal(undefined);
    expect(pod.readSysctl('ipv4/conf/eth0/rp_filter')).to.equal('0');
  });

  it('removeNamespace() returns real cards to the initial namespace, down, and destroys links with a kind', () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    const card = kernel.addLink(pod, { name: 'eth0', mac, up: true, altNames: ['ens9', 'taken'] });
    const veth = kernel.addLink(pod, { name: 'veth0', kind: 'veth' });
    kernel.addLink(kernel.initial, { name: 'eth0', altNames: ['taken'] });
    kernel.removeNamespace('/run/netns/pod');
    expect(pod.alive).to.equal(false);
    expect(card.namespace).to.equal(kernel.initial);
    expect(card.toLink()).to.include({ name: 'dev2', up: false, mac });
    expect(card.altNames).to.deep.equal(['ens9']);
    expect(veth.namespace).to.equal(undefined);
  });

  it('removeNamespace() lets a namespace live as long as it has another name', () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    kernel.nameNamespace({ kind: 'pid', pid: 42 }, pod);
    kernel.removeNamespace('/run/netns/pod');
    expect(pod.alive).to.equal(true);
    expect(() => kernel.namespace('/run/netns/pod')).to.throw(NicError, '/run/netns/pod');
    kernel.removeNamespace({ kind: 'pid', pid: 42 });
    expect(pod.alive).to.equal(false);
  });

  it('addNamespace() never gives a cookie twice', () => {
    const kernel = createMemoryKernel();
    const first = kernel.addNamespace('/run/netns/pod').cookie;
    kernel.removeNamespace('/run/netns/pod');
    expect(kernel.addNamespace('/run/netns/pod').cookie).to.not.equal(first);
  });

  it('reboot() brings real cards back, unconfigured, and nothing else', () => {
    const kernel = createMemoryKernel();
    const before = kernel.initial.cookie;
    const pod = kernel.addNamespace('/run/netns/pod');
    const card = kernel.addLink(pod, { name: 'eth0', mac, up: true, altNames: ['ens9'] });
    const bridge = kernel.addLink(kernel.initial, { name: 'br0', kind: 'bridge' });
    pod.addAddress(card.index, '10.0.0.2/24', 'add');
    kernel.reboot();
    expect(kernel.initial.cookie).to.not.equal(before);
    expect(pod.alive).to.equal(false);
    expect(() => kernel.namespace('/run/netns/pod')).to.throw(NicError);
    expect(card.namespace).to.equal(kernel.initial);
    expect(bridge.namespace).to.equal(undefined);
    expect(kernel.initial.snapshot()).to.deep.include({ addresses: [], routes: [] });
    expect(kernel.initial.links().map((link) => link.name)).to.deep.equal(['lo', 'eth0']);
  });
});

describe('MemoryKernel.addVethPair()', () => {
  const build = () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    const [near, far] = kernel.addVethPair({ namespace: kernel.initial, name: 'veth0', mac, up: true }, { namespace: pod, name: 'eth0' });
    return { kernel, pod, near, far };
  };

  it('gives both ends carrier while both are up, whichever comes first, and tells whoever watches the other end', () => {
    const { kernel, pod, near, far } = build();
    let told = 0;
    kernel.initial.onLinkChange(() => told++);
    expect([near.carrier, far.carrier]).to.deep.equal([false, false]);
    expect(kernel.initial.addresses(near.index, 'list')).to.deep.equal([]);
    pod.setUp(far, true);
    expect([near.carrier, far.carrier]).to.deep.equal([true, true]);
    expect(told).to.be.greaterThan(0);
    expect(kernel.initial.addresses(near.index, 'list').map(({ address }) => address)).to.deep.equal(['fe80::5054:ff:fe12:3456/64']);
    kernel.initial.setUp(near, false);
    expect([near.carrier, far.carrier]).to.deep.equal([false, false]);
    expect(far.up).to.equal(true);
  });

  it('shows each end the index of the other, wherever that moves', () => {
    const { kernel, pod, near, far } = build();
    for (const name of ['a', 'b', 'c']) kernel.addLink(kernel.initial, { name });
    kernel.moveLink(far, kernel.initial, 'veth1', 'move');
    expect(near.toLink()).to.include({ lowerIndex: far.index, kind: 'veth' });
    expect(far.toLink().lowerIndex).to.equal(near.index);
    expect(pod.links().map(({ name }) => name)).to.deep.equal(['lo']);
  });

  it('makes neither end where one name is taken', () => {
    const { kernel, pod } = build();
    const there = kernel.initial.snapshot();
    expect(errnoOf(() => kernel.addVethPair({ namespace: kernel.initial, name: 'veth2' }, { namespace: pod, name: 'eth0' }))).to.equal(
      'EEXIST',
    );
    expect(kernel.initial.snapshot()).to.deep.equal(there);
  });

  it('takes both ends away when one is deleted or the namespace of one dies', () => {
    const { kernel, near, far } = build();
    kernel.removeLink(far);
    kernel.removeLink(far);
    expect([near.namespace, far.namespace]).to.deep.equal([undefined, undefined]);
    const second = build();
    second.kernel.removeNamespace('/run/netns/pod');
    expect([second.near.namespace, second.far.namespace]).to.deep.equal([undefined, undefined]);
    expect(second.kernel.initial.links().map(({ name }) => name)).to.deep.equal(['lo']);
  });
});

describe('MemoryKernel.addLink() with a link below', () => {
  const build = (kind: string) => {
    const kernel = createMemoryKernel();
    const card = kernel.addLink(kernel.initial, { name: 'eth1', mac, mtu: 1400, up: true });
    const upper = kernel.addLink(kernel.initial, { name: 'up1', kind, lower: card, up: true });
    return { kernel, initial: kernel.initial, card, upper };
  };

  it('shows the index below, takes the size from there and cannot exceed it', () => {
    const { initial, card, upper } = build('macvlan');
    expect(upper.toLink()).to.include({ lowerIndex: card.index, mtu: 1400, carrier: true });
    expect(errnoOf(() => initial.setMtu(upper, 1401, 'mtu'))).to.equal('EINVAL');
    initial.setMtu(card, 1300, 'mtu');
    expect(upper.mtu).to.equal(1300);
  });

  it('takes the carrier of a macvlan away with that of the link below, and leaves it up', () => {
    const { initial, card, upper } = build('macvlan');
    initial.setUp(card, false);
    expect(upper.toLink()).to.include({ up: true, carrier: false });
    initial.setUp(card, true);
    initial.setConnected(card, false);
    expect(upper.carrier).to.equal(false);
  });

  it('takes a vlan down and up with the link below, and refuses to bring it up alone', () => {
    const { initial, card, upper } = build('vlan');
    initial.setUp(card, false);
    expect(upper.up).to.equal(false);
    expect(errnoOf(() => initial.setUp(upper, true))).to.equal('ENETDOWN');
    initial.setUp(card, true);
    expect(upper.up).to.equal(true);
  });

  it('destroys what is stacked on a link with it, in whatever namespace, but lets it be when the link only moves', () => {
    const { kernel, card, upper } = build('macvlan');
    const pod = kernel.addNamespace('/run/netns/pod');
    const third = kernel.addLink(pod, { name: 'third', kind: 'vlan', lower: upper });
    kernel.moveLink(card, pod, 'eth0', 'move');
    expect(upper.namespace).to.equal(kernel.initial);
    expect(upper.carrier).to.equal(false);
    kernel.removeLink(card);
    expect([card.namespace, upper.namespace, third.namespace]).to.deep.equal([undefined, undefined, undefined]);
    expect(errnoOf(() => kernel.addLink(pod, { name: 'x', kind: 'vlan', lower: upper }))).to.equal('ENODEV');
  });

  it('destroys what is stacked on a real card when its own namespace dies, and returns the card', () => {
    const { kernel, card, upper } = build('macvlan');
    const pod = kernel.addNamespace('/run/netns/pod');
    const other = kernel.addLink(pod, { name: 'other', kind: 'macvlan', lower: card });
    kernel.moveLink(card, pod, 'eth0', 'move');
    kernel.removeNamespace('/run/netns/pod');
    expect(card.namespace).to.equal(kernel.initial);
    expect(upper.namespace).to.equal(kernel.initial);
    expect(other.namespace).to.equal(undefined);
    expect([...card.uppers]).to.deep.equal([upper]);
  });

  it('never moves a loopback or a bridge, not even to where they are', () => {
    const kernel = createMemoryKernel();
    const pod = kernel.addNamespace('/run/netns/pod');
    const bridge = kernel.addLink(kernel.initial, { name: 'br0', kind: 'bridge' });
    const lo = kernel.initial.link(1, 'test');
    for (const link of [bridge, lo]) {
      for (const target of [pod, kernel.initial]) {
        expect(() => kernel.moveLink(link, target, 'x', 'move')).to.throw(NetlinkError, 'EINVAL: The interface netns is immutable');
      }
    }
  });
});

describe('MemoryNamespace.addMultipathRoute()', () => {
  const build = () => {
    const kernel = createMemoryKernel();
    const namespace = kernel.initial;
    const links = ['eth1', 'eth2'].map((name, n) => kernel.addLink(namespace, { name, mac: `52:54:00:12:34:0${n}`, up: true }));
    const [first = 0, second = 0] = links.map(({ index }) => index);
    for (const address of ['10.0.1.2/24', 'fd01::2/64']) namespace.addAddress(first, address, 'add');
    for (const address of ['10.0.2.2/24', 'fd02::2/64']) namespace.addAddress(second, address, 'add');
    const four = {
      dst: '10.9.0.0/16',
      nextHops: [
        { gateway: '10.0.1.1', linkIndex: first },
        { gateway: '10.0.2.1', linkIndex: second },
      ],
    };
    const six = {
      dst: 'fd09::/16',
      nextHops: [
        { gateway: 'fd01::1', linkIndex: first },
        { gateway: 'fd02::1', linkIndex: second },
      ],
    };
    namespace.addMultipathRoute(four, 'add');
    namespace.addMultipathRoute(six, 'add');
    const ways = () =>
      namespace
        .routes()
        .filter(({ protocol }) => protocol !== 2)
        .map(({ dst, gateway }) => `${dst} via ${gateway}`);
    return { kernel, namespace, links, first, second, four, six, ways };
  };
  const both = ['10.9.0.0/16 via 10.0.1.1', '10.9.0.0/16 via 10.0.2.1', 'fd09::/16 via fd01::1', 'fd09::/16 via fd02::1'];

  it('is listed as one route for each hop, none of which could be put back alone', () => {
    const { namespace, ways } = build();
    expect(ways()).to.deep.equal(both);
    for (const route of namespace.routes().filter(({ protocol }) => protocol !== 2))
      expect(route.unsupported).to.deep.equal(['several next hops']);
  });

  it('stays while the link of one hop is up, and goes with the last', () => {
    const { namespace, links, ways } = build();
    const [one, other] = links;
    if (one === undefined || other === undefined) throw new Error('there are two');
    namespace.setUp(one, false);
    expect(ways()).to.deep.equal(both);
    namespace.setUp(one, true);
    namespace.setUp(other, false);
    expect(ways(), 'the first hop lives again').to.deep.equal(both);
    namespace.setUp(one, false);
    expect(ways()).to.deep.equal([]);
  });

  it('goes as a whole with a link that is destroyed or moved; of an IPv6 one the other hop stays', () => {
    const { kernel, namespace, links, ways } = build();
    if (links[0] !== undefined) kernel.removeLink(links[0]);
    expect(ways()).to.deep.equal(['fd09::/16 via fd02::1']);
    expect(namespace.routes().find(({ dst }) => dst === 'fd09::/16')?.unsupported).to.equal(undefined);
  });

  it('is removed by its first hop in IPv4, by hop in IPv6, and as a whole where no next hop is named', () => {
    const { namespace, first, second, six, ways } = build();
    expect(errnoOf(() => namespace.removeRoute({ dst: '10.9.0.0/16', gateway: '10.0.2.1', linkIndex: second }, 'remove'))).to.equal(
      'ESRCH',
    );
    namespace.removeRoute({ dst: '10.9.0.0/16', gateway: '10.0.1.1', linkIndex: first }, 'remove');
    namespace.removeRoute({ dst: 'fd09::/16', gateway: 'fd02::1', linkIndex: second }, 'remove');
    expect(ways()).to.deep.equal(['fd09::/16 via fd01::1']);
    namespace.removeRoute({ dst: 'fd09::/16', linkIndex: first }, 'remove');
    namespace.addMultipathRoute(six, 'add');
    namespace.removeRoute({ dst: 'fd09::/16', linkIndex: second }, 'remove');
    expect(ways()).to.deep.equal([]);
  });

  it('is refused as the kernel does: a range that is there, a hop out of reach, the same IPv6 hop twice, fewer than two', () => {
    const { namespace, first, four, six } = build();
    expect(errnoOf(() => namespace.addMultipathRoute(four, 'add'))).to.equal('EEXIST');
    const far = {
      dst: '10.8.0.0/16',
      nextHops: [
        { gateway: '10.0.1.1', linkIndex: first },
        { gateway: '10.0.9.1', linkIndex: first },
      ],
    };
    expect(errnoOf(() => namespace.addMultipathRoute(far, 'add'))).to.equal('ENETUNREACH');
    const [hop] = six.nextHops;
    if (hop === undefined) throw new Error('there are two');
    expect(errnoOf(() => namespace.addMultipathRoute({ dst: 'fd08::/16', nextHops: [hop, hop] }, 'add'))).to.equal('EEXIST');
    expect(() => namespace.addMultipathRoute({ dst: 'fd08::/16', nextHops: [hop] }, 'add')).to.throw(RangeError, 'several next hops');
  });
});

describe('MemoryNamespace', () => {
  const open = () => {
    const kernel = createMemoryKernel();
    const namespace = kernel.initial;
    const link = kernel.addLink(namespace, { name: 'eth1', mac });
    return { kernel, namespace, index: link.index, link };
  };
  const ranges = (namespace: ReturnType<typeof open>['namespace']) => namespace.routes().map((route) => `${route.dst} ${route.protocol}`);

  it('makes connected routes only while the link is up', () => {
    const { namespace, index, link } = open();
    namespace.addAddress(index, '10.0.0.2/24', 'add');
    expect(ranges(namespace)).to.deep.equal([]);
    namespace.setUp(link, true);
    expect(ranges(namespace)).to.deep.equal(['10.0.0.0/24 2', 'fe80::/64 2']);
    namespace.setUp(link, false);
    expect(ranges(namespace)).to.deep.equal([]);
  });

  it('drops IPv6 addresses and keeps IPv4 ones when the link goes down', () => {
    const { namespace, index, link } = open();
    namespace.setUp(link, true);
    namespace.addAddress(index, '10.0.0.2/24', 'add');
    namespace.addAddress(index, 'fd00::2/64', 'add');
    expect(namespace.addresses(index, 'list').map((entry) => entry.address)).to.deep.equal([
      '10.0.0.2/24',
      'fd00::2/64',
      'fe80::5054:ff:fe12:3456/64',
    ]);
    namespace.setUp(link, false);
    expect(namespace.addresses(index, 'list').map((entry) => entry.address)).to.deep.equal(['10.0.0.2/24']);
  });

  it('makes no connected route for a single IPv4 address', () => {
    const { namespace, index, link } = open();
    namespace.setUp(link, true);
    namespace.addAddress(index, '10.0.0.2/32', 'add');
    expect(ranges(namespace)).to.deep.equal(['fe80::/64 2']);
  });

  it('removes secondary addresses with the first of their range', () => {
    const { namespace, index, link } = open();
    namespace.setUp(link, true);
    for (const address of ['10.0.0.2/24', '10.0.0.9/24', '10.0.0.7/25']) namespace.addAddress(index, address, 'add');
    namespace.removeAddress(index, '10.0.0.2/24', 'remove');
    expect(namespace.addresses(index, 'list').map((entry) => entry.address)).to.deep.equal(['10.0.0.7/25', 'fe80::5054:ff:fe12:3456/64']);
    expect(ranges(namespace)).to.deep.equal(['fe80::/64 2', '10.0.0.0/25 2']);
  });

  it('removes all IPv4 routes of a link with its last IPv4 address', () => {
    const { namespace, index, link } = open();
    namespace.setUp(link, true);
    namespace.addAddress(index, '10.0.0.2/24', 'add');
    namespace.replaceRoute({ dst: '0.0.0.0/0', gateway: '10.0.0.1', linkIndex: index }, 'replace');
    namespace.removeAddress(index, '10.0.0.2/24', 'remove');
    expect(ranges(namespace)).to.deep.equal(['fe80::/64 2']);
  });

  it('refuses routes as the kernel does', () => {
    const { namespace, index, link } = open();
    const route = { dst: '10.9.0.0/16', linkIndex: index };
    expect(errnoOf(() => namespace.replaceRoute(route, 'replace'))).to.equal('ENETDOWN');
    namespace.setUp(link, true);
    expect(errnoOf(() => namespace.replaceRoute({ ...route, gateway: '10.0.0.1' }, 'replace'))).to.equal('ENETUNREACH');
    expect(errnoOf(() => namespace.replaceRoute({ dst: 'fd09::/64', gateway: 'fd00::1', linkIndex: index }, 'replace'))).to.equal(
      'EHOSTUNREACH',
    );
    expect(errnoOf(() => namespace.replaceRoute({ ...route, linkIndex: 99 }, 'replace'))).to.equal('ENODEV');
    const onlink = { ...route, gateway: '10.0.0.1', onlink: true };
    expect(errnoOf(() => namespace.replaceRoute(onlink, 'replace'))).to.equal('EINVAL');
    namespace.addAddress(index, '10.0.0.2/32', 'add');
    expect(errnoOf(() => namespace.replaceRoute(onlink, 'replace'))).to.equal('none');
    expect(errnoOf(() => namespace.replaceRoute({ ...onlink, gateway: '10.0.0.2' }, 'replace'))).to.equal('EINVAL');
    expect(errnoOf(() => namespace.removeRoute({ ...route, metric: 7 }, 'remove'))).to.equal('ESRCH');
  });

  it('refuses sizes that no link has', () => {
    const { namespace, link } = open();
    expect(errnoOf(() => namespace.setMtu(link, 67, 'mtu'))).to.equal('EINVAL');
    expect(errnoOf(() => namespace.setMtu(link, 65536, 'mtu'))).to.equal('EINVAL');
    expect(errnoOf(() => namespace.setMtu(link, 68, 'mtu'))).to.equal('none');
  });

  it('couples ip_forward, forwarding and accept_redirects as the kernel does', () => {
    const { namespace } = open();
    namespace.writeSysctl('ipv4/ip_forward', '1\n', 'write');
    const read = (name: string) => namespace.readSysctl(`ipv4/conf/${name}`);
    expect([read('all/forwarding'), read('default/forwarding'), read('eth1/forwarding')]).to.deep.equal(['1', '1', '1']);
    expect([read('all/accept_redirects'), read('eth1/accept_redirects')]).to.deep.equal(['0', '1']);
  });

  it('lets settings follow the name of their link', () => {
    const { namespace, link } = open();
    namespace.writeSysctl('ipv4/conf/eth1/rp_filter', '2', 'write');
    namespace.rename(link, 'net1', 'rename');
    expect(namespace.readSysctl('ipv4/conf/net1/rp_filter')).to.equal('2');
    expect(namespace.readSysctl('ipv4/conf/eth1/rp_filter')).to.equal(undefined);
    expect(errnoOf(() => namespace.writeSysctl('ipv4/conf/eth1/rp_filter', '2', 'write'))).to.equal('ENOENT');
    expect(errnoOf(() => namespace.writeSysctl('ipv4/conf/net1/rp_filter', 'loose', 'write'))).to.equal('EINVAL');
  });

  it('switches IPv6 off and on again', () => {
    const { namespace, index, link } = open();
    namespace.setUp(link, true);
    namespace.writeSysctl('ipv6/conf/all/disable_ipv6', '1', 'write');
    expect(namespace.snapshot()).to.deep.include({ addresses: [], routes: [] });
    expect(errnoOf(() => namespace.addAddress(index, 'fd00::2/64', 'add'))).to.equal('EACCES');
    namespace.writeSysctl('ipv6/conf/eth1/disable_ipv6', '0', 'write');
    expect(ranges(namespace)).to.deep.equal(['fe80::/64 2']);
  });
});
