import { expect } from 'chai';
import { requireCidr, requireIp, requireLinkName, requireRoute, requireSysctlName } from '../../netlink/argument.js';

describe('requireLinkName()', () => {
  it('takes what the kernel takes as it stands', () => {
    for (const name of ['eth0', 'a', 'fifteen-bytes-x', 'eth0.100', 'größe', '-', '...']) expect(requireLinkName(name)).to.equal(name);
  });

  it('refuses everything else', () => {
    for (const name of ['', '.', '..', 'a/b', 'a:b', 'a b', 'a\tb', 'a\0', 'eth%d', 'sixteen-bytes-xx', 'ungefähr-größe']) {
      expect(() => requireLinkName(name), JSON.stringify(name)).to.throw(RangeError);
    }
  });
});

describe('requireSysctlName()', () => {
  it('takes names below net', () => {
    for (const name of ['ipv4/ip_forward', 'ipv4/conf/eth0.100/rp_filter', 'core/somaxconn'])
      expect(requireSysctlName(name)).to.equal(name);
  });

  it('refuses what leads elsewhere', () => {
    for (const name of ['', '/ipv4', 'ipv4/', 'ipv4//x', '../kernel/hostname', 'ipv4/../../kernel/hostname', 'ipv4/./x', 'ipv4/\0']) {
      expect(() => requireSysctlName(name), JSON.stringify(name)).to.throw(RangeError);
    }
  });
});

describe('requireCidr(), requireIp()', () => {
  it('say what they did not take', () => {
    expect(() => requireCidr('10.0.0.1')).to.throw(RangeError, '"10.0.0.1" is no address with prefix length');
    expect(() => requireIp('10.0.0.1/24')).to.throw(RangeError, '"10.0.0.1/24" is no address');
  });
});

describe('requireRoute()', () => {
  it('reads destination and next hop', () => {
    const { dst, gateway } = requireRoute({ dst: '10.0.0.0/8', gateway: '192.0.2.1', linkIndex: 1 });
    expect([...dst.bytes, dst.prefix]).to.deep.equal([10, 0, 0, 0, 8]);
    expect([...(gateway?.bytes ?? [])]).to.deep.equal([192, 0, 2, 1]);
    expect(requireRoute({ dst: '::/0', linkIndex: 1 }).gateway).to.equal(undefined);
  });

  it('refuses host bits and mixed families', () => {
    expect(() => requireRoute({ dst: '10.0.0.1/8', linkIndex: 1 })).to.throw(RangeError, 'host bits');
    expect(() => requireRoute({ dst: 'fd00::1/64', linkIndex: 1 })).to.throw(RangeError, 'host bits');
    expect(() => requireRoute({ dst: '::/0', gateway: '192.0.2.1', linkIndex: 1 })).to.throw(RangeError, 'another address family');
  });
});
