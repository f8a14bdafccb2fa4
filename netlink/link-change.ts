import type { Link } from '../lib/driver.js';

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

/** Events were lost, and the links are listed anew; differences follow as events of the other kinds. */
export interface LinkResyncEvent {
  /** What tells this event from the others. */
  readonly kind: 'resync';
}

/** One change that a monitor saw. */
export type LinkEvent = LinkPresenceEvent | LinkChangeEvent | LinkResyncEvent;

function isSameLink(a: Link, b: Link): boolean {
  const keys: readonly (keyof Link)[] = [
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
  return keys.every((key) => a[key] === b[key]) && a.altNames.join('/') === b.altNames.join('/');
}

/** An end of a veth that has no other end yet (IFLA_LINK 0, veth_get_iflink, drivers/net/veth.c). */
export function isUnpaired(link: Link): boolean {
  return link.kind === 'veth' && link.lowerIndex === 0;
}

/** Appends what has become of one index. A link whose kind differs is another one, which has got the index of one that is gone. */
export function compareLinks(before: Link | undefined, link: Link, events: LinkEvent[]): void {
  if (before === undefined) {
    events.push({ kind: 'added', link });
  } else if (before.kind !== link.kind) {
    events.push({ kind: 'removed', link: before }, { kind: 'added', link });
  } else if (!isSameLink(before, link)) {
    events.push({ kind: 'changed', link, before });
  }
}

/**
 * The events that lead from one view to another.
 * @param gone indexes of links that were deleted meanwhile, so that one which is there now is another one
 */
export function compareViews(
  before: ReadonlyMap<number, Link>,
  after: ReadonlyMap<number, Link>,
  gone: ReadonlySet<number> = new Set(),
): readonly LinkEvent[] {
  const events: LinkEvent[] = [];
  for (const [index, link] of before) if (!after.has(index) || gone.has(index)) events.push({ kind: 'removed', link });
  for (const [index, link] of after) compareLinks(gone.has(index) ? undefined : before.get(index), link, events);
  return events;
}
