import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { type AddressEvent, type AddressMonitor, addressKind, openAddressMonitor } from '../../netlink/address-monitor.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { type AddressMessage, IFA_F } from '../../netlink/wire/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';
import { seededRandom } from '../support/random.js';

const text = (event: AddressEvent): string => {
  if (event.kind === 'resync') return event.kind;
  const { address, prefix, label } = event.address;
  return [event.kind, `${address}/${prefix}`, ...(label === undefined ? [] : [label])].join(' ');
};
const has =
  (wanted: string) =>
  (addresses: readonly AddressMessage[]): AddressMessage | undefined =>
    addresses.find(({ address, prefix }) => `${address}/${prefix}` === wanted);

describe('addressKind', () => {
  it('sees no change in time that passes, and one in a lifetime that is set anew', () => {
    const address = (validSeconds: number, updatedAt: number): AddressMessage => ({
      family: 2,
      prefix: 24,
      linkIndex: 2,
      local: '192.0.2.1',
      address: '192.0.2.1',
      lifetime: { validSeconds, preferredSeconds: validSeconds, createdAt: 5, updatedAt },
    });
    expect(addressKind.isSame(address(600, 5), address(599, 5))).to.equal(true);
    expect(addressKind.isSame(address(600, 5), address(600, 6))).to.equal(false);
    expect(addressKind.isSame(address(0xffff_ffff, 5), address(600, 5))).to.equal(false);
  });
});

