import { expect } from 'chai';
import { toRoutes } from '../../netlink/to-route.js';
import { type RouteMessage, RT_TABLE, RTN } from '../../netlink/wire/index.js';

const plain: RouteMessage = { family: 2, dst: '10.0.0.0/8', type: RTN.UNICAST, table: 254, protocol: 3 };

describe('toRoutes()', () => {
  it('gives the route of a message with one next hop', () => {
    expect(toRoutes({ ...plain, gateway: '192.0.2.1', linkIndex: 7, metric: 5 })).to.deep.equal([
      { dst: '10.0.0.0/8', gateway: '192.0.2.1', linkIndex: 7, table: 254, metric: 5, protocol: 3 },
    ]);
    expect(toRoutes({ ...plain, linkIndex: 7 })).to.deep.equal([
      { dst: '10.0.0.0/8', gateway: undefined, linkIndex: 7, table: 254, metric: undefined, protocol: 3 },
    ]);
  });

  it('gives a route for each of several next hops', () => {
    const nextHops = [
      { linkIndex: 7, weight: 1, flags: 0, gateway: '192.0.2.1' },
      { linkIndex: 8, weight: 2, flags: 0 },
    ];
    expect(toRoutes({ ...plain, nextHops }).map(({ gateway, linkIndex }) => ({ gateway, linkIndex }))).to.deep.equal([
      { gateway: '192.0.2.1', linkIndex: 7 },
      { gateway: undefined, linkIndex: 8 },
    ]);
  });

  it('tells metrics apart: the MTU, those that a request can say, and those of a newer kernel', () => {
    const unknown = Uint8Array.of(8, 0, 99, 0, 1, 0, 0, 0);
    const [known] = toRoutes({ ...plain, linkIndex: 7, metrics: { mtu: 1300, initcwnd: 10, lock: 4 } });
    expect(known).to.include({ mtu: 1300 }).and.to.not.have.property('unsupported');
    expect(known?.metrics).to.deep.equal({ initcwnd: 10, lock: 4 });
    const [newer] = toRoutes({ ...plain, linkIndex: 7, metrics: { hoplimit: 9, unknown } });
    expect(newer?.metrics).to.deep.equal({ hoplimit: 9 });
    expect(newer?.unsupported).to.deep.equal(['metrics of a newer kernel']);
  });

  it('names a next hop of the other address family', () => {
    const via = { family: 10, address: 'fe80::1', bytes: new Uint8Array(16) };
    expect(toRoutes({ ...plain, linkIndex: 7, via })[0]?.gateway).to.equal('fe80::1');
  });

  it('leaves out the local table and all that is not unicast', () => {
    expect(toRoutes({ ...plain, table: RT_TABLE.LOCAL })).to.deep.equal([]);
    for (const type of [RTN.LOCAL, RTN.BROADCAST, RTN.MULTICAST, RTN.BLACKHOLE, RTN.UNREACHABLE]) {
      expect(toRoutes({ ...plain, type })).to.deep.equal([]);
    }
  });
});
