import { expect } from 'chai';
import { parseCidr } from '../../../../lib/address.js';
import {
  addressAt,
  countFree,
  hostRange,
  pickAddresses,
  refuseAddress,
  toNumber,
} from '../../../../providers/qingcloud/emulator/address-pool.js';
import type { EmulatedNic, EmulatedVxnet } from '../../../../providers/qingcloud/emulator/model.js';

const vxnet: EmulatedVxnet = {
  id: 'vxnet-a',
  name: '',
  type: 1,
  routerId: 'rtr-a',
  cidr: '10.1.2.0/29',
  managerIp: '10.1.2.1',
  dynRange: { start: '10.1.2.1', end: '10.1.2.5' },
  createdAt: 0,
};

function nicAt(address: string, vxnetId = 'vxnet-a'): EmulatedNic {
  return {
    id: '52:54:00:00:00:01',
    name: '',
    vxnetId,
    address,
    status: 'available',
    instanceId: undefined,
    role: 0,
    sequence: 0,
    antiSpoofing: true,
    transition: undefined,
    plugged: false,
    createdAt: 0,
    statusAt: 0,
  };
}

function rangeOf(text: string): { first: number; last: number } {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`${text} is no range`);
  return hostRange(cidr);
}

describe('hostRange()', () => {
  it('leaves out the network and the broadcast address', () => {
    expect(rangeOf('255.255.255.0/24')).to.deep.equal({ first: 0xffffff01, last: 0xfffffffe });
    expect(rangeOf('10.1.2.0/29')).to.deep.equal({ first: toNumber('10.1.2.1'), last: toNumber('10.1.2.6') });
  });

  it('is where addressAt() counts from', () => {
    const cidr = parseCidr('10.0.255.0/24');
    if (cidr === undefined) expect.fail('no range');
    expect(addressAt(cidr, 253)).to.equal('10.0.255.254');
  });
});

describe('countFree()', () => {
  it('leaves out the router and what NICs of this vxnet have, and stays in the DHCP range', () => {
    expect(countFree(vxnet, [nicAt('10.1.2.3'), nicAt('10.1.2.6'), nicAt('10.1.2.4', 'vxnet-b'), nicAt('')])).to.equal(3);
    expect(countFree({ ...vxnet, dynRange: undefined }, [])).to.equal(5);
  });
});

describe('pickAddresses()', () => {
  const nics = [nicAt('10.1.2.3'), nicAt('10.1.2.4', 'vxnet-b'), nicAt('')];
  const never = (): number => {
    throw new Error('no random number is needed');
  };

  it('gives the lowest free addresses', () => {
    expect(pickAddresses(vxnet, nics, 2, 'lowest', never)).to.deep.equal(['10.1.2.2', '10.1.2.4']);
  });

  it('gives the highest free addresses', () => {
    expect(pickAddresses(vxnet, nics, 2, 'highest', never)).to.deep.equal(['10.1.2.5', '10.1.2.4']);
  });

  it('gives all there are when more are wanted', () => {
    for (const order of ['lowest', 'highest', 'random'] as const) {
      expect(pickAddresses(vxnet, nics, 9, order, () => 0.5).sort(), order).to.deep.equal(['10.1.2.2', '10.1.2.4', '10.1.2.5']);
    }
    expect(pickAddresses(vxnet, nics, 0, 'lowest', never)).to.deep.equal([]);
  });

  it('gives the address that a random number falls on, or the next one that is free, in a circle', () => {
    const numbers = [0.5, 0.99, 0.99];
    expect(pickAddresses(vxnet, nics, 3, 'random', () => numbers.shift() ?? 0)).to.deep.equal(['10.1.2.4', '10.1.2.5', '10.1.2.2']);
  });

  it('takes the whole range where DHCP is off', () => {
    expect(pickAddresses({ ...vxnet, dynRange: undefined }, [], 9, 'lowest', never)).to.deep.equal([
      '10.1.2.2',
      '10.1.2.3',
      '10.1.2.4',
      '10.1.2.5',
      '10.1.2.6',
    ]);
  });
});

describe('refuseAddress()', () => {
  const cases = [
    { address: '10.1.2.6', refusal: undefined },
    { address: '10.1.2.3', refusal: 'taken' },
    { address: '10.1.2.1', refusal: 'taken' },
    { address: '10.1.2.0', refusal: 'outside' },
    { address: '10.1.2.7', refusal: 'outside' },
    { address: '10.1.3.2', refusal: 'outside' },
    { address: 'fd00::1', refusal: 'outside' },
    { address: 'x', refusal: 'outside' },
  ];
  for (const { address, refusal } of cases) {
    it(`says ${String(refusal)} of ${address}`, () => expect(refuseAddress(vxnet, [nicAt('10.1.2.3')], address)).to.equal(refusal));
  }
});
