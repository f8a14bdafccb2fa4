import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import { formatCidr } from '../../../lib/address.js';
import type { AttachRequest } from '../../../lib/attachment/index.js';
import { checkRequest, planAddresses, planRoutes, planSubnets, type RoutedSubnet } from '../../../lib/attachment/plan.js';
import type { Subnet } from '../../../lib/nic.js';
import { requestOf } from '../../support/attachment-bed.js';

function subnet(id: string, cidr: string, patch: Partial<Subnet> = {}): Subnet {
  return { id, networkId: 'vpc-1', cidr, gateway: cidr.replace(/0\/24$/, '1').replace(/::\/64$/, '::1'), freeAddresses: 9, ...patch };
}

const known = [subnet('net-1', '192.168.100.0/24'), subnet('net-2', '192.168.101.0/24'), subnet('net-6', 'fd00::/64')];

function plan(patch: Partial<AttachRequest>, subnets: readonly Subnet[] = known): string[] | string {
  const planned = planSubnets(requestOf('c1', patch), subnets);
  return E.isLeft(planned) ? planned.left.message : planned.right.map((entry) => entry.id);
}

function routed(id: string): RoutedSubnet {
  const planned = planSubnets(requestOf('c1', { subnetIds: [id] }), known);
  if (E.isLeft(planned) || planned.right[0] === undefined) throw new Error(`${id} cannot be planned`);
  return planned.right[0];
}

describe('checkRequest()', () => {
  const bad: readonly { readonly name: string; readonly patch: Partial<AttachRequest>; readonly says: RegExp }[] = [
    { name: 'an empty container id', patch: { key: { network: 'pods', containerId: '', ifname: 'eth0' } }, says: /container id/ },
    ...['a%d', 'all', 'default'].map((ifname) => ({
      name: `the interface name ${ifname}`,
      patch: { key: { network: 'pods', containerId: 'c1', ifname } },
      says: new RegExp(`interface name ${ifname} `),
    })),
    { name: 'an empty subnet id', patch: { subnetIds: ['net-1', ''] }, says: /empty/ },
    { name: 'a destination that is no range', patch: { routes: [{ dst: '10.0.0.0', via: { kind: 'router' } }] }, says: /routes\[0\]\.dst/ },
    {
      name: 'a next hop that is no address',
      patch: { routes: [{ dst: '10.0.0.0/8', via: { kind: 'address', address: 'host' } }] },
      says: /routes\[0\].*host/,
    },
    {
      name: 'a next hop of the other family',
      patch: { routes: [{ dst: '10.0.0.0/8', via: { kind: 'address', address: 'fd00::1' } }] },
      says: /families/,
    },
    {
      name: 'one destination with two next hops',
      patch: {
        routes: [
          { dst: '10.0.0.0/8', via: { kind: 'router' } },
          { dst: '10.0.0.0/8', via: { kind: 'host' } },
        ],
      },
      says: /routes\[1\].*twice/,
    },
    { name: 'a wished address that is none', patch: { address: '192.168.100' }, says: /192\.168\.100/ },
    { name: 'a broken MTU', patch: { mtu: 1500.5 }, says: /1500\.5/ },
  ];
  for (const { name, patch, says } of bad) {
    it(`rejects ${name}`, () => {
      const checked = checkRequest(requestOf('c1', patch));
      expect(E.isLeft(checked) ? checked.left.code : 'accepted').to.equal('ERR_CONFIG');
      if (E.isLeft(checked)) expect(checked.left.message).to.match(says);
    });
  }

  it('accepts one destination twice with the same next hop', () => {
    const route = { dst: '10.0.0.0/8', via: { kind: 'router' } } as const;
    expect(E.isRight(checkRequest(requestOf('c1', { routes: [route, route] })))).to.equal(true);
  });
});

