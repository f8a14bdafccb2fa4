import { expect } from 'chai';
import type { Link, LinkAddress, Route } from '../../../lib/driver.js';
import {
  formatIpCommands,
  invertOperations,
  isNicError,
  type NetworkOperation,
  type NetworkState,
  planChanges,
  simulateOperations,
  type WantedNetwork,
} from '../../../lib/index.js';
import { type SeededRandom, seededRandom } from '../../support/random.js';

const link = (index: number, name: string, change: Partial<Link> = {}): Link => ({
  index,
  name,
  altNames: [],
  mac: '',
  permanentMac: undefined,
  mtu: 1500,
  up: true,
  carrier: true,
  loopback: false,
  kind: undefined,
  masterIndex: undefined,
  lowerIndex: undefined,
  ...change,
});

const address = (text: string, more: Partial<LinkAddress> = {}): LinkAddress => ({ linkIndex: 2, address: text, ...more });

const route = (dst: string, gateway: string | undefined, more: Partial<Route> = {}): Route => ({
  dst,
  gateway,
  linkIndex: 2,
  table: 254,
  metric: dst.includes(':') ? 1024 : undefined,
  protocol: 3,
  ...more,
});

const connected = (dst: string, source: string): Route => route(dst, undefined, { protocol: 2, preferredSource: source });

const sysctls = {
  'ipv4/conf/all/promote_secondaries': '0',
  'ipv4/conf/%/promote_secondaries': '0',
  'ipv6/conf/all/keep_addr_on_down': '0',
  'ipv6/conf/%/keep_addr_on_down': '0',
  'ipv6/conf/%/disable_ipv6': '0',
};

const state = (more: Partial<NetworkState> = {}): NetworkState => ({
  linkIndex: 2,
  links: [link(2, 'eth0'), link(3, 'eth1')],
  addresses: [],
  routes: [],
  sysctls,
  ...more,
});

/** One address of each family, the ranges that come with them, and a default route. */
const furnished = state({
  addresses: [address('10.0.0.2/24'), address('fd00::2/64')],
  routes: [
    connected('10.0.0.0/24', '10.0.0.2'),
    route('fd00::/64', undefined, { protocol: 2, metric: 256 }),
    route('0.0.0.0/0', '10.0.0.1'),
    route('::/0', 'fd00::1'),
  ],
});

const commands = (from: NetworkState, wish: WantedNetwork): readonly string[] => formatIpCommands(from, planChanges(from, wish));

function refusalOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('should have been refused');
}

