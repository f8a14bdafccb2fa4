import { expect } from 'chai';
import { NetlinkConnection, type NetlinkRequest } from '../../netlink/connection.js';
import { endBefore, type Pending, toExchange } from '../../netlink/exchange.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { addRouteRequest, deleteRouteRequest } from '../../netlink/services/index.js';
import { ERRNO, encodeLink, type NetlinkMessage, NLM_F, RTM } from '../../netlink/wire/index.js';
import { acknowledgement, type Delivery, datagram, FakeNetlinkSocket } from '../support/fake-netlink-socket.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';

const change: NetlinkRequest = { op: 'link.set 7', type: RTM.NEWLINK, payload: encodeLink({ index: 7, mtu: 1500 }) };

/** A kernel that works in order, and answers what fails and what asks for it. */
function kernel(fails: (place: number) => boolean): FakeNetlinkSocket {
  let place = 0;
  return new FakeNetlinkSocket((requests) =>
    requests.flatMap((request): readonly Delivery[] => {
      const error = fails(place++) ? -ERRNO.EEXIST : 0;
      return error === 0 && (request.flags & NLM_F.ACK) === 0 ? [] : [datagram(request, acknowledgement(request, error))];
    }),
  );
}

describe('batches', () => {
  it('ask for one acknowledgement a send, and still tell what became of each request', async () => {
    for (const failing of [[], [0], [299], [127], [128], [0, 1, 126, 127, 128, 129, 255, 256, 298, 299], [...new Array(300).keys()]]) {
      const socket = kernel((place) => failing.includes(place));
      const results = await new NetlinkConnection(socket).batch(new Array<NetlinkRequest>(300).fill(change));
      expect(socket.sent.flat().filter(({ flags }) => (flags & NLM_F.ACK) !== 0)).to.have.length(socket.sent.length);
      const refused = [...results.entries()].filter(([, result]) => result?.errno === 'EEXIST').map(([place]) => place);
      expect(refused).to.deep.equal(failing);
      expect(results.filter((result) => result === undefined)).to.have.length(300 - failing.length);
    }
  });

  it('count nothing as done when answers were lost', async () => {
    const socket = new FakeNetlinkSocket((requests) => {
      const last = requests.at(-1);
      return last === undefined ? [] : [-ERRNO.ENOBUFS, datagram(last, acknowledgement(last))];
    });
    const results = await new NetlinkConnection(socket).batch([change, change, change]);
    expect(results.map((result) => result?.errno)).to.deep.equal(['ENOBUFS', 'ENOBUFS', 'ENOBUFS']);
  });

  it('do not take an acknowledgement to another port or number for the end', async () => {
    const socket = new FakeNetlinkSocket((requests) => {
      const last = requests.at(-1);
      if (last === undefined) return [];
      const foreign = { ...last, port: last.port + 1 };
      const unknown = { ...last, sequence: last.sequence + 1000 };
      const refused = acknowledgement(last, -ERRNO.EEXIST);
      return [datagram(foreign, acknowledgement(foreign)), datagram(unknown, acknowledgement(unknown)), datagram(last, refused)];
    });
    const results = await new NetlinkConnection(socket).batch([change, change]);
    expect(results.map((result) => result?.errno)).to.deep.equal([undefined, 'EEXIST']);
  });

  it('endBefore() ends what stands before an answered request, once', () => {
    const message: NetlinkMessage = { type: 0, flags: 0, sequence: 1, port: 0, payload: new Uint8Array(0) };
    const pending = Array.from({ length: 4 }, (): Pending => {
      const state = { sent: true, done: false, interrupted: false, lost: false, failure: undefined, error: undefined };
      return { request: change, message, decode: undefined, replies: [], ...state };
    });
    const exchange = toExchange(pending);
    const [, , third] = pending;
    if (third === undefined) throw new Error('there are four');
    endBefore(exchange, third);
    endBefore(exchange, third);
    expect(pending.map(({ done }) => done)).to.deep.equal([true, true, false, false]);
    expect(exchange.open).to.equal(2);
  });

  describe('with a kernel', () => {
    let lab: NetlinkLab;
    let here: Rtnetlink;

    before(async function () {
      requireLive(this);
      lab = createNetlinkLab();
      here = await lab.open();
      await here.link.set(1, { up: true });
    });
    after(() => lab?.close());

    it('tell exactly which of hundreds were refused, wherever they stand', async () => {
      const count = 400;
      const routes = Array.from({ length: count }, (_, i) => ({ dst: `10.1.${i >> 8}.${i & 255}/32`, linkIndex: 1 }));
      const taken = [0, 1, 63, 126, 127, 128, 129, 254, 255, 256, 300, 399];
      for (const place of taken) await here.route.add(routes[place] ?? { dst: '' });
      const added = await here.batch(routes.map(addRouteRequest));
      expect([...added.entries()].filter(([, error]) => error?.errno === 'EEXIST').map(([place]) => place)).to.deep.equal(taken);
      expect(added.filter((error) => error === undefined)).to.have.length(count - taken.length);
      expect(await here.route.list({ family: 4, table: 254 })).to.have.length(count);
      expect((await here.batch(routes.map(deleteRouteRequest))).every((error) => error === undefined)).to.equal(true);
      expect(await here.route.list({ family: 4, table: 254 })).to.deep.equal([]);
      const again = await here.batch(routes.map(deleteRouteRequest));
      expect(again.every((error) => error?.errno === 'ESRCH')).to.equal(true);
    });
  });
});
