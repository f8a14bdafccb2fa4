import { expect } from 'chai';
import { parseCidr } from '../../../../lib/address.js';
import {
  addressAt,
  freeAddresses,
  hostRange,
  orderAddresses,
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

describe('freeAddresses()', () => {
  it('leaves out the router and what NICs of this vxnet have, and stays in the DHCP range', () => {
    const nics = [nicAt('10.1.2.3'), nicAt('10.1.2.4', 'vxnet-b'), nicAt('')];
    expect(freeAddresses(vxnet, nics)).to.deep.equal(['10.1.2.2', '10.1.2.4', '10.1.2.5']);
  });

  it('takes the whole range where DHCP is off', () => {
    expect(freeAddresses({ ...vxnet, dynRange: undefined }, [])).to.deep.equal([
      '10.1.2.2',
      '10.1.2.3',
      '10.1.2.4',
      '10.1.2.5',
      '10.1.2.6',
    ]);
  });
});

describe('orderAddresses()', () => {
  const free = ['a', 'b', 'c'];
  it('hands out the lowest or the highest first', () => {
    expect(orderAddresses(free, 'lowest', Math.random)).to.deep.equal(['a', 'b', 'c']);
    expect(orderAddresses(free, 'highest', Math.random)).to.deep.equal(['c', 'b', 'a']);
  });

  it('hands them out in an order that the random numbers give, each once', () => {
    const numbers = [0.5, 0.9, 0];
    expect(orderAddresses(free, 'random', () => numbers.shift() ?? 0)).to.deep.equal(['b', 'c', 'a']);
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
