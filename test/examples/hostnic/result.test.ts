import { expect } from 'chai';
import { requireKnownAttachment, toKnownAttachment, toResult } from '../../../examples/hostnic/result.js';
import type { Attachment } from '../../../lib/attachment/index.js';
import { CniError, type Result } from '../../../lib/cni/index.js';

const attachment: Attachment = {
  key: { network: 'hostnic', containerId: 'c1', ifname: 'eth0' },
  nicId: '52:54:00:00:00:01',
  subnetId: 'vxnet-a',
  mac: '52:54:00:00:00:01',
  mtu: 1500,
  addresses: [{ address: '192.168.100.20/24', gateway: '192.168.100.1' }],
  routes: [{ dst: '0.0.0.0/0', gateway: '192.168.100.1' }, { dst: '10.0.0.0/8' }],
};

const earlier: Result = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'br0' }, { name: 'net1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/c1' }],
  ips: [{ interface: 1, address: '10.5.0.2/16', gateway: '10.5.0.1' }],
  routes: [{ dst: '10.5.0.0/16', gw: '10.5.0.1' }],
  dns: { nameservers: ['192.0.2.1'] },
};

describe('toResult()', () => {
  it('gives interface, address and routes of the attachment', () => {
    expect(toResult(attachment, { sandbox: '/run/netns/c1', previous: undefined, dns: undefined })).to.deep.equal({
      cniVersion: '1.1.0',
      interfaces: [{ name: 'eth0', mac: '52:54:00:00:00:01', mtu: 1500, sandbox: '/run/netns/c1' }],
      ips: [{ interface: 0, address: '192.168.100.20/24', gateway: '192.168.100.1' }],
      routes: [{ dst: '0.0.0.0/0', gw: '192.168.100.1' }, { dst: '10.0.0.0/8' }],
    });
  });

  it('adds to what earlier plugins made, with the index of the own interface behind theirs', () => {
    const result = toResult(attachment, { sandbox: '/run/netns/c1', previous: earlier, dns: undefined });
    expect(result.interfaces.map(({ name }) => name)).to.deep.equal(['br0', 'net1', 'eth0']);
    expect(result.ips).to.deep.equal([...earlier.ips, { interface: 2, address: '192.168.100.20/24', gateway: '192.168.100.1' }]);
    expect(result.routes).to.have.length(3);
    expect(result.dns).to.deep.equal({ nameservers: ['192.0.2.1'] });
  });

  it('prefers wished name servers to those of earlier plugins', () => {
    const result = toResult(attachment, { sandbox: '/run/netns/c1', previous: earlier, dns: { nameservers: ['192.0.2.53'] } });
    expect(result.dns).to.deep.equal({ nameservers: ['192.0.2.53'] });
  });
});

describe('toKnownAttachment()', () => {
  it('reads back what toResult() wrote', () => {
    const result = toResult(attachment, { sandbox: '/run/netns/c1', previous: earlier, dns: undefined });
    expect(toKnownAttachment(result, 'eth0')).to.deep.equal({
      mac: '52:54:00:00:00:01',
      addresses: ['192.168.100.20/24'],
      routes: [{ dst: '0.0.0.0/0', gateway: '192.168.100.1' }],
    });
  });

  it('leaves out addresses and routes of other interfaces', () => {
    const result = toResult(attachment, { sandbox: '/run/netns/c1', previous: earlier, dns: undefined });
    expect(toKnownAttachment(result, 'net1')).to.deep.equal({
      mac: '02:00:00:00:00:01',
      addresses: ['10.5.0.2/16'],
      routes: [{ dst: '10.5.0.0/16', gateway: '10.5.0.1' }],
    });
  });

  it('writes hardware addresses in lower case, as the kernel does', () => {
    const result: Result = { ...earlier, interfaces: [{ name: 'eth0', mac: '52:54:00:AB:CD:EF', sandbox: '/x' }], ips: [], routes: [] };
    expect(toKnownAttachment(result, 'eth0')?.mac).to.equal('52:54:00:ab:cd:ef');
  });

  it('takes all addresses of a result without interfaces, as versions before 0.3.0 have them', () => {
    const result: Result = { cniVersion: '1.1.0', interfaces: [], ips: [{ address: '192.168.100.20/24' }], routes: [] };
    expect(toKnownAttachment(result, 'eth0')).to.deep.equal({ addresses: ['192.168.100.20/24'], routes: [] });
  });

  it('knows nothing of an interface that the result does not name, or names on the host only', () => {
    expect(toKnownAttachment(earlier, 'eth0')).to.equal(undefined);
    expect(toKnownAttachment(earlier, 'br0')).to.equal(undefined);
    expect(toKnownAttachment(undefined, 'eth0')).to.equal(undefined);
  });
});

describe('requireKnownAttachment()', () => {
  for (const [name, result, says] of [
    ['no prevResult', undefined, /CHECK needs prevResult/],
    ['a prevResult of other interfaces', earlier, /prevResult names no interface eth0/],
  ] as const) {
    it(`refuses ${name} with code 7`, () => {
      expect(() => requireKnownAttachment(result, 'eth0'))
        .to.throw(CniError, says)
        .with.property('cniCode', 7);
    });
  }
});
