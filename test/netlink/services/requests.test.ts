import { expect } from 'chai';
import type { NetlinkRequest } from '../../../netlink/connection.js';
import type { NamespaceHandle } from '../../../netlink/namespace.js';
import {
  addAddressRequest,
  addLinkRequest,
  addNeighbourRequest,
  addRouteRequest,
  addRuleRequest,
  deleteAddressRequest,
  deleteLinkRequest,
  deleteNeighbourRequest,
  deleteRouteRequest,
  deleteRuleRequest,
  replaceNeighbourRequest,
  replaceRouteRequest,
  setLinkRequest,
} from '../../../netlink/services/index.js';
import { FR_ACT, IFA_F, IPVLAN_MODE, MACVLAN_MODE, NLM_F, NTF, NUD, RTN } from '../../../netlink/wire/index.js';
import { codecOf } from '../../support/netlink-codecs.js';
import { netlinkVectors, vectorMessage } from '../../support/netlink-vectors.js';

/** The indexes that links had in the capture. */
const V1 = 2;
const V0 = 3;
const BR0 = 4;
const IFB9 = 5;

/** Each request beside the iproute2 command (the vector's name) that must mean the same to the kernel. */
const cases: readonly { readonly vector: string; readonly request: NetlinkRequest; readonly op: string }[] = [
  {
    vector: 'link add veth',
    request: addLinkRequest({
      kind: 'veth',
      name: 'v0',
      mac: '02:00:00:00:00:01',
      mtu: 1400,
      peer: { name: 'v1', mac: '02:00:00:00:00:02' },
    }),
    op: 'link.add v0 type veth',
  },
  {
    vector: 'link add bridge',
    request: addLinkRequest({ kind: 'bridge', name: 'br0', bridge: { forwardDelay: 200, stpState: 0, multicastSnooping: false } }),
    op: 'link.add br0 type bridge',
  },
  { vector: 'link add ifb', request: addLinkRequest({ kind: 'ifb', name: 'ifb9', txQueueLength: 77 }), op: 'link.add ifb9 type ifb' },
  { vector: 'link add dummy', request: addLinkRequest({ kind: 'dummy', name: 'd0' }), op: 'link.add d0 type dummy' },
  {
    vector: 'link add vlan',
    request: addLinkRequest({ kind: 'vlan', name: 'v0.9', lowerIndex: V0, vlan: { id: 9, protocol: 0x88a8 } }),
    op: 'link.add v0.9 type vlan',
  },
  {
    vector: 'link add macvlan',
    request: addLinkRequest({ kind: 'macvlan', name: 'm0', lowerIndex: V0, macvlan: { mode: MACVLAN_MODE.BRIDGE } }),
    op: 'link.add m0 type macvlan',
  },
  {
    vector: 'link add ipvlan',
    request: addLinkRequest({ kind: 'ipvlan', name: 'i0', lowerIndex: V0, ipvlan: { mode: IPVLAN_MODE.L3, flags: 0 } }),
    op: 'link.add i0 type ipvlan',
  },
  {
    vector: 'link add vxlan',
    request: addLinkRequest({
      kind: 'vxlan',
      name: 'vx0',
      vxlan: { id: 42, local: '192.0.2.1', group: '192.0.2.2', port: 4789, ttl: 5, learning: false },
    }),
    op: 'link.add vx0 type vxlan',
  },
  {
    vector: 'link add vxlan IPv6',
    request: addLinkRequest({
      kind: 'vxlan',
      name: 'vx6',
      vxlan: { id: 43, local6: 'fd00::1', group6: 'fd00::2', port: 4789, learning: true },
    }),
    op: 'link.add vx6 type vxlan',
  },
  { vector: 'link set up mtu', request: setLinkRequest(V0, { up: true, mtu: 1300 }), op: 'link.set 3 up true mtu 1300' },
  { vector: 'link set down', request: setLinkRequest(V0, { up: false }), op: 'link.set 3 up false' },
  {
    vector: 'link set address',
    request: setLinkRequest(V0, { mac: '02:00:00:00:00:03' }),
    op: 'link.set 3 mac 02:00:00:00:00:03',
  },
  { vector: 'link set alias', request: setLinkRequest(V0, { alias: 'for-tests' }), op: 'link.set 3 alias for-tests' },
  { vector: 'link set master', request: setLinkRequest(V0, { masterIndex: BR0 }), op: 'link.set 3 masterIndex 4' },
  { vector: 'link set nomaster', request: setLinkRequest(V0, { masterIndex: 0 }), op: 'link.set 3 masterIndex 0' },
  { vector: 'link set name', request: setLinkRequest(V1, { name: 'v2' }), op: 'link.set 2 name v2' },
  {
    vector: 'address add IPv4',
    request: addAddressRequest({ linkIndex: BR0, address: '192.0.2.10/24', broadcast: '192.0.2.255', label: 'br0:x' }),
    op: 'address.add 192.0.2.10/24 on link 4',
  },
  {
    vector: 'address add peer',
    request: addAddressRequest({ linkIndex: BR0, address: '198.51.100.1/32', peer: '198.51.100.2', routeMetric: 7 }),
    op: 'address.add 198.51.100.1/32 on link 4',
  },
  {
    vector: 'address add loopback',
    request: addAddressRequest({ linkIndex: 1, address: '127.0.0.2/8' }),
    op: 'address.add 127.0.0.2/8 on link 1',
  },
  { vector: 'address del', request: deleteAddressRequest(1, '127.0.0.2/8'), op: 'address.delete 127.0.0.2/8 on link 1' },
  {
    vector: 'route add',
    request: addRouteRequest({ dst: '203.0.113.0/24', gateway: '192.0.2.1', linkIndex: BR0 }),
    op: 'route.add 203.0.113.0/24 via 192.0.2.1 on link 4',
  },
  {
    vector: 'route add default',
    request: addRouteRequest({ dst: '0.0.0.0/0', gateway: '192.0.2.1' }),
    op: 'route.add 0.0.0.0/0 via 192.0.2.1',
  },
  { vector: 'route add link', request: addRouteRequest({ dst: '198.18.0.0/15', linkIndex: BR0 }), op: 'route.add 198.18.0.0/15 on link 4' },
  {
    vector: 'route add onlink',
    request: addRouteRequest({
      dst: '203.0.113.128/25',
      gateway: '233.252.0.1',
      linkIndex: BR0,
      onlink: true,
      table: 1000,
      metric: 50,
      metrics: { mtu: 1300, advmss: 1260 },
    }),
    op: 'route.add 203.0.113.128/25 via 233.252.0.1 on link 4 table 1000 metric 50',
  },
  {
    vector: 'route add multipath',
    request: addRouteRequest({
      dst: '100.64.0.0/10',
      nextHops: [
        { gateway: '192.0.2.1', linkIndex: 0 },
        { gateway: '192.0.2.2', linkIndex: 0, weight: 3 },
      ],
    }),
    op: 'route.add 100.64.0.0/10 nexthop via 192.0.2.1 nexthop via 192.0.2.2',
  },
  {
    vector: 'route add via',
    request: addRouteRequest({ dst: '198.19.0.0/24', via: '2001:db8::1', linkIndex: BR0 }),
    op: 'route.add 198.19.0.0/24 via 2001:db8::1 on link 4',
  },
  { vector: 'route add blackhole', request: addRouteRequest({ dst: '240.0.0.0/8', type: RTN.BLACKHOLE }), op: 'route.add 240.0.0.0/8' },
  {
    vector: 'route add IPv6',
    request: addRouteRequest({
      dst: '2001:db8:1::/48',
      gateway: '2001:db8::1',
      linkIndex: BR0,
      metric: 9,
      preferredSource: '2001:db8::10',
    }),
    op: 'route.add 2001:db8:1::/48 via 2001:db8::1 on link 4 metric 9',
  },
  {
    vector: 'route replace',
    request: replaceRouteRequest({ dst: '203.0.113.0/24', gateway: '192.0.2.2', linkIndex: BR0 }),
    op: 'route.replace 203.0.113.0/24 via 192.0.2.2 on link 4',
  },
  { vector: 'route del', request: deleteRouteRequest({ dst: '203.0.113.0/24' }), op: 'route.delete 203.0.113.0/24' },
  {
    vector: 'rule add',
    request: addRuleRequest({
      src: '192.0.2.0/24',
      dst: '203.0.113.0/24',
      inputName: 'br0',
      mark: 0x10,
      markMask: 0xff,
      table: 1000,
      priority: 100,
    }),
    op: 'rule.add src 192.0.2.0/24 dst 203.0.113.0/24 inputName br0 mark 16 markMask 255 table 1000 priority 100',
  },
  {
    vector: 'rule add IPv6',
    request: addRuleRequest({ src: '2001:db8::/32', table: 20, priority: 101, suppressPrefix: 0 }),
    op: 'rule.add src 2001:db8::/32 table 20 priority 101 suppressPrefix 0',
  },
  {
    vector: 'rule add ports',
    request: addRuleRequest({
      ipProtocol: 6,
      sourcePorts: { from: 1000, to: 2000 },
      destinationPorts: { from: 443, to: 443 },
      uidRange: { from: 5, to: 9 },
      action: FR_ACT.PROHIBIT,
      priority: 102,
    }),
    op: 'rule.add ipProtocol 6 sourcePorts 1000-2000 destinationPorts 443-443 uidRange 5-9 action 8 priority 102',
  },
  {
    vector: 'rule add goto',
    request: addRuleRequest({ flags: 2, outputName: 'br0', goto: 32766, priority: 103 }),
    op: 'rule.add flags 2 outputName br0 goto 32766 priority 103',
  },
  { vector: 'rule del', request: deleteRuleRequest({ priority: 103 }), op: 'rule.delete priority 103' },
  {
    vector: 'neighbour add',
    request: addNeighbourRequest({ linkIndex: BR0, address: '192.0.2.77', mac: '02:00:00:00:00:77' }),
    op: 'neighbour.add 192.0.2.77 on link 4',
  },
  {
    vector: 'neighbour replace',
    request: replaceNeighbourRequest({ linkIndex: BR0, address: '2001:db8::77', mac: '02:00:00:00:00:78', state: NUD.REACHABLE }),
    op: 'neighbour.replace 2001:db8::77 on link 4',
  },
];