describe('planSubnets()', () => {
  it('keeps those that hold every next hop and the wished address', () => {
    const via = (address: string) => [{ dst: '10.0.0.0/8', via: { kind: 'address', address } as const }];
    expect(plan({ subnetIds: ['net-1', 'net-2'] })).to.deep.equal(['net-1', 'net-2']);
    expect(plan({ subnetIds: ['net-1', 'net-2'], routes: via('192.168.101.7') })).to.deep.equal(['net-2']);
    expect(plan({ subnetIds: ['net-1', 'net-2'], address: '192.168.100.7' })).to.deep.equal(['net-1']);
    expect(plan({ subnetIds: ['net-1', 'net-2'], address: '192.168.100.7', routes: via('192.168.101.7') })).to.match(/192\.168\.100\.7/);
  });

  it('refuses the first and the last address of a range as next hop', () => {
    const via = (address: string) => [{ dst: '10.0.0.0/8', via: { kind: 'address', address } as const }];
    for (const address of ['192.168.100.0', '192.168.100.255']) {
      expect(plan({ subnetIds: ['net-1'], routes: via(address) }), address).to.match(/routes\[0\].* no host's address/);
    }
    expect(plan({ subnetIds: ['net-1'], routes: via('192.168.100.254') })).to.deep.equal(['net-1']);
    const tiny = subnet('net-t', '10.1.0.2/31', { gateway: '10.1.0.2' });
    expect(plan({ subnetIds: ['net-t'], routes: via('10.1.0.3') }, [tiny])).to.deep.equal(['net-t']);
  });

  it('refuses a route by router or host of a family that the subnets are not of', () => {
    expect(plan({ subnetIds: ['net-1'], routes: [{ dst: 'fd01::/64', via: { kind: 'router' } }] })).to.match(/IPv4/);
    expect(plan({ subnetIds: ['net-6'], routes: [{ dst: 'fd01::/64', via: { kind: 'router' } }] })).to.deep.equal(['net-6']);
  });

  it('refuses what the cloud describes in contradiction', () => {
    expect(plan({ subnetIds: ['net-1'] }, [subnet('net-1', '192.168.100.0/24', { gateway: '10.0.0.1' })])).to.match(/do not fit/);
    expect(plan({ subnetIds: ['net-1'] }, [subnet('net-1', 'rubbish')])).to.match(/do not fit/);
  });
});

describe('planRoutes()', () => {
  it('puts in the address of this host where routes lead through it', () => {
    const request = requestOf('c1', { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] });
    expect(planRoutes(request, routed('net-1'), '192.168.100.9')).to.deep.equal([
      { dst: '0.0.0.0/0', gateway: '192.168.100.1' },
      { dst: '10.96.0.0/12', gateway: '192.168.100.9' },
    ]);
  });

  it('gives an IPv6 subnet its own default route', () => {
    expect(planRoutes(requestOf('c1'), routed('net-6'), undefined)).to.deep.equal([{ dst: '::/0', gateway: 'fd00::1' }]);
  });

  it('lets a default route of the other family not replace the built-in one', () => {
    const request = requestOf('c1', { routes: [{ dst: '::/0', via: { kind: 'address', address: 'fd00::1' } }] });
    expect(planRoutes(request, routed('net-1'), undefined).map((route) => route.dst)).to.deep.equal(['0.0.0.0/0', '::/0']);
  });
});

describe('planAddresses()', () => {
  it("gives each address the subnet's prefix length", () => {
    const planned = planAddresses(['192.168.100.7', '192.168.100.8'], routed('net-1'));
    expect(E.isRight(planned) ? planned.right : planned.left).to.deep.equal(['192.168.100.7/24', '192.168.100.8/24']);
    expect(formatCidr(routed('net-1').range)).to.equal('192.168.100.0/24');
  });

  for (const addresses of [[], ['10.0.0.7'], [''], ['192.168.100.0']]) {
    it(`rejects ${JSON.stringify(addresses)}`, () => {
      const planned = planAddresses(addresses, routed('net-1'));
      expect(E.isLeft(planned) ? planned.left.code : planned.right).to.equal('ERR_RESPONSE');
    });
  }
});
