import { expect } from 'chai';
import { NetlinkError, NicError } from '../../lib/errors.js';
import { NetlinkConnection, type NetlinkRequest } from '../../netlink/connection.js';
import { BatchInterruptedError, DumpInterruptedError, joinListings, mapListing } from '../../netlink/interrupted.js';
import { AddressService, LinkService, NeighbourService, NsidService, RouteService, RuleService } from '../../netlink/services/index.js';
import {
  encodeAddress,
  encodeLink,
  encodeNeighbour,
  encodeNsid,
  encodeRoute,
  encodeRule,
  FAMILY,
  type NetlinkMessage,
  NLM_F,
  RTM,
} from '../../netlink/wire/index.js';
import { datagram, done, FakeNetlinkSocket } from '../support/fake-netlink-socket.js';
import { rejection } from '../support/netlink-lab.js';

/** A connection to a kernel that gives these objects, and marks the listing as torn when it says so. */
function connect(objects: (request: NetlinkMessage) => readonly Partial<NetlinkMessage>[], isTorn: (request: NetlinkMessage) => boolean) {
  const socket = new FakeNetlinkSocket((requests) =>
    requests.map((request) => {
      const flags = NLM_F.MULTI | (isTorn(request) ? NLM_F.DUMP_INTR : 0);
      return datagram(request, ...objects(request), done(0, flags));
    }),
  );
  return { socket, connection: new NetlinkConnection(socket) };
}

async function interruption(listing: Promise<unknown>): Promise<DumpInterruptedError> {
  const error = await rejection(listing);
  expect(error).to.be.instanceOf(DumpInterruptedError);
  return error as DumpInterruptedError;
}

const always = (): boolean => true;
const familyOf = (request: NetlinkMessage): number => request.payload[0] ?? 0;

describe('listings that changes keep tearing', () => {
  it('of links, addresses, neighbours and ids carry what was found, decoded and filtered', async () => {
    const links = [
      { type: RTM.NEWLINK, payload: encodeLink({ index: 1, name: 'lo' }) },
      { type: RTM.NEWLINK, payload: encodeLink({ index: 2, name: 'v0', info: { kind: 'veth' } }) },
    ];
    const { connection: ofLinks } = connect(() => links, always);
    const error = await interruption(new LinkService(ofLinks).list({ kind: 'veth' }));
    expect(error).to.include({ op: 'link.list', errno: 'EINTR', tries: 10 });
    expect(error.partial).to.have.length(1);
    expect(error.partial[0]).to.include({ index: 2, name: 'v0' });

    const address = (linkIndex: number) => ({
      type: RTM.NEWADDR,
      payload: encodeAddress({ family: FAMILY.INET, prefix: 24, linkIndex, local: '192.0.2.1', address: '192.0.2.1' }),
    });
    const { connection: ofAddresses } = connect(() => [address(1), address(2)], always);
    const { partial: addresses } = await interruption(new AddressService(ofAddresses).list({ linkIndex: 2 }));
    expect(addresses.map((one) => Reflect.get(Object(one), 'linkIndex'))).to.deep.equal([2]);

    const neighbour = (linkIndex: number) => ({
      type: RTM.NEWNEIGH,
      payload: encodeNeighbour({ family: FAMILY.INET, linkIndex, address: '192.0.2.1' }),
    });
    const { connection: ofNeighbours } = connect(() => [neighbour(1), neighbour(2)], always);
    const { partial: neighbours } = await interruption(new NeighbourService(ofNeighbours).list({ linkIndex: 1 }));
    expect(neighbours.map((one) => Reflect.get(Object(one), 'linkIndex'))).to.deep.equal([1]);

    const { connection: ofIds } = connect(() => [{ type: RTM.NEWNSID, payload: encodeNsid({ id: 7 }) }], always);
    expect((await interruption(new NsidService(ofIds).list())).partial).to.deep.equal([7]);
  });

  it('of routes and rules carry those of both families, whichever was torn', async () => {
    const routes = (request: NetlinkMessage) => [
      {
        type: RTM.NEWROUTE,
        payload: encodeRoute({ family: familyOf(request), dst: familyOf(request) === FAMILY.INET ? '10.0.0.0/8' : 'fd00::/8' }),
      },
    ];
    const rules = (request: NetlinkMessage) => [{ type: RTM.NEWRULE, payload: encodeRule({ family: familyOf(request), action: 1 }) }];
    for (const torn of [[FAMILY.INET], [FAMILY.INET6], [FAMILY.INET, FAMILY.INET6]]) {
      const isTorn = (request: NetlinkMessage): boolean => torn.some((family) => family === familyOf(request));
      const { connection: ofRoutes, socket } = connect(routes, isTorn);
      const { partial, tries, op } = await interruption(new RouteService(ofRoutes).list());
      expect(partial.map((one) => Reflect.get(Object(one), 'dst'))).to.deep.equal(['10.0.0.0/8', 'fd00::/8']);
      expect({ tries, op }).to.deep.equal({ tries: 10, op: 'route.list' });
      expect(socket.sent).to.have.length(torn.length * 10 + (2 - torn.length));
      const { connection: ofRules } = connect(rules, isTorn);
      const { partial: found } = await interruption(new RuleService(ofRules).list());
      expect(found.map((one) => Reflect.get(Object(one), 'family'))).to.deep.equal([FAMILY.INET, FAMILY.INET6]);
    }
  });

  it('mapListing() and joinListings() pass on results and other errors as they are', async () => {
    expect(await mapListing(Promise.resolve([1, 2]), (found) => found.map(String))).to.deep.equal(['1', '2']);
    expect(await joinListings([async () => [1], async () => [2, 3]])).to.deep.equal([1, 2, 3]);
    const boom = new Error('boom');
    expect(await rejection(mapListing(Promise.reject(boom), () => []))).to.equal(boom);
    expect(await rejection(joinListings([async () => [1], () => Promise.reject(boom)]))).to.equal(boom);
  });
});

describe('BatchInterruptedError', () => {
  it('has the code of its cause and counts what became of the requests', () => {
    const request: NetlinkRequest = { op: 'x', type: 16, payload: new Uint8Array(0) };
    const refused = new NetlinkError({ op: request.op, errno: 'EEXIST' });
    const cause = new NicError('ERR_DEADLINE', 'x: too late');
    const error = new BatchInterruptedError(cause, ['done', refused, 'unknown', 'unsent', 'unsent']);
    expect(error).to.include({ code: 'ERR_DEADLINE', name: 'BatchInterruptedError', cause });
    expect(error.message).to.equal('x: too late; of 5 requests 2 were answered, 1 may have been carried out, 2 were not sent');
  });
});
