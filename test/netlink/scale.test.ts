import { expect } from 'chai';
import type { NetlinkRequest } from '../../netlink/connection.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { addLinkRequest, addRouteRequest, deleteLinkRequest, deleteRouteRequest, setLinkRequest } from '../../netlink/services/index.js';
import { type BesideIp, type Both, besideIp } from '../support/beside-ip.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';

const PAIRS = 500;
const ROUTES = 10_000;

/** One by one, since a difference within thousands is not to be read. */
function expectSame({ ours, printed }: Both): void {
  expect(ours).to.have.length(printed.length);
  for (const [i, one] of printed.entries()) expect(ours[i]).to.deep.equal(one);
}

describe('many objects in one namespace', function () {
  this.timeout(120_000);
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let beside: BesideIp;

  beforeEach(async function () {
    requireLive(this, ['ip', 'nsenter']);
    lab = createNetlinkLab();
    rtnetlink = await lab.open('crowded');
    beside = besideIp(lab, rtnetlink);
  });
  afterEach(() => lab?.close());

  async function carryOut(requests: readonly NetlinkRequest[]): Promise<void> {
    const failed = (await rtnetlink.batch(requests)).filter((result) => result !== undefined);
    expect(failed.map(({ message }) => message)).to.deep.equal([]);
  }

  it('a thousand links are listed whole and as ip lists them, after adding, renaming and deleting', async () => {
    const numbers = Array.from({ length: PAIRS }, (_none, i) => i);
    await carryOut(numbers.map((i) => addLinkRequest({ kind: 'veth', name: `a${i}`, peer: { name: `b${i}` } })));
    const added = await beside.links();
    expect(added.ours).to.have.length(1 + 2 * PAIRS);
    expectSame(added);

    const index = new Map((await rtnetlink.link.list()).map((link) => [link.name, link.index]));
    const ofName = (name: string): number => index.get(name) ?? 0;
    await carryOut(numbers.map((i) => setLinkRequest(ofName(`a${i}`), { name: `renamed${i}`, group: i, alias: `pair ${i}` })));
    const changed = await beside.links();
    expectSame(changed);
    expect(changed.ours.filter(({ ifname }) => String(ifname).startsWith('renamed'))).to.have.length(PAIRS);

    const some = numbers.filter((i) => i % 10 === 0);
    await carryOut(some.map((i) => deleteLinkRequest({ name: `renamed${i}` })));
    const left = await beside.links();
    expect(left.ours).to.have.length(1 + 2 * (PAIRS - some.length));
    expectSame(left);
  });

  for (const family of [4, 6] as const) {
    const dst = (i: number): string => (family === 4 ? `10.${i >> 8}.${i & 255}.0/24` : `2001:db8:${(i + 1).toString(16)}::/48`);
    const gateway = family === 4 ? '192.0.2.1' : '2001:db8::1';

    it(`ten thousand IPv${family} routes are listed whole and as ip lists them, after adding and deleting, at once and one by one`, async () => {
      await rtnetlink.link.add({ kind: 'veth', name: 'v0', up: true, peer: { name: 'v1' } });
      const { index: linkIndex } = await rtnetlink.link.get({ name: 'v0' });
      const { index: peer } = await rtnetlink.link.get({ name: 'v1' });
      await rtnetlink.link.set(peer, { up: true });
      await rtnetlink.address.add({ linkIndex, address: family === 4 ? '192.0.2.10/24' : '2001:db8::10/64' });
      const route = (i: number) => ({ dst: dst(i), gateway, linkIndex, metric: 100 + (i % 7), table: i % 3 === 0 ? 1000 : 254 });
      const numbers = Array.from({ length: ROUTES }, (_none, i) => i);
      const [first, second] = [numbers.slice(0, ROUTES / 2), numbers.slice(ROUTES / 2)];

      await carryOut(first.map((i) => addRouteRequest(route(i))));
      for (const i of second) await rtnetlink.route.add(route(i));
      const added = await beside.routes();
      expectSame(added);
      // The kernel may add routes of its own for IPv6 in between (link-local, multicast).
      const isOurs = ({ gateway: next }: Readonly<Record<string, unknown>>): boolean => next === gateway;
      expect(new Set(added.ours.filter(isOurs).map((one) => one['dst']))).to.deep.equal(new Set(numbers.map(dst)));
      expect(await rtnetlink.route.list({ family, table: 1000 })).to.have.length(Math.ceil(ROUTES / 3));

      for (const i of first) await rtnetlink.route.delete(route(i));
      const left = await beside.routes();
      expectSame(left);
      expect(left.ours.filter(isOurs)).to.have.length(second.length);
      await carryOut(second.map((i) => deleteRouteRequest(route(i))));
      expect((await beside.routes()).ours.filter(isOurs)).to.have.length(0);
    });
  }
});
