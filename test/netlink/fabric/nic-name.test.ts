import { expect } from 'chai';
import { freeNicName, namesOf, returningNicName } from '../../../netlink/fabric/nic-name.js';

describe('freeNicName()', () => {
  it('gives the first number that neither name nor alternative name has', () => {
    const taken = namesOf([
      { name: 'lo', altNames: [] },
      { name: 'eth0', altNames: ['eth1'] },
      { name: 'eth3', altNames: [] },
    ]);
    expect(freeNicName(taken)).to.equal('eth2');
    expect(freeNicName(new Set())).to.equal('eth0');
  });
});

describe('returningNicName()', () => {
  it('keeps the name where it is free, then takes dev and the index, then dev and a free number', () => {
    const before = { name: 'net1', index: 7 };
    expect(returningNicName(new Set(['eth0']), before)).to.equal('net1');
    expect(returningNicName(new Set(['net1']), before)).to.equal('dev7');
    expect(returningNicName(new Set(['net1', 'dev7', 'dev0']), before)).to.equal('dev1');
  });
});
