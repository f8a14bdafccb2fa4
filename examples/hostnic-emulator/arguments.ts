import { InvalidArgumentError } from 'commander';
import { parseCidr, parseIp } from '../../lib/address.js';
import type { NamespaceRef } from '../../lib/driver.js';
import {
  type EmulatedAccount,
  type EmulatorChoice,
  emulatorChoices,
  type FaultRule,
  type VxnetOptions,
} from '../../providers/qingcloud/emulator/index.js';

/** A place to listen at, in this namespace or in one given by its path. */
export interface ListenArgument {
  /** An IP address. */
  readonly host: string;
  /** A TCP port; 0 for any free one. */
  readonly port: number;
  /** The namespace; the command's own without it. */
  readonly namespacePath?: string;
}

/** An instance, and the namespace that plays it. */
export interface InstanceArgument {
  /** `i-…` */
  readonly id: string;
  /** The namespace; without it NICs of the instance exist in the API only. */
  readonly namespace?: NamespaceRef;
}

function splitAt(text: string, separator: string): readonly [string, string | undefined] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + separator.length)];
}

/** Reads `<address>:<port>[@<namespace path>]`. IPv6 addresses stand in brackets. @throws InvalidArgumentError */
export function parseListen(text: string): ListenArgument {
  const [place, namespacePath] = splitAt(text, '@');
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:[\]]+)):(?<port>[0-9]{1,5})$/.exec(place);
  const host = match?.groups?.['v6'] ?? match?.groups?.['v4'] ?? '';
  const port = Number(match?.groups?.['port'] ?? -1);
  if (parseIp(host) === undefined || port < 0 || port > 65_535 || namespacePath === '') {
    throw new InvalidArgumentError('It must look like 127.0.0.1:7777 or [::1]:7777@/run/netns/vm.');
  }
  return { host, port, ...(namespacePath === undefined ? {} : { namespacePath }) };
}

/** Reads `<id>=<range>[@<router id>]`. @throws InvalidArgumentError */
export function parseVxnet(text: string): VxnetOptions {
  const [id, rest = ''] = splitAt(text, '=');
  const [cidr, routerId] = splitAt(rest, '@');
  if (id === '' || parseCidr(cidr)?.family !== 4 || routerId === '') {
    throw new InvalidArgumentError('It must look like vxnet-pods=192.168.100.0/24@rtr-1, or without @rtr-1 for a vxnet in no VPC.');
  }
  return { id, cidr, ...(routerId === undefined ? {} : { routerId }) };
}

/** Reads `<id>[=<namespace path>|own]`. @throws InvalidArgumentError */
export function parseInstance(text: string): InstanceArgument {
  const [id, where] = splitAt(text, '=');
  if (id === '' || (where !== undefined && where !== 'own' && !where.startsWith('/'))) {
    throw new InvalidArgumentError('It must look like i-node1=/run/netns/vm, i-node1=own for this namespace, or i-node1 for the API only.');
  }
  if (where === undefined) return { id };
  return { id, namespace: where === 'own' ? { kind: 'own' } : { kind: 'path', path: where } };
}

/** Reads `<access key id>:<secret>`. @throws InvalidArgumentError, without the secret in its message */
export function parseAccount(text: string): EmulatedAccount {
  const [accessKeyId, secretAccessKey = ''] = splitAt(text, ':');
  if (accessKeyId === '' || secretAccessKey === '') throw new InvalidArgumentError('It must look like KEYID:SECRET.');
  return { accessKeyId, secretAccessKey };
}

/** A choice by its name. */
export type ChoiceArgument = readonly [name: string, value: string | number | boolean];

/** Reads `<name>=<value>`. @throws InvalidArgumentError */
export function parseChoice(text: string): ChoiceArgument {
  const [name, value = ''] = splitAt(text, '=');
  const choice = new Map<string, EmulatorChoice>(Object.entries(emulatorChoices)).get(name);
  if (choice === undefined)
    throw new InvalidArgumentError(`It must be name=value, with one of the names ${Object.keys(emulatorChoices).join(', ')}.`);
  if (typeof choice.values[0] === 'number' && /^[0-9]{1,9}$/.test(value)) return [name, Number(value)];
  const known = choice.values.find((one) => String(one) === value);
  if (known === undefined) throw new InvalidArgumentError(`It must be ${name}=${choice.values.join('|')}.`);
  return [name, known];
}

/** Reads a fault rule as JSON. Whether it is one, the emulator says. @throws InvalidArgumentError */
export function parseFault(text: string): FaultRule {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be JSON, such as {"action":"CreateNics","fault":{"kind":"cut"}}.');
  }
}

/** Reads a whole number of milliseconds, or `never`. @throws InvalidArgumentError */
export function parseReturn(text: string): number | 'never' {
  return text === 'never' ? text : parseMilliseconds(text);
}

/** Reads a whole number of milliseconds. @throws InvalidArgumentError */
export function parseMilliseconds(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of milliseconds.');
  return Number(text);
}

/** Reads a whole number of at least 1. @throws InvalidArgumentError */
export function parseCount(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return Number(text);
}

/** Makes a parser for an option that may be given several times; a first one given replaces the defaults. */
export function repeated<T>(parse: (text: string) => T): (text: string, previous: readonly T[] | undefined) => readonly T[] {
  return (text, previous = []) => [...previous, parse(text)];
}