describe('planChanges()', () => {
  it('gives nothing when all is there', () => {
    const wish = {
      name: 'eth0',
      mtu: 1500,
      up: true,
      addresses: ['10.0.0.2/24', 'FD00:0::2/64'],
      routes: [
        { dst: '10.0.0.0/24' },
        { dst: '0.0.0.0/0', gateway: '10.0.0.1' },
        { dst: 'fd00::/64' },
        { dst: '::/0', gateway: 'fd00:0::1' },
      ],
      sysctls: { 'ipv6/conf/eth0/disable_ipv6': '0' },
      exclusive: true,
    };
    expect(planChanges(furnished, wish)).to.deep.equal([]);
    expect(planChanges(furnished, {})).to.deep.equal([]);
  });

  it('brings a new link up with its addresses, then its routes: ranges on the link before what is behind them', () => {
    const bare = state({ links: [link(2, 'eth0', { up: false })] });
    expect(
      commands(bare, {
        mtu: 1400,
        up: true,
        addresses: ['10.0.0.2/24', 'fd00::2/64'],
        routes: [
          { dst: '0.0.0.0/0', gateway: '192.0.2.1' },
          { dst: '192.0.2.1/32' },
          { dst: 'fd00:0:0:1::/64', gateway: 'fd00:0:0:2::1', onlink: true },
          { dst: '::/0', gateway: 'fd00::1', metric: 7, table: 100, mtu: 1300, preferredSource: 'fd00::2' },
        ],
        sysctls: { 'ipv4/conf/%/promote_secondaries': '1' },
      }),
    ).to.deep.equal([
      'sysctl -w net/ipv4/conf/eth0/promote_secondaries=1',
      'ip address add 10.0.0.2/24 dev eth0',
      'ip address add fd00::2/64 dev eth0 nodad',
      'ip link set dev eth0 mtu 1400 up',
      'ip route add 192.0.2.1/32 dev eth0',
      'ip route add default via 192.0.2.1 dev eth0',
      'ip -6 route add fd00:0:0:1::/64 via fd00:0:0:2::1 dev eth0 onlink',
      'ip -6 route add default via fd00::1 dev eth0 table 100 metric 7 src fd00::2 mtu 1300',
    ]);
  });

  it('adds an IPv6 route before one that hides its next hop', () => {
    const wish = {
      routes: [
        { dst: 'fd00:5::/32', gateway: 'fd00::1' },
        { dst: 'fd09::/32', gateway: 'fd00:5::1', onlink: false },
      ],
    };
    const planned = planChanges(furnished, wish).map((one) => (one.kind === 'route.add' ? one.route.dst : one.kind));
    expect(planned).to.deep.equal(['fd09::/32', 'fd00:5::/32']);
  });

  it('takes a link down for another name and puts back what it loses by that', () => {
    expect(commands(furnished, { name: 'net0' })).to.deep.equal([
      'ip link set dev eth0 down',
      'ip link set dev eth0 name net0 up',
      'ip address add fd00::2/64 dev net0 nodad',
      'ip route add default via 10.0.0.1 dev net0',
      'ip -6 route add default via fd00::1 dev net0 metric 1024',
    ]);
    expect(formatIpCommands(furnished, planChanges(furnished, { name: 'net0' }, { renameUp: true }))).to.deep.equal([
      'ip link set dev eth0 name net0',
    ]);
  });

  it('replaces an address of IPv4 without losing the routes of the link', () => {
    const wish = { addresses: ['10.9.0.2/16', 'fd00::2/64'], exclusive: true };
    expect(commands(furnished, wish)).to.deep.equal(['ip address add 10.9.0.2/16 dev eth0', 'ip address del 10.0.0.2/24 dev eth0']);
  });

  it('adds secondary addresses again that go with the first of their range, unless the kernel promotes them', () => {
    const twice = state({ ...furnished, addresses: [address('10.0.0.2/24'), address('10.0.0.3/24')] });
    const wish = { addresses: ['10.0.0.3/24'], exclusive: true };
    expect(commands(twice, wish)).to.deep.equal([
      'ip address del 10.0.0.2/24 dev eth0',
      'ip address add 10.0.0.3/24 dev eth0',
      'ip route add default via 10.0.0.1 dev eth0',
    ]);
    const promoting = { ...twice, sysctls: { ...sysctls, 'ipv4/conf/all/promote_secondaries': '1' } };
    expect(commands(promoting, wish)).to.deep.equal(['ip address del 10.0.0.2/24 dev eth0']);
  });

  it('leaves what it was not asked about alone: link-local addresses, routes of the kernel and of other links', () => {
    const from = state({
      addresses: [address('fe80::1/64'), address('10.0.0.2/24')],
      routes: [connected('10.0.0.0/24', '10.0.0.2'), route('10.1.0.0/16', '10.0.0.1'), route('10.2.0.0/16', undefined, { linkIndex: 3 })],
    });
    expect(commands(from, { addresses: ['10.0.0.2/24'], routes: [], exclusive: true })).to.deep.equal([
      'ip route del 10.1.0.0/16 via 10.0.0.1 dev eth0',
    ]);
    expect(planChanges(from, { addresses: [], routes: [] })).to.deep.equal([]);
  });

  it("puts a route in place of another link's, and its inverse puts that back", () => {
    const from = state({ ...furnished, routes: [...furnished.routes, route('10.5.0.0/16', '192.0.2.1', { linkIndex: 3, onlink: true })] });
    const operations = planChanges(from, { routes: [{ dst: '10.5.0.0/16', gateway: '10.0.0.9', protocol: 4 }] });
    expect(formatIpCommands(from, operations)).to.deep.equal(['ip route replace 10.5.0.0/16 via 10.0.0.9 dev eth0 proto 4']);
    expect(formatIpCommands(from, invertOperations(from, operations))).to.deep.equal([
      'ip route replace 10.5.0.0/16 via 192.0.2.1 dev eth1 onlink',
    ]);
  });

  it('replaces a route whose metrics differ, puts them back, and leaves those alone that nothing was said of', () => {
    const metrics = { lock: 1 << 2, initcwnd: 10 };
    const from = state({ ...furnished, routes: [...furnished.routes, route('10.5.0.0/16', '10.0.0.1', { mtu: 1300, metrics })] });
    const wish = (wanted: object): WantedNetwork => ({ routes: [{ dst: '10.5.0.0/16', gateway: '10.0.0.1', metrics: wanted }] });
    for (const there of [{}, { initcwnd: 10 }, { initcwnd: 10, advmss: 0 }])
      expect(planChanges(from, wish(there)), JSON.stringify(there)).to.deep.equal([]);
    const operations = planChanges(from, wish({ initcwnd: 20, rtoMin: 40, congestionControl: 'reno', features: 17 }));
    expect(formatIpCommands(from, operations)).to.deep.equal([
      'ip route replace 10.5.0.0/16 via 10.0.0.1 dev eth0 initcwnd 20 features ecn tcp_usec_ts rto_min 40 congctl reno',
    ]);
    expect(formatIpCommands(from, invertOperations(from, operations))).to.deep.equal([
      'ip route replace 10.5.0.0/16 via 10.0.0.1 dev eth0 mtu lock 1300 initcwnd 10',
    ]);
    expect(planChanges(simulateOperations(from, operations), wish({ rtoMin: 40 }))).to.deep.equal([]);
  });

  it('refuses what could not be undone', () => {
    const several = { unsupported: ['several next hops'] };
    const from = state({ ...furnished, routes: [...furnished.routes, route('10.5.0.0/16', '10.0.0.9', several)] });
    const wishes: readonly WantedNetwork[] = [
      { routes: [{ dst: '10.5.0.0/16', gateway: '10.0.0.7' }] },
      { routes: [], exclusive: true },
      { name: 'net0' },
      { up: false },
    ];
    for (const wish of wishes) {
      const error = refusalOf(() => planChanges(from, wish));
      expect(isNicError(error, 'ERR_NOT_SUPPORTED'), String(error)).to.equal(true);
      expect(String(error)).to.match(/10\.5\.0\.0\/16 .*could not be put back as it is: it has several next hops/);
    }
    expect(commands(from, { mtu: 1400 })).to.deep.equal(['ip link set dev eth0 mtu 1400']);
    // The range of its next hop is not there any more.
    const stranded = state({ ...furnished, routes: [route('10.5.0.0/16', '172.16.0.1')] });
    expect(String(refusalOf(() => planChanges(stranded, { up: false })))).to.match(/its next hop is out of reach/);
  });

  it('refuses wishes that contradict themselves', () => {
    const wishes: readonly WantedNetwork[] = [
      { mtu: 1000, addresses: ['fd00::2/64'] },
      { up: false, routes: [{ dst: '10.1.0.0/16' }] },
      { addresses: ['10.0.0.2/24', '10.0.0.2/24'] },
      { addresses: ['fd00::2/64', 'fd00::2/96'] },
      { addresses: [{ address: '10.0.0.9/24', label: 'other:1' }] },
      { routes: [{ dst: '10.1.0.0/16' }, { dst: '10.1.0.0/16', gateway: '10.0.0.1' }] },
      { sysctls: { 'ipv6/conf/%/disable_ipv6': '1' }, addresses: ['fd00::2/64'] },
    ];
    for (const wish of wishes)
      expect(
        isNicError(
          refusalOf(() => planChanges(furnished, wish)),
          'ERR_CONFIG',
        ),
        JSON.stringify(wish),
      ).to.equal(true);
    const gone = { ...furnished, sysctls: { ...sysctls, 'ipv4/nothing': undefined, 'ipv4/ip_forward': '0' } };
    for (const name of ['ipv4/nothing', 'ipv4/ip_forward']) {
      expect(
        isNicError(
          refusalOf(() => planChanges(gone, { sysctls: { [name]: '1' } })),
          'ERR_CONFIG',
        ),
        name,
      ).to.equal(true);
    }
  });

  it('calls wrong text and sysctls that were not read a RangeError', () => {
    const wishes: readonly WantedNetwork[] = [
      { addresses: ['10.0.0.2'] },
      { routes: [{ dst: '10.1.0.1/16' }] },
      { routes: [{ dst: '10.1.0.0/16', gateway: 'fd00::1' }] },
      { sysctls: { 'ipv4/ip_default_ttl': '1' } },
    ];
    for (const wish of wishes)
      expect(
        refusalOf(() => planChanges(furnished, wish)),
        JSON.stringify(wish),
      ).to.be.instanceOf(RangeError);
  });

  it('plans ten thousand routes in linear time', () => {
    const routes = Array.from({ length: 10_000 }, (_, i) => ({ dst: `10.${1 + (i >> 8)}.${i & 255}.0/24`, gateway: '10.0.0.1' }));
    const operations = planChanges(furnished, { routes });
    expect(operations).to.have.length(10_000);
    expect(planChanges(simulateOperations(furnished, operations), { routes })).to.deep.equal([]);
    expect(invertOperations(furnished, operations)).to.have.length(10_000);
  });
});

