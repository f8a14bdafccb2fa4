import { expect } from 'chai';
import {
  attachmentId,
  gatewayId,
  gatewayName,
  idInName,
  isId,
  isNicName,
  nicName,
  nicPrefix,
  originalName,
} from '../../../lib/attachment/names.js';

const key = { network: 'pods', containerId: 'c1', ifname: 'eth0' };

describe('names', () => {
  it('never change: records and NICs of earlier releases are found by them', () => {
    // Made with coreutils: printf '["attachment","pods","c1","eth0"]' | sha256sum | xxd -r -p | base32 | tr A-Z a-z | cut -c1-20
    expect(attachmentId(key)).to.equal('rbpmdbpcqojwhgxejmul');
    expect(nicPrefix('i-1', 'pods')).to.equal('hostnic-pzgjmm7yvfe-');
    expect(nicName('i-1', key)).to.equal('hostnic-pzgjmm7yvfe-rbpmdbpcqojwhgxejmul');
    expect(gatewayName('i-1', 'net-1')).to.equal('hostnic-g7spwwnrb6x-mzmwrcrecajkwrdftjzc');
  });

  it('have one length whatever they are made of', () => {
    for (const containerId of ['', 'c', 'c'.repeat(5000), '../../etc/passwd', '\u0000\ud83d\ude00']) {
      const name = nicName('i-1', { ...key, containerId });
      expect(name).to.match(/^hostnic-p[a-z2-7]{10}-[a-z2-7]{20}$/);
      expect(isNicName(name)).to.equal(true);
      expect(isId(attachmentId({ ...key, containerId }))).to.equal(true);
    }
  });

  it('differ for everything they are a function of', () => {
    const names = [
      nicName('i-1', key),
      nicName('i-2', key),
      nicName('i-1', { ...key, network: 'others' }),
      nicName('i-1', { ...key, containerId: 'c2' }),
      nicName('i-1', { ...key, ifname: 'eth1' }),
      nicName('i-1', { network: 'pod', containerId: 'sc1', ifname: 'eth0' }),
      gatewayName('i-1', 'net-1'),
      gatewayName('i-1', 'net-2'),
      gatewayName('i-2', 'net-1'),
      originalName('i-1'),
    ];
    expect(new Set(names).size).to.equal(names.length);
    expect(gatewayId('net-1')).not.to.equal(gatewayId('net-2'));
  });

  it('tell the attachment of a NIC by the prefix of instance and network only', () => {
    const name = nicName('i-1', key);
    expect(idInName(name, nicPrefix('i-1', 'pods'))).to.equal(attachmentId(key));
    expect(idInName(name, nicPrefix('i-1', 'others'))).to.equal(undefined);
    expect(idInName(name, nicPrefix('i-2', 'pods'))).to.equal(undefined);
    expect(idInName(`${name}x`, nicPrefix('i-1', 'pods'))).to.equal(undefined);
    expect(isNicName('hostnic_i-1')).to.equal(false);
    expect(isNicName(gatewayName('i-1', 'net-1'))).to.equal(false);
    expect(isId('../../../etc/passwd')).to.equal(false);
  });
});
