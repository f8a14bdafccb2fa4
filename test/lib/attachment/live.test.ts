import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type NamespaceHandle, NUD, openNamespace, openRtnetlink } from '../../../netlink/index.js';
import { requireLive } from '../../support/live.js';
import { LIVE_VXNET, type LiveAttachmentBed, openLiveAttachmentBed } from '../../support/live-attachment-bed.js';

const key = { network: 'pods', containerId: 'c1', ifname: 'eth0' };
const inAMinute = (): { readonly deadline: number } => ({ deadline: Date.now() + 55_000 });

describe('the engine on a real kernel, with real files and the emulated cloud', () => {
  let bed: LiveAttachmentBed;

  before(async function () {
    requireLive(this);
    bed = await openLiveAttachmentBed(300);
  });

  after(async () => {
    await bed?.close();
  });

  it('attaches a NIC to a container with a route through the host, checks it and takes it back', async () => {
    const pod = await bed.pod();
    const routes = [{ dst: '10.96.0.0/12', via: { kind: 'host' } as const }];
    const request = { key, namespace: pod.ref, subnetIds: [LIVE_VXNET], routes, defaultRoute: true };
    const attachment = await bed.engine.attach(request, inAMinute());
    const inside = await bed.driver.open(pod.ref);
    const link = (await inside.listLinks()).find((candidate) => candidate.name === 'eth0');
    expect(link).to.deep.include({ mac: attachment.mac, up: true });
    const found = (await inside.listRoutes()).filter((route) => route.linkIndex === link?.index && route.gateway !== undefined);
    expect(found.map(({ dst, gateway }) => ({ dst, gateway }))).to.have.deep.members(attachment.routes);
    expect(await inside.readSysctl('ipv4/conf/all/accept_redirects')).to.match(/^0/);
    await bed.engine.check({ key, namespace: pod.ref }, inAMinute());
    await bed.engine.detach({ key, namespace: pod.ref, subnetIds: [LIVE_VXNET] }, inAMinute());
    expect((await inside.listLinks()).map((candidate) => candidate.name)).to.deep.equal(['lo']);
    expect(bed.emulator.nics().map((nic) => nic.id)).not.to.include(attachment.nicId);
    inside.close();
    pod.close();
  });

  it('tells the neighbours where its address lives now', async () => {
    const attach = async (containerId: string, address: string): Promise<{ readonly mac: string; readonly pod: NamespaceHandle }> => {
      const { ref } = await bed.pod();
      const request = { namespace: ref, subnetIds: [LIVE_VXNET], routes: [], defaultRoute: true, address };
      const { mac } = await bed.engine.attach({ key: { ...key, containerId }, ...request }, inAMinute());
      return { mac, pod: await openNamespace(ref) };
    };
    const neighbour = await attach('neighbour', '192.168.100.70');
    using inside = openRtnetlink(neighbour.pod);
    const { index: linkIndex } = await inside.link.get({ name: 'eth0' });
    await inside.neighbour.replace({ linkIndex, address: '192.168.100.77', mac: '02:00:00:00:00:99', state: NUD.STALE });
    const { mac, pod } = await attach('newcomer', '192.168.100.77');
    const look = async (): Promise<string | undefined> =>
      (await inside.neighbour.list({ linkIndex })).find((entry) => entry.address === '192.168.100.77')?.mac;
    // The kernel may hand the frame over a little later when it is busy.
    for (let tries = 0; tries < 1000 && (await look()) !== mac; tries++) await new Promise((resolve) => setImmediate(resolve));
    expect(await look()).to.equal(mac);
    for (const containerId of ['neighbour', 'newcomer']) await bed.engine.detach({ key: { ...key, containerId } }, inAMinute());
    pod.close();
    neighbour.pod.close();
  });

  it('keeps its files to itself', () => {
    for (const folder of ['data', 'host']) {
      for (const entry of readdirSync(join(bed.directory, folder), { recursive: true, withFileTypes: true })) {
        const { mode } = statSync(join(entry.parentPath, entry.name));
        expect(mode & 0o777, entry.name).to.equal(entry.isDirectory() ? 0o700 : 0o600);
      }
    }
  });

  it('says what it adds to the time of the cloud and of a bare move', async () => {
    const added: number[] = [];
    const removed: number[] = [];
    for (let i = 0; i < 8; i++) {
      const pod = await bed.pod();
      const own = { ...key, containerId: `t${i}` };
      const start = performance.now();
      await bed.engine.attach({ key: own, namespace: pod.ref, subnetIds: [LIVE_VXNET], routes: [], defaultRoute: true }, inAMinute());
      added.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 350));
      const end = performance.now();
      await bed.engine.detach({ key: own, namespace: pod.ref }, inAMinute());
      removed.push(performance.now() - end);
      pod.close();
    }
    const median = (values: number[]): number => Math.round(values.sort((a, b) => a - b)[values.length >> 1] ?? 0);
    console.log(`      ADD ${median(added)} ms, DEL ${median(removed)} ms, of which 300 ms each are the cloud's`);
  });
});