const someAddresses = ['10.0.0.2/24', '10.0.0.3/24', '10.9.0.2/16', 'fd00::2/64'];
const someRoutes = ['10.5.0.0/16', '10.6.0.0/16', 'fd05::/32'];

function draw(random: SeededRandom): { readonly from: NetworkState; readonly wish: WantedNetwork } {
  const some = <T>(values: readonly T[]): readonly T[] => values.filter(() => random.next() < 0.4);
  const gateway = (dst: string): string => `${dst.includes(':') ? 'fe80::' : '10.0.0.'}${1 + Math.floor(random.next() * 2)}`;
  const up = random.next() < 0.7;
  const bare = state({ links: [link(2, 'eth0', { up })] });
  const furnish: NetworkOperation[] = some(someAddresses).map((one) => ({ kind: 'address.add', linkIndex: 2, address: one, settings: {} }));
  const routes = up ? some(someRoutes) : [];
  for (const dst of routes) furnish.push({ kind: 'route.add', route: { dst, gateway: gateway(dst), linkIndex: 2, onlink: true } });
  const wish: WantedNetwork = {
    up: true,
    ...(random.next() < 0.3 ? { mtu: 1400 } : {}),
    ...(random.next() < 0.2 ? { name: 'net0' } : {}),
    addresses: some(someAddresses),
    routes: some(someRoutes).map((dst) => ({ dst, gateway: gateway(dst), onlink: true })),
    ...(random.next() < 0.6 ? { exclusive: true } : {}),
  };
  return { from: simulateOperations(bare, furnish), wish };
}

