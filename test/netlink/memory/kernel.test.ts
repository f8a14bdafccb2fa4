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
      'fe80::5054:ff:fe12:3456/64',
      '10.0.0.2/24',
      'fd00::2/64',
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
    expect(namespace.addresses(index, 'list').map((entry) => entry.address)).to.deep.equal(['fe80::5054:ff:fe12:3456/64', '10.0.0.7/25']);
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
