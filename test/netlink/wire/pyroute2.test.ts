import { expect } from 'chai';
import {
  type AddressMessage,
  decodeMessages,
  type LinkMessage,
  type NeighbourMessage,
  type NsidMessage,
  type RouteMessage,
  type RuleMessage,
} from '../../../netlink/wire/index.js';
import { codecOf } from '../../support/netlink-codecs.js';
import { normalForm } from '../../support/netlink-normal-form.js';
import { pyroute2Vectors } from '../../support/netlink-vectors.js';

type Model = LinkMessage | AddressMessage | RouteMessage | RuleMessage | NeighbourMessage | NsidMessage;

const link = (model: Partial<LinkMessage>): LinkMessage => ({ family: 0, type: 0, index: 0, flags: 0, change: 0, ...model });

/** What test/support/capture-pyroute2.py asks pyroute2 to encode under each name. */
const models: Readonly<Record<string, Model>> = {
  dummy: link({ name: 'd0', mtu: 1400, info: { kind: 'dummy' } }),
  ifb: link({ name: 'ifb0', txQueueLength: 77, info: { kind: 'ifb' } }),
  veth: link({
    name: 'v0',
    mac: '02:00:00:00:00:01',
    info: { kind: 'veth', veth: { peer: link({ name: 'v1', mtu: 1300, namespaceFd: 9 }) } },
  }),
  vlan: link({
    name: 'v0.9',
    lowerIndex: 3,
    info: {
      kind: 'vlan',
      vlan: {
        id: 9,
        protocol: 0x88a8,
        flags: { reorderHeader: false, gvrp: true, looseBinding: true },
        egressQos: [
          { from: 1, to: 5 },
          { from: 2, to: 6 },
        ],
        ingressQos: [{ from: 7, to: 0 }],
      },
    },
  }),
  macvlan: link({
    name: 'm0',
    lowerIndex: 3,
    info: {
      kind: 'macvlan',
      macvlan: { mode: 16, flags: 1, macAddressMode: 3, macAddresses: ['02:00:00:00:00:98', '02:00:00:00:00:99'] },
    },
  }),
  ipvlan: link({ name: 'i0', lowerIndex: 3, info: { kind: 'ipvlan', ipvlan: { mode: 1 } } }),
  bridge: link({
    name: 'br0',
    info: {
      kind: 'bridge',
      bridge: {
        forwardDelay: 300,
        ageingTime: 20000,
        priority: 1234,
        vlanFiltering: true,
        vlanProtocol: 0x88a8,
        groupAddress: '01:80:c2:00:00:05',
        multicastHashMax: 2048,
        multicastQueryInterval: 12501n,
        callArptables: true,
        vlanDefaultPvid: 7,
      },
    },
  }),
  vxlan: link({
    name: 'vx0',
    info: {
      kind: 'vxlan',
      vxlan: {
        id: 4711,
        group: '192.0.2.99',
        local: '192.0.2.10',
        linkIndex: 3,
        ttl: 9,
        tos: 16,
        learning: false,
        ageingSeconds: 60,
        limit: 10,
        sourcePorts: { from: 10000, to: 20000 },
        proxy: true,
        port: 4789,
      },
    },
  }),
  'settings and a move': link({ index: 5, name: 'eth0', namespacePid: 4242, masterIndex: 0, alias: 'größer', group: 5 }),
  'address IPv4': {
    family: 2,
    prefix: 24,
    headerFlags: 0,
    scope: 0,
    linkIndex: 4,
    local: '192.0.2.10',
    address: '192.0.2.10',
    broadcast: '192.0.2.255',
    label: 'br0:x',
    flags: 0x200,
  },
  'address IPv6': {
    family: 10,
    prefix: 64,
    headerFlags: 0,
    scope: 0,
    linkIndex: 4,
    address: '2001:db8::10',
    lifetime: { preferredSeconds: 1800, validSeconds: 3600, createdAt: 0, updatedAt: 0 },
    flags: 2,
  },
  'route with metrics': {
    family: 2,
    dst: '203.0.113.0/24',
    tos: 0,
    table: 1000,
    protocol: 4,
    scope: 0,
    type: 1,
    flags: 4,
    gateway: '192.0.2.1',
    linkIndex: 4,
    metric: 50,
    preferredSource: '192.0.2.10',
    metrics: { mtu: 1300, advmss: 1260, initcwnd: 12 },
  },
  'route with next hops': {
    family: 2,
    dst: '100.64.0.0/10',
    tos: 0,
    table: 254,
    protocol: 3,
    scope: 0,
    type: 1,
    flags: 0,
    nextHops: [
      { flags: 0, weight: 1, linkIndex: 4, gateway: '192.0.2.1' },
      { flags: 4, weight: 3, linkIndex: 4, gateway: '192.0.2.2' },
    ],
  },
  'route IPv6': {
    family: 10,
    dst: '2001:db8:1::/48',
    src: '2001:db8::/32',
    tos: 0,
    table: 254,
    protocol: 3,
    scope: 0,
    type: 1,
    flags: 0,
    gateway: 'fe80::1',
    linkIndex: 4,
    preference: 1,
  },
  rule: {
    family: 2,
    dst: '203.0.113.0/24',
    src: '192.0.0.0/16',
    tos: 0,
    table: 70000,
    action: 1,
    flags: 2,
    priority: 100,
    inputName: 'br0',
    outputName: 'lo',
    mark: 16,
    markMask: 255,
    suppressPrefix: 0,
    uidRange: { from: 1000, to: 2000 },
    ipProtocol: 6,
    sourcePorts: { from: 1000, to: 2000 },
    destinationPorts: { from: 443, to: 443 },
    protocol: 99,
  },
  'rule of a VRF': { family: 10, tos: 0, table: 0, action: 1, flags: 0, priority: 110, l3mdev: true },
  neighbour: { family: 2, linkIndex: 4, state: 0x80, flags: 0, type: 0, address: '192.0.2.77', mac: '02:00:00:00:00:77' },
  'entry of a forwarding table': {
    family: 7,
    linkIndex: 4,
    state: 0x40,
    flags: 2,
    type: 0,
    mac: '02:00:00:00:00:77',
    address: '192.0.2.99',
    port: 4790,
    vni: 42,
    vlan: 9,
  },
  'namespace id': { id: 5, pid: 4242 },
};

describe('netlink wire codecs beside the encoder of pyroute2', () => {
  it('cover every message that is there', () => {
    expect(pyroute2Vectors.map(({ name }) => name)).to.have.members(Object.keys(models));
  });

  for (const { name, origin, bytes } of pyroute2Vectors) {
    const [message] = decodeMessages(bytes);
    const codec = codecOf(message?.type ?? 0);
    const payload = message?.payload ?? new Uint8Array(0);

    it(`read "${name}" as what was meant (${origin})`, () => {
      expect(codec?.decode(payload)).to.deep.equal(models[name]);
    });

    it(`write "${name}" as pyroute2 does (${origin})`, () => {
      const ours = codec?.encode(models[name]) ?? new Uint8Array(0);
      expect(normalForm(message?.type ?? 0, ours)).to.deep.equal(normalForm(message?.type ?? 0, payload));
    });
  }
});
