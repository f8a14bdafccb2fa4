import { expect } from 'chai';
import type { Link } from '../../lib/driver.js';
import { type LinkEvent, linkKind } from '../../netlink/link-monitor.js';
import { compareViews, type ObjectChange, ObjectView } from '../../netlink/object-view.js';
import { routeKind } from '../../netlink/route-monitor.js';
import { toLink } from '../../netlink/to-link.js';
import type { RouteMessage } from '../../netlink/wire/index.js';

const link = (index: number, mtu = 1500, kind = 'ifb'): Link => toLink({ index, name: `n${index}`, mtu, info: { kind } });
const text = (event: LinkEvent): string => (event.kind === 'resync' ? 'resync' : `${event.kind} ${event.link.name} ${event.link.mtu}`);
const route = (dst: string, gateway: string, more: Partial<RouteMessage> = {}): RouteMessage => ({
  family: 2,
  dst,
  gateway,
  table: 254,
  linkIndex: 2,
  protocol: 3,
  flags: 0,
  ...more,
});

describe('compareViews()', () => {
  it('tells what came, changed and went, and takes another kind or a deleted index for another link', () => {
    const before = new ObjectView(linkKind, [link(1), link(2), link(3), link(4), link(5)]).objects;
    const after = new ObjectView(linkKind, [link(1), link(2, 1400), link(4, 1500, 'veth'), link(5), link(6)]).objects;
    expect(compareViews(linkKind, before, after, new Set([5])).map((change) => text(linkKind.toEvent(change)))).to.deep.equal([
      'removed n3 1500',
      'removed n5 1500',
      'changed n2 1400',
      'removed n4 1500',
      'added n4 1500',
      'added n5 1500',
      'added n6 1500',
    ]);
    expect(compareViews(linkKind, after, after)).to.deep.equal([]);
  });
});

describe('ObjectView', () => {
  function take(view: ObjectView<RouteMessage, unknown>, kind: 'present' | 'absent', object: RouteMessage): string {
    const changes: ObjectChange<RouteMessage>[] = [];
    if (!view.take({ kind, object }, changes)) return 'list anew';
    return changes.map((change) => (change.kind === 'resync' ? change.kind : `${change.kind} ${change.object.gateway}`)).join();
  }

  it('takes over what an event says of a route, and asks for a listing where that leaves open which of several is meant', () => {
    const view = new ObjectView(routeKind, [route('10.0.0.0/8', '192.0.2.1')]);
    expect(take(view, 'present', route('10.0.0.0/8', '192.0.2.1'))).to.equal('');
    expect(take(view, 'present', route('10.0.0.0/8', '192.0.2.1', { flags: 16 }))).to.equal('changed 192.0.2.1');
    expect(take(view, 'present', route('10.0.0.0/8', '192.0.2.2', { metric: 5 }))).to.equal('added 192.0.2.2');
    // It may be one more or stand in the place of the first.
    expect(take(view, 'present', route('10.0.0.0/8', '192.0.2.3'))).to.equal('list anew');
    // It may be one of several next hops.
    expect(take(view, 'absent', route('10.0.0.0/8', '192.0.2.3'))).to.equal('list anew');
    expect(take(view, 'absent', route('10.0.0.0/8', '192.0.2.1'))).to.equal('removed 192.0.2.1');
    expect(take(view, 'absent', route('10.0.0.0/8', '192.0.2.1'))).to.equal('');
    expect(take(view, 'present', route('10.0.0.0/8', '192.0.2.3'))).to.equal('added 192.0.2.3');
    expect([...view.objects.values()].map(({ gateway }) => gateway)).to.deep.equal(['192.0.2.2', '192.0.2.3']);
  });
});
