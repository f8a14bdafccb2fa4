import { createHash } from 'node:crypto';
import type { AttachmentKey } from './request.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const ID_LENGTH = 20;
const SCOPE_LENGTH = 10;

/** RFC 4648 base32 in lower case without padding: safe in file names and in every cloud's NIC names. */
function hash(parts: readonly string[], length: number): string {
  // JSON keeps ['a', 'bc'] and ['ab', 'c'] apart.
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of digest) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return text.slice(0, length);
}

/** True for a text of the form that {@link attachmentId} and {@link gatewayId} give. */
export function isId(text: string): boolean {
  return new RegExp(`^[a-z2-7]{${ID_LENGTH}}$`).test(text);
}

/** The id of an attachment: 20 base32 characters (100 bits of SHA-256) of network name, container id and interface name. Names its files. */
export function attachmentId(key: AttachmentKey): string {
  return hash(['attachment', key.network, key.containerId, key.ifname], ID_LENGTH);
}

/** The id of a host's gateway in a subnet, of the same form as {@link attachmentId}. */
export function gatewayId(subnetId: string): string {
  return hash(['gateway', subnetId], ID_LENGTH);
}

/** The id of a journal on the host's list, by where it is; of the same form as {@link attachmentId}. */
export function journalId(location: string): string {
  return hash(['journal', location], ID_LENGTH);
}

/** What the names of all NICs of a network on an instance start with: `hostnic-p`, 10 base32 characters of (instance id, network), `-`. */
export function nicPrefix(instanceId: string, network: string): string {
  return `hostnic-p${hash(['instance', instanceId, 'network', network], SCOPE_LENGTH)}-`;
}

/**
 * The name of an attachment's NIC: {@link nicPrefix} and {@link attachmentId}, 40 characters.
 *
 * The cloud has no idempotency key, so the name is one: it can be derived again by a command that has lost everything but the key,
 * and no two attachments of an account share it.
 */
export function nicName(instanceId: string, key: AttachmentKey): string {
  return nicPrefix(instanceId, key.network) + attachmentId(key);
}

/** The name of a host's gateway NIC in a subnet: `hostnic-g`, 10 base32 characters of the instance id, `-`, {@link gatewayId}. */
export function gatewayName(instanceId: string, subnetId: string): string {
  return `hostnic-g${hash(['instance', instanceId, 'gateways'], SCOPE_LENGTH)}-${gatewayId(subnetId)}`;
}

/** The name the Go plugin of 2017 gave to every NIC it made on an instance, pods' and gateways' alike. */
export function originalName(instanceId: string): string {
  return `hostnic_${instanceId}`;
}

/** True for names of the form this engine gives to pods' NICs, on whatever instance and for whatever network. */
export function isNicName(name: string): boolean {
  return name.startsWith('hostnic-p') && name.length === 'hostnic-p'.length + SCOPE_LENGTH + 1 + ID_LENGTH;
}

/** The same for gateways. */
export function isGatewayName(name: string): boolean {
  return name.startsWith('hostnic-g') && name.length === 'hostnic-g'.length + SCOPE_LENGTH + 1 + ID_LENGTH;
}

/** True for names of the form that the Go plugin of 2017 gave: see {@link originalName}. */
export function isOriginalName(name: string): boolean {
  return /^hostnic_i-[A-Za-z0-9]+$/.test(name);
}

/** The {@link attachmentId} in a NIC's name that starts with `prefix`; undefined when it is none of that prefix. */
export function idInName(name: string, prefix: string): string | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const id = name.slice(prefix.length);
  return isId(id) ? id : undefined;
}