/** Whether a state is what was wished for: told without the planner. */
function isReached(now: NetworkState, from: NetworkState, wish: WantedNetwork): boolean {
  const own = now.links.find(({ index }) => index === 2);
  const texts = (list: NetworkState): readonly string[] => list.addresses.map((one) => one.address);
  const ways = (list: readonly { readonly dst: string; readonly gateway?: string | undefined }[]): readonly string[] =>
    list.map(({ dst, gateway }) => `${dst} ${gateway}`);
  const given = now.routes.filter(({ protocol }) => protocol !== 2);
  const wanted = wish.routes ?? [];
  const stay = from.routes.filter(({ protocol, dst }) => protocol !== 2 && !wanted.some((one) => one.dst === dst));
  const addresses = new Set([...((wish.addresses ?? []) as readonly string[]), ...(wish.exclusive === true ? [] : texts(from))]);
  const routes = new Set([...ways(wanted), ...(wish.exclusive === true ? [] : ways(stay))]);
  const same = (found: readonly string[], expected: ReadonlySet<string>): boolean =>
    found.length === expected.size && found.every((one) => expected.has(one));
  return (
    own?.up === true &&
    (wish.mtu === undefined || own.mtu === wish.mtu) &&
    (wish.name === undefined || own.name === wish.name) &&
    same(texts(now), addresses) &&
    same(ways(given), routes)
  );
}

