import { expect } from 'chai';
import { NetlinkError, NicError } from '../../../lib/errors.js';
import { createMemoryDriver, createMemoryFabric, createMemoryKernel, type MemoryOperation } from '../../../netlink/memory/index.js';

const mac = '52:54:00:12:34:56';
const pod = { kind: 'path', path: '/run/netns/pod' } as const;

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => error,
  );
}

describe('createMemoryDriver()', () => {
  it('lets a hook refuse an operation before its effect', async () => {
    const kernel = createMemoryKernel();
    const link = kernel.addLink(kernel.initial, { name: 'eth1', mac });
    const own = await createMemoryDriver(kernel).open({ kind: 'own' });
    const fault = new NetlinkError({ op: 'injected', errno: 'EBUSY' });
    kernel.onOperation = ({ kind }) => {
      if (kind === 'link.change') throw fault;
    };
    expect(await rejection(own.changeLink(link.index, { up: true }))).to.equal(fault);
    expect(link.up).to.equal(false);
  });

  it('lets a hook lose the answer after the effect', async () => {
    const kernel = createMemoryKernel();
    const link = kernel.addLink(kernel.initial, { name: 'eth1', mac });
    kernel.addNamespace(pod.path);
    const driver = createMemoryDriver(kernel);
    const own = await driver.open({ kind: 'own' });
    const target = await driver.open(pod);
    const fault = new Error('lost');
    kernel.afterOperation = ({ kind }) => {
      if (kind === 'link.move') throw fault;
    };
    expect(await rejection(own.moveLink(link.index, target, 'eth0'))).to.equal(fault);
    expect(kernel.findByMac(mac)?.namespace).to.equal(kernel.namespace(pod.path));
  });

  it('tells the hooks what is done and where', async () => {
    const kernel = createMemoryKernel();
    kernel.addNamespace(pod.path);
    const seen: MemoryOperation[] = [];
    kernel.onOperation = (operation) => {
      seen.push(operation);
    };
    const namespace = await createMemoryDriver(kernel).open(pod);
    await namespace.replaceRoute({ dst: '10.0.0.0/8', gateway: '192.0.2.1', linkIndex: 9, metric: 5 }).catch(() => undefined);
    expect(seen).to.deep.equal([
      { kind: 'namespace.open', namespace: pod.path, op: `namespace.open ${pod.path}` },
      { kind: 'route.replace', namespace: pod.path, op: 'route.replace 10.0.0.0/8 via 192.0.2.1 dev 9 metric 5' },
    ]);
  });

  it('keeps a namespace without name alive until handle and watches are closed', async () => {
    const kernel = createMemoryKernel();
    const fake = kernel.addNamespace(pod.path);
    const namespace = await createMemoryDriver(kernel).open(pod);
    const watch = await namespace.watchLinks();
    kernel.removeNamespace(pod.path);
    expect(fake.alive).to.equal(true);
    watch.close();
    expect(fake.alive).to.equal(true);
    namespace.close();
    namespace.close();
    expect(fake.alive).to.equal(false);
  });

  it('open() resolves "own" to the namespace of its user', async () => {
    const kernel = createMemoryKernel();
    const fake = kernel.addNamespace(pod.path);
    const namespace = await createMemoryDriver(kernel, { own: pod }).open({ kind: 'own' });
    expect(namespace.cookie).to.equal(fake.cookie);
  });

  it('handles of before a reboot are dead', async () => {
    const kernel = createMemoryKernel();
    const own = await createMemoryDriver(kernel).open({ kind: 'own' });
    kernel.reboot();
    const error = await rejection(own.listLinks());
    expect(error).to.be.instanceOf(NicError).with.property('code', 'ERR_NAMESPACE');
  });

  it('moveLink() refuses a namespace of another kernel', async () => {
    const own = await createMemoryDriver(createMemoryKernel()).open({ kind: 'own' });
    const other = await createMemoryDriver(createMemoryKernel()).open({ kind: 'own' });
    expect(await rejection(own.moveLink(1, other, 'eth0'))).to.be.instanceOf(TypeError);
  });

  it('announce() is recorded', async () => {
    const kernel = createMemoryKernel();
    const link = kernel.addLink(kernel.initial, { name: 'eth1', mac, up: true });
    const own = await createMemoryDriver(kernel).open({ kind: 'own' });
    await own.announce(link.index, '10.0.0.2');
    expect(kernel.initial.announcements).to.deep.equal([{ linkName: 'eth1', address: '10.0.0.2' }]);
  });
});

describe('createMemoryFabric()', () => {
  const subnet = { id: 'vxnet-a', cidr: '192.168.100.0/24', gateway: '192.168.100.1', networkId: 'rtr-1' };
  const nic = { id: mac, mac, address: '192.168.100.20', subnetId: 'vxnet-a' };

  it('plug() makes a card appear, down, and a watch see it', async () => {
    const kernel = createMemoryKernel();
    kernel.addLink(kernel.initial, { name: 'eth1' });
    const fabric = createMemoryFabric(kernel);
    await fabric.addSubnet(subnet);
    await fabric.addInstance('i-1', { kind: 'own' });
    const watch = await (await createMemoryDriver(kernel).open({ kind: 'own' })).watchLinks();
    const seen = watch.waitFor((links) => links.find((link) => link.mac === mac));
    await fabric.plug(nic, 'i-1');
    expect(await seen).to.include({ name: 'eth2', mac, permanentMac: mac, up: false, kind: undefined });
    watch.close();
  });

  it('unplug() takes the card out of whatever namespace it is in, twice', async () => {
    const kernel = createMemoryKernel();
    const fabric = createMemoryFabric(kernel);
    await fabric.addSubnet(subnet);
    await fabric.addInstance('i-1', { kind: 'own' });
    await fabric.plug(nic, 'i-1');
    await fabric.setAntiSpoofing(nic.id, true);
    const link = fabric.links.get(nic.id);
    if (link === undefined) throw new Error('not plugged');
    kernel.moveLink(link, kernel.addNamespace(pod.path), 'eth0', 'move');
    await fabric.unplug(nic.id);
    await fabric.unplug(nic.id);
    expect(kernel.findByMac(mac)).to.equal(undefined);
    expect([...fabric.filtered]).to.deep.equal([]);
  });

  it('plug() refuses what it does not know and what is plugged already', async () => {
    const kernel = createMemoryKernel();
    const fabric = createMemoryFabric(kernel, { kind: 'veth', nameOf: () => 'ens4' });
    await fabric.addSubnet(subnet);
    await fabric.addInstance('i-1', { kind: 'own' });
    expect(await rejection(fabric.plug(nic, 'i-2'))).to.have.property('code', 'ERR_NOT_FOUND');
    expect(await rejection(fabric.plug({ ...nic, subnetId: 'vxnet-b' }, 'i-1'))).to.have.property('code', 'ERR_NOT_FOUND');
    await fabric.plug(nic, 'i-1');
    expect(kernel.findByMac(mac)?.link).to.include({ name: 'ens4', kind: 'veth', permanentMac: undefined });
    expect(await rejection(fabric.plug(nic, 'i-1'))).to.have.property('code', 'ERR_STATE');
    await fabric.close();
    expect(kernel.findByMac(mac)).to.equal(undefined);
  });
});
