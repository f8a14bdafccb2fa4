import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AttachRequest, createAttachmentEngine, createFileHostStore, createFileStore } from '../../../lib/attachment/index.js';
import type { Link, NamespaceRef } from '../../../lib/driver.js';
import type { NicProvider } from '../../../lib/provider.js';
import { fileLocker } from '../../../netlink/index.js';
import { keyOf } from '../../support/attachment-bed.js';
import { requireLive } from '../../support/live.js';
import { LIVE_VXNET, type LiveAttachmentBed, openLiveAttachmentBed } from '../../support/live-attachment-bed.js';

const timing = (): { readonly deadline: number } => ({ deadline: Date.now() + 60_000 });

describe('on a real kernel', function () {
  this.timeout(120_000);
  let bed: LiveAttachmentBed;

  before(function () {
    requireLive(this);
  });
  beforeEach(async () => {
    bed = await openLiveAttachmentBed(50);
  });
  afterEach(() => bed?.close());

  const request = (name: string, namespace: NamespaceRef, patch: Partial<AttachRequest> = {}): AttachRequest => ({
    key: keyOf(name),
    namespace,
    subnetIds: [LIVE_VXNET],
    routes: [],
    defaultRoute: true,
    ...patch,
  });

  /** The pod's interface as text; empty without one. */
  async function eth0(namespace: NamespaceRef): Promise<string> {
    const open = await bed.driver.open(namespace);
    try {
      const link = (await open.listLinks()).find(({ name }) => name === 'eth0');
      return link === undefined ? '' : JSON.stringify([link, await open.listAddresses(link.index), await open.listRoutes()]);
    } finally {
      open.close();
    }
  }

  const nics = () => bed.emulator.nics().filter(({ role }) => role === 0);

  describe('nothing is touched that only looks like the container', () => {
    it('behind a path that leads to another pod by now', async () => {
      const first = await bed.pod();
      const { nicId } = await bed.engine.attach(request('c1', first.ref), timing());
      first.close();
      const second = await bed.pod();
      // The descriptor's number is free again, and so are device and inode of the dead namespace.
      expect(second.ref).to.deep.equal(first.ref);
      const other = await bed.engine.attach(request('c2', second.ref), timing());
      const before = await eth0(second.ref);
      expect(before).to.include('192.168.100.').and.include('"up":true');
      await bed.engine.detach({ key: keyOf('c1'), namespace: second.ref, subnetIds: [LIVE_VXNET] }, timing());
      expect(await eth0(second.ref)).to.equal(before);
      expect(nics().map(({ id }) => id)).to.deep.equal([other.nicId]);
      expect(nics().map(({ id }) => id)).not.to.include(nicId);
      await bed.engine.detach({ key: keyOf('c2'), namespace: second.ref }, timing());
      expect(nics()).to.deep.equal([]);
    });

    it("though namespace, interface and an earlier result are another pod's", async () => {
      const pod = await bed.pod();
      const { mac, nicId } = await bed.engine.attach(request('c1', pod.ref), timing());
      const before = await eth0(pod.ref);
      for (const key of [keyOf('c2'), { ...keyOf('c1'), network: 'another' }]) {
        await bed.engine.detach({ key, namespace: pod.ref, known: { mac }, subnetIds: [LIVE_VXNET] }, timing());
      }
      expect(await eth0(pod.ref)).to.equal(before);
      expect(nics().map(({ id }) => id)).to.deep.equal([nicId]);
    });

    it('by a copy of the machine, which has its journal', async () => {
      const pod = await bed.pod();
      const { nicId } = await bed.engine.attach(request('c1', pod.ref), timing());
      const before = await eth0(pod.ref);
      const data = join(bed.directory, 'data');
      const copy = createAttachmentEngine({
        provider: async () => asInstance(bed.provider, 'i-bbbbbbbb'),
        driver: bed.driver,
        host: bed.host,
        store: createFileStore({ directory: data, locker: fileLocker }),
        hostStore: createFileHostStore({ directory: join(bed.directory, 'host'), locker: fileLocker }),
        bootId: 'boot of the copy',
      });
      await copy.detach({ key: keyOf('c1'), namespace: pod.ref, subnetIds: [LIVE_VXNET] }, timing());
      await copy.collect({ network: 'pods', valid: [], subnetIds: [LIVE_VXNET] }, timing());
      expect(await eth0(pod.ref)).to.equal(before);
      expect(nics().map(({ id }) => id)).to.deep.equal([nicId]);
      expect(readdirSync(join(data, 'aside'))).not.to.deep.equal([]);
      await bed.engine.detach({ key: keyOf('c1'), namespace: pod.ref, subnetIds: [LIVE_VXNET] }, timing());
      expect(nics()).to.deep.equal([]);
    });
  });

  describe('an upgrade from the original plugin', () => {
    /** A NIC as the original made it: under the name that all of them have. */
    async function originalNic(): Promise<{ readonly id: string; readonly mac: string; readonly address: string; readonly link: Link }> {
      const host = await bed.driver.open(bed.host);
      const watch = await host.watchLinks();
      try {
        const instanceId = await bed.provider.instanceId();
        const { id, mac, addresses } = await bed.provider.createNic({ subnetId: LIVE_VXNET, name: `hostnic_${instanceId}` });
        await bed.provider.attachNics([id], instanceId);
        const link = await watch.waitFor((links) => links.find((one) => one.mac === mac));
        await bed.emulator.idle();
        return { id, mac, address: addresses[0] ?? '', link };
      } finally {
        watch.close();
        host.close();
      }
    }

    async function bringUp(namespace: NamespaceRef, index: number, address: string): Promise<void> {
      const open = await bed.driver.open(namespace);
      await open.addAddress(index, `${address}/24`);
      await open.changeLink(index, { up: true });
      open.close();
    }

    it('keeps its pods and uses its gateway; DEL gives back what its file names', async () => {
      const pod = await bed.pod();
      const old = await originalNic();
      const [host, inside] = [await bed.driver.open(bed.host), await bed.driver.open(pod.ref)];
      const { index } = await host.moveLink(old.link.index, inside, 'eth0');
      for (const open of [host, inside]) open.close();
      await bringUp(pod.ref, index, old.address);
      const file = { id: old.id, vxNet: { id: LIVE_VXNET }, hardwareAddr: old.mac, address: old.address };
      mkdirSync(join(bed.directory, 'original'));
      writeFileSync(join(bed.directory, 'original', 'old'), JSON.stringify(file));
      const gateway = await originalNic();
      await bringUp(bed.host, gateway.link.index, gateway.address);
      const before = await eth0(pod.ref);

      const next = await bed.pod();
      const added = await bed.engine.attach(
        request('new', next.ref, { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] }),
        timing(),
      );
      expect(added.routes).to.deep.include({ dst: '10.96.0.0/12', gateway: gateway.address });
      expect(nics().map(({ id }) => id)).to.have.members([old.id, gateway.id, added.nicId]);
      await bed.engine.collect({ network: 'pods', valid: [], subnetIds: [LIVE_VXNET] }, timing());
      expect(nics().map(({ id }) => id)).to.have.members([old.id, gateway.id]);
      expect(await eth0(pod.ref), 'the pod of the original').to.equal(before);

      await bed.engine.detach({ key: keyOf('old'), subnetIds: [LIVE_VXNET] }, timing());
      expect(nics().map(({ id }) => id)).to.deep.equal([gateway.id]);
      expect(readdirSync(join(bed.directory, 'original'))).to.deep.equal([]);
      await bed.provider.detachNics([gateway.id]);
      await bed.emulator.idle();
      await bed.provider.deleteNics([gateway.id]);
    });
  });
});

/** The same cloud, asked by another instance. */
function asInstance(provider: NicProvider, instanceId: string): NicProvider {
  return new Proxy(provider, {
    get(target, key) {
      if (key === 'instanceId') return async () => instanceId;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