/** Every operation that works towards a wish. */
function universe(from: NetworkState, wish: WantedNetwork): readonly NetworkOperation[] {
  const wanted = (wish.addresses ?? []) as readonly string[];
  const stays = wish.exclusive === true ? wanted : [...new Set([...wanted, ...from.addresses.map((one) => one.address)])];
  const change = {
    ...(wish.mtu === undefined ? {} : { mtu: wish.mtu }),
    ...(wish.name === undefined ? {} : { name: wish.name }),
    up: true,
  };
  const list: NetworkOperation[] = [{ kind: 'link.set', linkIndex: 2, change }];
  if (wish.name !== undefined) list.push({ kind: 'link.set', linkIndex: 2, change: { up: false } });
  for (const one of stays) list.push({ kind: 'address.add', linkIndex: 2, address: one, settings: {} });
  for (const one of from.addresses)
    if (!stays.includes(one.address)) list.push({ kind: 'address.remove', linkIndex: 2, address: one.address });
  const old = from.routes.filter(({ protocol }) => protocol !== 2);
  for (const { dst, gateway = '' } of old) {
    const request = { dst, gateway, linkIndex: 2, onlink: true };
    if ((wish.routes ?? []).some((one) => one.dst === dst)) continue;
    list.push(wish.exclusive === true ? { kind: 'route.remove', route: request } : { kind: 'route.replace', route: request });
  }
  for (const one of wish.routes ?? []) list.push({ kind: 'route.replace', route: { ...one, linkIndex: 2 } });
  return list;
}

/** What the kernel would refuse, or would not be there: a name while the link is up, routes while it is down. */
function isAllowed(now: NetworkState, operation: NetworkOperation): boolean {
  const own = now.links.find(({ index }) => index === 2);
  if (operation.kind === 'link.set') return operation.change.name === undefined || operation.change.name === own?.name || own?.up === false;
  return !operation.kind.startsWith('route.') || own?.up === true;
}

function isReachable(now: NetworkState, left: number, from: NetworkState, wish: WantedNetwork, all: readonly NetworkOperation[]): boolean {
  if (isReached(now, from, wish)) return true;
  if (left === 0) return false;
  return all.some((one) => isAllowed(now, one) && isReachable(simulateOperations(now, [one]), left - 1, from, wish, all));
}

describe('a plan', () => {
  it('is as short as the shortest of all that lead to the wish', function () {
    this.timeout(120_000);
    const random = seededRandom();
    let compared = 0;
    for (let round = 0; round < 600; round++) {
      const { from, wish } = draw(random);
      const operations = planChanges(from, wish);
      const all = universe(from, wish);
      if (operations.length === 0 || all.length ** (operations.length - 1) > 20_000) continue;
      const where = `${random.label} round ${round}: ${JSON.stringify(wish)}\nfrom ${JSON.stringify(from)}\nby ${JSON.stringify(operations)}`;
      expect(isReached(simulateOperations(from, operations), from, wish), where).to.equal(true);
      expect(isReachable(from, operations.length - 1, from, wish, all), where).to.equal(false);
      compared++;
    }
    expect(compared).to.be.greaterThan(150);
  });
});
