import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { readSysctl, writeSysctl } from '../../netlink/sysctl.js';
import { requireLive } from '../support/live.js';
import { countDescriptors, createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';

describe('readSysctl() and writeSysctl()', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;

  before(function () {
    requireLive(this);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    rtnetlink = await lab.open('here');
  });
  afterEach(() => lab?.close());

  it('reach the namespace they are given and no other', async () => {
    const own = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
    const other = await lab.open('there');
    await writeSysctl(rtnetlink.namespace, 'ipv4/ip_forward', '1');
    expect(await readSysctl(rtnetlink.namespace, 'ipv4/ip_forward')).to.equal('1');
    await writeSysctl(rtnetlink.namespace, 'ipv4/ip_forward', '0');
    expect(await readSysctl(rtnetlink.namespace, 'ipv4/ip_forward')).to.equal('0');
    await writeSysctl(other.namespace, 'ipv4/ip_forward', '1');
    expect(await readSysctl(rtnetlink.namespace, 'ipv4/ip_forward')).to.equal('0');
    expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8')).to.equal(own);
  });

  it('take settings of a link, also of one with a dot in its name, and values of several numbers', async () => {
    await rtnetlink.link.add({ kind: 'ifb', name: 'eth0.100' });
    await writeSysctl(rtnetlink.namespace, 'ipv4/conf/eth0.100/rp_filter', '2');
    expect(await readSysctl(rtnetlink.namespace, 'ipv4/conf/eth0.100/rp_filter')).to.equal('2');
    await writeSysctl(rtnetlink.namespace, 'ipv4/ip_local_port_range', '1025 60000');
    expect(await readSysctl(rtnetlink.namespace, 'ipv4/ip_local_port_range')).to.equal('1025\t60000');
  });

  it('tell a setting that does not exist from one that cannot be written, and leave no descriptor', async () => {
    const before = countDescriptors();
    expect(await readSysctl(rtnetlink.namespace, 'ipv4/conf/none/rp_filter')).to.equal(undefined);
    expect(String(await rejection(writeSysctl(rtnetlink.namespace, 'ipv4/conf/none/rp_filter', '1')))).to.contain('ENOENT');
    const refused = await rejection(writeSysctl(rtnetlink.namespace, 'ipv4/ip_forward', 'perhaps'));
    expect(isNicError(refused, 'ERR_IO')).to.equal(true);
    expect(String(refused)).to.contain('write sysctl net/ipv4/ip_forward of here: EINVAL');
    expect(countDescriptors()).to.equal(before);
  });

  it('refuse names that lead elsewhere', async () => {
    for (const name of [
      '../kernel/hostname',
      'ipv4/../../kernel/hostname',
      '/proc/sys/net/ipv4/ip_forward',
      '',
      'ipv4//ip_forward',
      'ipv4/.',
      'a\0b',
    ]) {
      expect(await rejection(readSysctl(rtnetlink.namespace, name)), name).to.be.instanceOf(RangeError);
      expect(await rejection(writeSysctl(rtnetlink.namespace, name, '1')), name).to.be.instanceOf(RangeError);
    }
  });
});