describe('openAddressMonitor()', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let monitor: AddressMonitor | undefined;
  let index: number;

  before(function () {
    requireLive(this, ['ip']);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    rtnetlink = await lab.open('watched');
    await rtnetlink.link.add({ kind: 'ifb', name: 'eth0' });
    ({ index } = await rtnetlink.link.get({ name: 'eth0' }));
    monitor = undefined;
  });
  afterEach(() => {
    monitor?.close();
    lab?.close();
  });

  it('begins with what is there, and tells of every change once and in order', async () => {
    await rtnetlink.address.add({ linkIndex: index, address: '192.0.2.1/24' });
    monitor = await openAddressMonitor(rtnetlink);
    expect(monitor.addresses().map(({ local, linkIndex }) => [local, linkIndex])).to.deep.equal([['192.0.2.1', index]]);
    const events: string[] = [];
    monitor.subscribe((event) => events.push(text(event)));
    await rtnetlink.link.set(index, { up: true });
    await rtnetlink.address.add({ linkIndex: index, address: '192.0.2.2/24' });
    await rtnetlink.address.add({ linkIndex: index, address: '2001:db8::1/64', flags: IFA_F.NODAD });
    await monitor.waitFor(has('2001:db8::1/64'));
    await rtnetlink.address.add({ linkIndex: index, address: '198.51.100.1/32', peer: '198.51.100.9', label: 'eth0:x' });
    await rtnetlink.address.replace({
      linkIndex: index,
      address: '2001:db8::1/64',
      flags: IFA_F.NODAD,
      validSeconds: 600,
      preferredSeconds: 300,
    });
    // The second takes the rank of the first, where the kernel is told to let it.
    lab.run(rtnetlink.namespace, 'sysctl', '-q', '-w', 'net/ipv4/conf/eth0/promote_secondaries=1');
    await rtnetlink.address.delete(index, '192.0.2.1/24');
    await rtnetlink.link.set(index, { up: false, name: 'nic0' });
    await rtnetlink.link.delete({ index });
    expect(await monitor.waitFor((addresses) => (addresses.length === 0 ? true : undefined))).to.equal(true);
    // The kernel tells of IPv6 addresses from a work queue of its own (addrconf_dad_work, net/ipv6/addrconf.c), so only each family has an order.
    expect(events.filter((event) => event.includes(':db8:'))).to.deep.equal([
      'added 2001:db8::1/64',
      'changed 2001:db8::1/64',
      'removed 2001:db8::1/64',
    ]);
    expect(events.filter((event) => event.includes(' eth0') || event.includes(' nic0'))).to.deep.equal([
      'added 192.0.2.2/24 eth0',
      'added 198.51.100.9/32 eth0:x',
      'removed 192.0.2.1/24 eth0',
      'changed 192.0.2.2/24 eth0',
      // The kernel gives the first in its list the name alone, and the others a suffix (inetdev_changename, net/ipv4/devinet.c).
      'changed 198.51.100.9/32 nic0',
      'changed 192.0.2.2/24 nic0:2',
      'removed 198.51.100.9/32 nic0',
      'removed 192.0.2.2/24 nic0:2',
    ]);
  });

  it('agrees with a listing whenever random changes come to rest, and so do its events', async function () {
    this.timeout(120_000);
    const random = seededRandom();
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)] as T;
    monitor = await openAddressMonitor(rtnetlink);
    const told = new Map(monitor.addresses().map((address) => [addressKind.keyOf(address), address]));
    monitor.subscribe((event) => {
      if (event.kind === 'resync') return;
      const known = told.get(addressKind.keyOf(event.address));
      expect(known !== undefined, `${random.label} ${text(event)}`).to.equal(event.kind !== 'added');
      if (event.kind === 'removed') told.delete(addressKind.keyOf(event.address));
      else told.set(addressKind.keyOf(event.address), event.address);
    });
    const other = await lab.open('other');
    await rtnetlink.link.add({ kind: 'veth', name: 'v0', peer: { name: 'v1', namespace: other.namespace } });
    await other.link.set((await other.link.get({ name: 'v1' })).index, { up: true });
    const second = (await rtnetlink.link.get({ name: 'v0' })).index;
    const addresses = ['10.0.0.1/24', '10.0.0.2/24', '10.0.1.1/32', 'fd00::1/64', 'fd00::2/64'];
    const state = (all: Iterable<AddressMessage>): string =>
      [...all]
        .map((one) => `${addressKind.keyOf(one)} ${one.flags} ${one.label}`)
        .sort()
        .join('\n');
    for (let round = 0; round < 40; round++) {
      for (let n = 0; n < 6; n++) {
        const linkIndex = pick([index, second]);
        const address = pick(addresses);
        const change = pick([
          () => rtnetlink.address.add({ linkIndex, address }),
          () => rtnetlink.address.add({ linkIndex, address, flags: IFA_F.NODAD }),
          () => rtnetlink.address.replace({ linkIndex, address, validSeconds: 900, preferredSeconds: 800 }),
          () => rtnetlink.address.delete(linkIndex, address),
          () => rtnetlink.link.set(linkIndex, { up: random.next() < 0.5 }),
        ]);
        await change().catch((error: unknown) => expect(isNicError(error, 'ERR_NETLINK'), String(error)).to.equal(true));
      }
      // Duplicate detection goes on by itself.
      let listed = '';
      for (let tries = 0; tries < 400 && listed !== state(monitor.addresses()); tries++) {
        listed = state(await rtnetlink.address.list());
        await monitor
          .waitFor((all) => (state(all) === listed ? true : undefined), { signal: AbortSignal.timeout(50) })
          .catch(() => undefined);
      }
      expect(state(monitor.addresses()), `${random.label} round ${round}`).to.equal(listed);
      expect(state(told.values()), `${random.label} round ${round}`).to.equal(listed);
    }
  });

  it('ends with its signal and when it is closed', async () => {
    const error = await rejection(openAddressMonitor(rtnetlink, { signal: AbortSignal.abort() }));
    expect(isNicError(error, 'ERR_CANCELLED')).to.equal(true);
    monitor = await openAddressMonitor(rtnetlink);
    const waiting = rejection(monitor.waitFor(has('192.0.2.1/24')));
    const events = monitor.events();
    monitor.close();
    expect(isNicError(await waiting, 'ERR_CANCELLED')).to.equal(true);
    expect((await events.next()).done).to.equal(true);
  });
});
