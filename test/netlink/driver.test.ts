import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { NamespaceRef, NetworkNamespace } from '../../lib/driver.js';
import { describeDriver } from '../../lib/testing/index.js';
import { createNetlinkDriver } from '../../netlink/driver.js';
import { createMemoryDriver, createMemoryKernel } from '../../netlink/memory/index.js';
import { openRtnetlink } from '../../netlink/rtnetlink.js';
import { IFA_F, NUD } from '../../netlink/wire/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkDriverBed, type NetlinkDriverBed } from '../support/netlink-driver-bed.js';

const mac = '52:54:00:00:00:0a';

describe('createNetlinkDriver()', () => {
  before(function () {
    requireLive(this);
  });

  describeDriver({ name: 'netlink', describe, it, setup: createNetlinkDriverBed });

  describe('on the real kernel', () => {
    let bed: NetlinkDriverBed;
    let ref: NamespaceRef;
    let namespace: NetworkNamespace;
    let index: number;

    beforeEach(async () => {
      bed = await createNetlinkDriverBed();
      ref = await bed.createNamespace();
      await bed.plug(ref, { name: 'eth1', mac });
      namespace = await bed.driver.open(ref);
      index = (await namespace.listLinks()).find((link) => link.mac === mac)?.index ?? 0;
    });

    afterEach(async () => {
      namespace.close();
      await bed.teardown();
    });

    it('addAddress() adds IPv6 addresses that can be used at once', async () => {
      await namespace.changeLink(index, { up: true });
      await namespace.addAddress(index, 'fd00::2/64');
      using rtnetlink = openRtnetlink(bed.handleOf(ref));
      const [added] = (await rtnetlink.address.list({ linkIndex: index, family: 6 })).filter((one) => one.address === 'fd00::2');
      expect((added?.flags ?? 0) & IFA_F.NODAD).to.equal(IFA_F.NODAD);
      expect((added?.flags ?? 0) & IFA_F.TENTATIVE).to.equal(0);
    });

    it('addAddress() refuses an IPv6 address that is there with another prefix length', async () => {
      await namespace.addAddress(index, 'fd00::2/64');
      const error: unknown = await namespace.addAddress(index, 'fd00::2/96').catch((reason: unknown) => reason);
      expect(error).to.have.property('errno', 'EEXIST');
    });

    it('listRoutes() gives one entry for each next hop', async () => {
      await namespace.changeLink(index, { up: true });
      await namespace.addAddress(index, '192.168.100.20/24');
      using rtnetlink = openRtnetlink(bed.handleOf(ref));
      const nextHops = ['192.168.100.1', '192.168.100.2'].map((gateway) => ({ linkIndex: index, gateway }));
      await rtnetlink.route.add({ dst: '10.0.0.0/8', nextHops });
      const hops = (await namespace.listRoutes()).filter((route) => route.dst === '10.0.0.0/8');
      expect(hops.map((route) => route.gateway).sort()).to.deep.equal(['192.168.100.1', '192.168.100.2']);
      expect(new Set(hops.map((route) => route.linkIndex))).to.deep.equal(new Set([index]));
    });

    it('announce() changes what a neighbour believes', async () => {
      await namespace.changeLink(index, { up: true });
      await namespace.addAddress(index, '192.168.100.20/24');
      using far = openRtnetlink(bed.far);
      const { index: farIndex } = await far.link.get({ name: 'far1' });
      await far.address.add({ linkIndex: farIndex, address: '192.168.100.1/24' });
      await far.neighbour.replace({ linkIndex: farIndex, address: '192.168.100.20', mac: '02:00:00:00:00:99', state: NUD.STALE });
      await namespace.announce(index, '192.168.100.20');
      const look = async (): Promise<string | undefined> =>
        (await far.neighbour.list({ linkIndex: farIndex })).find((entry) => entry.address === '192.168.100.20')?.mac;
      // The kernel may hand the frame over a little later when it is busy.
      for (let tries = 0; tries < 1000 && (await look()) !== mac; tries++) await new Promise((resolve) => setImmediate(resolve));
      expect(await look()).to.equal(mac);
    });

    it('moves many links at once between two namespaces', async () => {
      const target = await bed.driver.open(await bed.createNamespace());
      const more = Array.from({ length: 12 }, (_, n) => ({ name: `many${n}`, mac: `52:54:00:00:03:${n.toString(16).padStart(2, '0')}` }));
      for (const link of more) await bed.plug(ref, link);
      const links = (await namespace.listLinks()).filter((link) => link.name.startsWith('many'));
      const moved = await Promise.all(links.map((link) => namespace.moveLink(link.index, target, `pod${link.mac.slice(-2)}`)));
      expect(moved.map((link) => `${link.name} ${link.mac}`)).to.deep.equal(links.map((link) => `pod${link.mac.slice(-2)} ${link.mac}`));
      expect((await target.listLinks()).filter((link) => !link.loopback)).to.have.length(12);
      target.close();
    });

    it('leaves no descriptor when everything is closed', async () => {
      const count = (): number => readdirSync('/proc/self/fd').length;
      const before = count();
      for (let n = 0; n < 20; n++) {
        const again = await bed.driver.open(ref);
        const watch = await again.watchLinks();
        await again.readSysctl('ipv4/ip_forward');
        if (n % 2 === 0) watch.close();
        again.close();
      }
      expect(count()).to.equal(before);
    });

    it('moveLink() refuses a namespace of another driver', async () => {
      const foreign = await createMemoryDriver(createMemoryKernel()).open({ kind: 'own' });
      const error: unknown = await namespace.moveLink(index, foreign, 'eth0').catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(TypeError);
    });

    it('moveLink() takes a namespace that another instance of the driver opened', async () => {
      const target = await createNetlinkDriver().open(await bed.createNamespace());
      expect((await namespace.moveLink(index, target, 'eth0')).mac).to.equal(mac);
      target.close();
    });
  });
});