/** Header flags without ACK, which the connection adds, and bits that iproute2 sets without meaning. */
const meaning = (flags: number): number => flags & ~(NLM_F.REQUEST | NLM_F.ACK);

describe('netlink requests', () => {
  for (const { vector, request, op } of cases) {
    const origin = netlinkVectors.find(({ name }) => name === vector)?.origin ?? '';
    it(`${op} means what is sent by: ${origin}`, () => {
      const sent = vectorMessage(vector);
      const codec = codecOf(sent.type);
      expect(request.op).to.equal(op);
      expect(request.type).to.equal(sent.type);
      expect(request.flags ?? 0).to.equal(meaning(sent.flags));
      expect(codec?.decode(request.payload)).to.deep.equal(codec?.decode(sent.payload));
    });
  }

  it('add an IPv6 address with its lifetimes and flags', () => {
    const request = addAddressRequest({
      linkIndex: BR0,
      address: '2001:db8::10/64',
      flags: IFA_F.NODAD,
      preferredSeconds: 1800,
      validSeconds: 3600,
    });
    // iproute2 writes a flag that fits into the header nowhere else; the kernel joins both places.
    const theirs = codecOf(request.type)?.decode(vectorMessage('address add IPv6').payload) as object;
    expect(codecOf(request.type)?.decode(request.payload)).to.deep.equal({ ...theirs, flags: IFA_F.NODAD });
  });

  it('name the link to delete by index, by name, or by a long alternative name', () => {
    const decode = (request: NetlinkRequest): unknown => codecOf(request.type)?.decode(request.payload);
    const nothing = { family: 0, type: 0, flags: 0, change: 0 };
    expect(decode(deleteLinkRequest({ index: IFB9 }))).to.deep.equal({ ...nothing, index: IFB9 });
    expect(decode(deleteLinkRequest({ name: 'fifteen-letters' }))).to.deep.equal({ ...nothing, index: 0, name: 'fifteen-letters' });
    expect(decode(deleteLinkRequest({ name: 'sixteen--letters' }))).to.deep.equal({ ...nothing, index: 0, altName: 'sixteen--letters' });
  });

  it('delete a proxy entry by its flag', () => {
    const proxy = deleteNeighbourRequest({ linkIndex: BR0, address: '192.0.2.78', flags: NTF.PROXY });
    expect(codecOf(29)?.decode(proxy.payload)).to.deep.equal({
      family: 2,
      linkIndex: BR0,
      state: 0,
      flags: NTF.PROXY,
      type: 0,
      address: '192.0.2.78',
    });
  });

  it('refuse what cannot be written, naming what is needed', () => {
    expect(() => addAddressRequest({ linkIndex: 1, address: '192.0.2.1' })).to.throw(RangeError, /prefix length/);
    expect(() => addAddressRequest({ linkIndex: 1, address: '192.0.2.300/24' })).to.throw(RangeError);
    expect(() => addRouteRequest({ dst: '10.0.0.0', linkIndex: 1 })).to.throw(RangeError, /prefix length/);
    expect(() => addRouteRequest({ dst: '10.0.0.0/33', linkIndex: 1 })).to.throw(RangeError, /prefix length/);
    expect(() => addRouteRequest({ dst: '10.0.0.0/8', gateway: 'router' })).to.throw(RangeError, /IP address/);
    expect(() => setLinkRequest(1, { mac: '02-00-00-00-00-01' })).to.throw(RangeError, /hardware address/);
    expect(() => setLinkRequest(1, { mtu: -1 })).to.throw(RangeError, /whole number/);
    expect(() => setLinkRequest(1, { name: 'a\0b' })).to.throw(RangeError, /null byte/);
  });

  it('can be made with a namespace handle, by whose descriptor the kernel knows it', () => {
    const namespace = { fd: 77 } as NamespaceHandle;
    const request = addLinkRequest({ kind: 'veth', name: 'a', namespace, peer: { name: 'b', namespace: { fd: 78 } as NamespaceHandle } });
    const link = codecOf(request.type)?.decode(request.payload) as {
      namespaceFd: number;
      info: { veth: { peer: { namespaceFd: number } } };
    };
    expect(link.namespaceFd).to.equal(77);
    expect(link.info.veth.peer.namespaceFd).to.equal(78);
  });
});
