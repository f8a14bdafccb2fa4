import { expect } from 'chai';
import {
  decodeAddress,
  decodeLink,
  decodeMessages,
  decodeNeighbour,
  decodeRoute,
  decodeRule,
  type LinkMessage,
  type NeighbourMessage,
  NTF,
  NUD,
  RTM,
} from '../../../netlink/wire/index.js';
import {
  compact,
  type IpObject,
  type LinkNames,
  ROUTE_KEYS_LEFT_OUT,
  toIpAddress,
  toIpNeighbour,
  toIpRoute,
  toIpRule,
} from '../../support/ip-json.js';
import { LINK_KEYS_LEFT_OUT, type LinkSurroundings, surroundings, toIpLink } from '../../support/ip-json-link.js';
import { type ListingVector, listingVectors } from '../../support/netlink-vectors.js';

function listing(name: string): ListingVector {
  const found = listingVectors.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no listing ${name}`);
  return found;
}

function decoded<T>(name: string, type: number, decode: (payload: Uint8Array) => T): readonly T[] {
  return decodeMessages(listing(name).bytes)
    .filter((message) => message.type === type)
    .map(({ payload }) => decode(payload));
}

const links = (): readonly LinkMessage[] => decoded('links', RTM.NEWLINK, (payload) => decodeLink(payload, { stats: true }));
const around = (): LinkSurroundings => surroundings(links());

/** Object by object, so that a difference is shown with its neighbourhood and not within a long list. */
function expectSame(ours: readonly IpObject[], printed: readonly IpObject[], least: number): void {
  for (const [i, one] of printed.entries()) expect(ours[i], JSON.stringify(one).slice(0, 100)).to.deep.equal(one);
  expect(ours).to.have.length(printed.length).and.to.have.length.of.at.least(least);
}

/** Words that ip makes of what it prints as a number too. */
function withoutWords(object: IpObject, leftOut: Readonly<Record<string, string>>, path = ''): IpObject {
  return Object.fromEntries(
    Object.entries(object)
      // Here the timers are of the same bytes, so they are compared.
      .filter(([key]) => !(`${path}${key}` in leftOut) || key.endsWith('_timer'))
      .map(([key, value]) => {
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        return [key, isObject ? withoutWords(value as IpObject, leftOut, `${path}${key}.`) : value];
      }),
  );
}

/** States of an entry as `bridge fdb` names them, the first that counts; it says nothing where an entry may age. */
const FDB_STATES = { permanent: NUD.PERMANENT, static: NUD.NOARP, stale: NUD.STALE };
const FDB_FLAGS = { self: NTF.SELF, router: NTF.ROUTER, extern_learn: NTF.EXT_LEARNED, offload: NTF.OFFLOADED, sticky: NTF.STICKY };

/** An entry of a forwarding table as `bridge -d -j fdb` prints it. */
function toFdbEntry(entry: NeighbourMessage, names: LinkNames): IpObject {
  return compact({
    mac: entry.mac,
    ifname: names.get(entry.linkIndex),
    dst: entry.address,
    vlan: entry.vlan,
    port: entry.port,
    vni: entry.vni,
    viaIf: entry.viaIndex === undefined ? undefined : names.get(entry.viaIndex),
    flags: Object.entries(FDB_FLAGS).flatMap(([name, bit]) => (((entry.flags ?? 0) & bit) === 0 ? [] : [name])),
    master: entry.masterIndex === undefined ? undefined : names.get(entry.masterIndex),
    state: Object.entries(FDB_STATES).find(([, bit]) => ((entry.state ?? 0) & bit) !== 0)?.[0] ?? '',
  });
}

describe('listings as the kernel sent them, decoded, beside what ip printed of the same bytes', () => {
  it(`links of every kind: ${listing('links').origin}`, () => {
    const ours = links().map((link) => withoutWords(toIpLink(link, around()), LINK_KEYS_LEFT_OUT));
    expectSame(
      ours,
      listing('links').printed.map((link) => withoutWords(link, LINK_KEYS_LEFT_OUT)),
      40,
    );
  });

  it(`addresses: ${listing('addresses').origin}`, () => {
    const printed = listing('addresses').printed.flatMap((link) =>
      ((link['addr_info'] ?? []) as readonly IpObject[]).map((info) => ({ ifindex: link['ifindex'], ...info })),
    );
    const ours = decoded('addresses', RTM.NEWADDR, decodeAddress).map((one) => ({ ifindex: one.linkIndex, ...toIpAddress(one) }));
    // ip groups by link, the kernel by family first; the order within is kept.
    expectSame(
      [...ours].sort((a, b) => a.ifindex - b.ifindex),
      printed,
      20,
    );
  });

  for (const name of ['routes IPv4', 'routes IPv6']) {
    it(`${name}: ${listing(name).origin}`, () => {
      const { names } = around();
      const ours = decoded(name, RTM.NEWROUTE, decodeRoute).map((route) => toIpRoute(route, names));
      expectSame(
        ours,
        listing(name).printed.map((route) => withoutWords(route, ROUTE_KEYS_LEFT_OUT)),
        40,
      );
    });
  }

  for (const [name, least] of [
    ['rules IPv4', 15],
    ['rules IPv6', 7],
  ] as const) {
    it(`${name}: ${listing(name).origin}`, () => {
      expectSame(decoded(name, RTM.NEWRULE, decodeRule).map(toIpRule), listing(name).printed, least);
    });
  }

  for (const [name, least] of [
    ['neighbours', 30],
    ['proxies', 3],
  ] as const) {
    it(`${name}: ${listing(name).origin}`, () => {
      const { names } = around();
      expectSame(
        decoded(name, RTM.NEWNEIGH, decodeNeighbour).map((one) => toIpNeighbour(one, names)),
        listing(name).printed,
        least,
      );
    });
  }

  it(`forwarding tables: ${listing('forwarding tables').origin}`, () => {
    const { names } = around();
    const ours = decoded('forwarding tables', RTM.NEWNEIGH, decodeNeighbour).map((entry) => toFdbEntry(entry, names));
    expectSame(ours, listing('forwarding tables').printed, 50);
  });
});
