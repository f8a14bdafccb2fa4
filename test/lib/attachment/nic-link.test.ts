import { expect } from 'chai';
import { findNicLink } from '../../../lib/attachment/nic-link.js';
import type { Link } from '../../../lib/driver.js';
import { isNicError } from '../../../lib/errors.js';

const MAC = '52:54:00:00:00:01';

function link(patch: Partial<Link>): Link {
  return {
    index: 2,
    name: 'eth1',
    altNames: [],
    mac: MAC,
    permanentMac: undefined,
    mtu: 1500,
    up: false,
    carrier: false,
    loopback: false,
    kind: undefined,
    masterIndex: undefined,
    lowerIndex: undefined,
    ...patch,
  };
}

describe('findNicLink()', () => {
  it('finds a card by its address, in either letter case', () => {
    expect(findNicLink([link({ name: 'lo', mac: '00:00:00:00:00:00', loopback: true }), link({})], MAC.toUpperCase())?.name).to.equal(
      'eth1',
    );
    expect(findNicLink([link({ mac: '52:54:00:00:00:02' })], MAC)).to.equal(undefined);
  });

  it('finds the veth of an emulated cloud', () => {
    expect(findNicLink([link({ kind: 'veth' })], MAC)?.name).to.equal('eth1');
  });

  for (const kind of ['vlan', 'macvlan', 'macvtap', 'ipvlan', 'bridge', 'bond', 'team', 'vxlan', 'dummy', 'ifb', 'tun']) {
    it(`passes over a ${kind} with the same address`, () => {
      expect(findNicLink([link({ name: 'stacked', kind }), link({ index: 3 })], MAC)?.name).to.equal('eth1');
      expect(findNicLink([link({ name: 'stacked', kind })], MAC)).to.equal(undefined);
    });
  }

  it('passes over a link that is enslaved, which carries the address of its bond', () => {
    expect(findNicLink([link({ name: 'slave', masterIndex: 9 }), link({})], MAC)?.name).to.equal('eth1');
  });

  it('goes by the permanent address when somebody has copied the present one', () => {
    const card = link({ name: 'card', permanentMac: MAC, mac: '02:00:00:00:00:09' });
    expect(findNicLink([link({ name: 'copy' }), card], MAC)?.name).to.equal('card');
  });

  it('does not guess between two', () => {
    const both = [link({ name: 'eth1' }), link({ name: 'eth2' })];
    expect(() => findNicLink(both, MAC))
      .to.throw(/eth1 and eth2/)
      .that.satisfies((error: unknown) => isNicError(error, 'ERR_LINK'));
  });
});
