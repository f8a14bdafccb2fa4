import type { Link } from '../lib/driver.js';
import { IFF, type LinkMessage } from './wire/index.js';

/** The link of the driver interface that a message of the kernel stands for. */
export function toLink(message: LinkMessage): Link {
  const flags = message.flags ?? 0;
  return {
    index: message.index,
    name: message.name ?? '',
    altNames: message.altNames ?? [],
    mac: message.mac ?? '',
    permanentMac: message.permanentMac,
    mtu: message.mtu ?? 0,
    up: (flags & IFF.UP) !== 0,
    carrier: (flags & IFF.LOWER_UP) !== 0,
    loopback: (flags & IFF.LOOPBACK) !== 0,
    kind: message.info?.kind,
    masterIndex: message.masterIndex,
    lowerIndex: message.lowerIndex,
  };
}
