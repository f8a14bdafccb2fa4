import { type Monitor, type MonitorOptions, ObjectMonitor, type ResyncEvent, startMonitor } from './monitor.js';
import type { ObjectKind } from './object-view.js';
import type { Rtnetlink } from './rtnetlink.js';
import { type AddressLifetime, type AddressMessage, decodeAddress, FAMILY, RTM, RTNLGRP } from './wire/index.js';

/** An address has come or has gone. */
export interface AddressPresenceEvent {
  /** Which of the two. */
  readonly kind: 'added' | 'removed';
  /** The address as it is, or as it was last seen. */
  readonly address: AddressMessage;
}

/** An address differs from what it was: its flags, such as those of duplicate detection, its lifetime, its label, … */
export interface AddressChangeEvent {
  /** What tells this event from the others. */
  readonly kind: 'changed';
  /** The address as it is. */
  readonly address: AddressMessage;
  /** The address as it was. */
  readonly before: AddressMessage;
}

/** One change that a monitor of addresses saw. */
export type AddressEvent = AddressPresenceEvent | AddressChangeEvent | ResyncEvent;

/** A running view of the addresses of a namespace, of all its links and both families. */
export interface AddressMonitor extends Monitor<AddressMessage, AddressEvent> {
  /** The addresses as last seen. Lifetimes are as of then. */
  addresses(): readonly AddressMessage[];
}

const FOR_EVER = 0xffff_ffff;

/** What of a lifetime does not run off by itself. */
function setting({ preferredSeconds, validSeconds, createdAt, updatedAt }: AddressLifetime): readonly unknown[] {
  return [createdAt, updatedAt, validSeconds === FOR_EVER, preferredSeconds === FOR_EVER];
}

function shown(address: AddressMessage): string {
  const { label, broadcast, scope, flags, lifetime, routeMetric, protocol, unknown } = address;
  return JSON.stringify([label, broadcast, scope, flags, lifetime === undefined ? [] : setting(lifetime), routeMetric, protocol, unknown]);
}

/** How addresses are watched. */
export const addressKind: ObjectKind<AddressMessage, AddressEvent> = {
  name: 'addresses',
  groups: [RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR],
  decode({ type, payload }) {
    if (type !== RTM.NEWADDR && type !== RTM.DELADDR) return undefined;
    const object = decodeAddress(payload);
    if (object.family !== FAMILY.INET && object.family !== FAMILY.INET6) return undefined;
    return { kind: type === RTM.NEWADDR ? 'present' : 'absent', object };
  },
  list: (rtnetlink, options) => rtnetlink.address.list(options),
  // The other end of a point-to-point pair belongs to it.
  keyOf: ({ linkIndex, local, address, prefix }) => `${linkIndex} ${local ?? address} ${prefix} ${address}`,
  isSame: (a, b) => shown(a) === shown(b),
  toEvent(change) {
    switch (change.kind) {
      case 'resync':
        return change;
      case 'changed':
        return { kind: change.kind, address: change.object, before: change.before };
      default:
        return { kind: change.kind, address: change.object };
    }
  },
};

class KernelAddressMonitor extends ObjectMonitor<AddressMessage, AddressEvent> implements AddressMonitor {
  addresses(): readonly AddressMessage[] {
    return this.objects();
  }
}

/**
 * Watches the addresses of a namespace, as `ip monitor address` does: subscribes, then lists, then follows the events. When it resolves,
 * nothing that happens from then on is missed; lost events are made good by listing again. `rtnetlink` must stay open as long as the monitor.
 * @throws NetlinkError when the kernel refuses
 */
export async function openAddressMonitor(rtnetlink: Rtnetlink, options: MonitorOptions = {}): Promise<AddressMonitor> {
  return startMonitor(() => new KernelAddressMonitor(addressKind, rtnetlink, options), options);
}
