import type { Link, LinkWatch } from '../lib/driver.js';
import { type Monitor, type MonitorOptions, ObjectMonitor, type ResyncEvent, startMonitor } from './monitor.js';
import type { ObjectKind } from './object-view.js';
import type { Rtnetlink } from './rtnetlink.js';
import { toLink } from './to-link.js';
import { decodeLink, FAMILY, RTM, RTNLGRP } from './wire/index.js';

/** A link has come, or has gone: deleted or moved to another namespace. */
export interface LinkPresenceEvent {
  /** Which of the two. */
  readonly kind: 'added' | 'removed';
  /** The link as it is, or as it was last seen. */
  readonly link: Link;
}

/** A link differs from what it was. */
export interface LinkChangeEvent {
  /** What tells this event from the others. */
  readonly kind: 'changed';
  /** The link as it is. */
  readonly link: Link;
  /** The link as it was. */
  readonly before: Link;
}

/** One change that a monitor of links saw. */
export type LinkEvent = LinkPresenceEvent | LinkChangeEvent | ResyncEvent;

/** A running view of the links of a namespace. */
export interface LinkMonitor extends Monitor<Link, LinkEvent>, LinkWatch {
  /** The links as last seen. */
  links(): readonly Link[];
}

const SHOWN: readonly (keyof Link)[] = [
  'name',
  'mac',
  'permanentMac',
  'mtu',
  'up',
  'carrier',
  'loopback',
  'kind',
  'masterIndex',
  'lowerIndex',
];

/** An end of a veth that has no other end yet (IFLA_LINK 0, veth_get_iflink, drivers/net/veth.c). */
function isUnpaired(link: Link): boolean {
  return link.kind === 'veth' && link.lowerIndex === 0;
}

/** How links are watched. */
export const linkKind: ObjectKind<Link, LinkEvent> = {
  name: 'links',
  groups: [RTNLGRP.LINK],
  decode({ type, payload }) {
    if (type !== RTM.NEWLINK && type !== RTM.DELLINK) return undefined;
    const message = decodeLink(payload);
    // A bridge tells of its ports in messages of its own family: "deleted" then only means "left the bridge".
    if (message.family !== FAMILY.UNSPEC) return undefined;
    if (type === RTM.DELLINK) return { kind: 'absent', object: toLink(message) };
    // Wireless events name the link and nothing more.
    return message.mtu === undefined ? { kind: 'lost' } : { kind: 'present', object: toLink(message) };
  },
  list: async (rtnetlink, options) => (await rtnetlink.link.list(options)).map(toLink),
  keyOf: ({ index }) => index,
  isSame: (a, b) => SHOWN.every((key) => a[key] === b[key]) && a.altNames.join('/') === b.altNames.join('/'),
  // It has got the index of one that is gone.
  isAnother: (before, now) => before.kind !== now.kind,
  isUnfinished: isUnpaired,
  async finish(rtnetlink, { index }) {
    const message = await rtnetlink.link.find({ index });
    return message === undefined ? undefined : toLink(message);
  },
  merge(known, { mac, lowerIndex }) {
    if (!isUnpaired(known) || mac !== known.mac || lowerIndex === known.lowerIndex) return undefined;
    return { ...known, lowerIndex };
  },
  toEvent(change) {
    switch (change.kind) {
      case 'resync':
        return change;
      case 'changed':
        return { kind: change.kind, link: change.object, before: change.before };
      default:
        return { kind: change.kind, link: change.object };
    }
  },
};

class KernelLinkMonitor extends ObjectMonitor<Link, LinkEvent> implements LinkMonitor {
  links(): readonly Link[] {
    return this.objects();
  }
}

/**
 * Watches the links of a namespace: subscribes, then lists, then follows the events. When it resolves, nothing that happens from
 * then on is missed; lost events are made good by listing again. `rtnetlink` must stay open as long as the monitor.
 * Only a change of alternative names is not told by the kernel while the link is down; it shows with the link's next change.
 * @throws NetlinkError when the kernel refuses
 */
export async function openLinkMonitor(rtnetlink: Rtnetlink, options: MonitorOptions = {}): Promise<LinkMonitor> {
  return startMonitor(() => new KernelLinkMonitor(linkKind, rtnetlink, options), options);
}
