import * as t from 'io-ts';
import { parseCidr } from '../address.js';
import { IntegerCodec, refine } from '../codec.js';
import type { AttachmentKey } from './request.js';
import { isStepName, type StepName } from './steps.js';

/** The version of the records this code writes. Records of a newer one are never acted on. */
export const RECORD_VERSION = 1;

/** A job of the cloud whose end is not known yet. */
export interface JobEntry {
  /** The cloud's id of it. */
  readonly id: string;
  /** What it does. */
  readonly kind: 'attach' | 'detach';
}

/** A NIC that a record answers for. */
export interface NicEntry {
  /** The cloud's id of it. */
  readonly id: string;
  /** Hardware address. */
  readonly mac: string;
  /** Its subnet. */
  readonly subnetId: string;
  /** Its addresses without prefix length. */
  readonly addresses: readonly string[];
  /** The job under way on it, if one is. */
  readonly job: JobEntry | undefined;
}

/** A create request that was sent, or may have been, and whose answer is not recorded. */
export interface CreateEntry {
  /** The subnet it names. */
  readonly subnetId: string;
  /** No such request was sent later than this: the command's deadline, in milliseconds since the epoch. */
  readonly notAfter: number;
}

/** What a record knows of the cloud. */
export interface CloudState {
  /** The name of every NIC that was made for it. Undefined while the instance id is not known. */
  readonly nicName: string | undefined;
  /** Subnets its NICs can be in. */
  readonly subnetIds: readonly string[];
  /** NICs that exist or may exist. */
  readonly nics: readonly NicEntry[];
  /** The one of them that serves; all others are surplus and go. */
  readonly nicId: string | undefined;
  /** The create request under way. */
  readonly create: CreateEntry | undefined;
  /**
   * When the last create request ended whose answer was lost, in milliseconds since the epoch: its NIC may still appear.
   * Until a look-up made late enough showed none, the record is watched.
   */
  readonly uncertainAt: number | undefined;
}

/** What both kinds of records start with. */
export interface RecordHeader extends CloudState {
  /** The version of its form. Records of a newer one are never acted on. */
  readonly version: number;
  /** Grows with every write. */
  readonly revision: number;
  /** The instance it was written on; undefined when it was not known. */
  readonly instanceId: string | undefined;
  /** Who asked the cloud for its NICs, as `askerOf` gives it; undefined when nobody did yet. To others the cloud may know nothing of them. */
  readonly asker: string | undefined;
  /** The boot it was written in. */
  readonly bootId: string;
  /** How often finishing it has failed. */
  readonly attempts: number;
  /** When finishing it is worth another try, in milliseconds since the epoch. */
  readonly retryAt: number | undefined;
  /** The step that was about to be taken. */
  readonly step: StepName | undefined;
}

/** True for a record that was written on another instance, as after a machine's image was copied. It is never acted on. */
export function isOfAnotherInstance(record: Pick<RecordHeader, 'instanceId'>, instanceId: string): boolean {
  return record.instanceId !== undefined && record.instanceId !== instanceId;
}

/** The container's namespace as a record remembers it. */
export interface NamespaceEntry {
  /** A path that led to it. */
  readonly path: string | undefined;
  /** Its cookie, unique within a boot. */
  readonly cookie: string;
}

/** A gateway that an attachment's routes lead through. */
export interface GatewayUse {
  /** The cloud's id of the host's NIC. */
  readonly nicId: string;
  /** Its hardware address. */
  readonly mac: string;
  /** Its address: the next hop. */
  readonly address: string;
}

/** A setting of the container's namespace that was changed. */
export interface SysctlEntry {
  /** Its name below `/proc/sys/net`. */
  readonly name: string;
  /** Its value before. */
  readonly before: string;
}

/** An address as it was read back. */
export interface AddressEntry {
  /** With its prefix length. */
  readonly address: string;
  /** The subnet's router. */
  readonly gateway: string | undefined;
}

/** A route as it was read back. */
export interface RouteEntry {
  /** Destination range. */
  readonly dst: string;
  /** Next hop. */
  readonly gateway: string | undefined;
}

/** What was read back from the kernel at the end of ADD. */
export interface ResultEntry {
  /** MTU in bytes. */
  readonly mtu: number;
  /** Addresses with prefix length, and the subnet's router. */
  readonly addresses: readonly AddressEntry[];
  /** Routes that were installed. */
  readonly routes: readonly RouteEntry[];
}

/** The journal of one attachment. */
export interface AttachmentRecord extends RecordHeader {
  /** Tells it from gateway records. */
  readonly kind: 'attachment';
  /** Which attachment. */
  readonly key: AttachmentKey;
  /** `adding` and `removing` without a living owner are work for the next command. */
  readonly state: 'adding' | 'complete' | 'removing';
  /** When ADD began, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** The container's namespace. */
  readonly namespace: NamespaceEntry | undefined;
  /** Settings of the container's namespace that were changed, with their values before. */
  readonly sysctls: readonly SysctlEntry[];
  /** The gateway its routes lead through. A gateway is in use while a record names it. */
  readonly gateway: GatewayUse | undefined;
  /** What ADD answered. */
  readonly result: ResultEntry | undefined;
  /** Why the attach job failed although the NIC had appeared. */
  readonly jobFailure: string | undefined;
  /** A file of the original plugin belongs to it and goes with it. */
  readonly original: boolean;
  /** Hardware addresses by which a DEL without a record knew its NIC; what the cloud calls them is still to be found out. */
  readonly macs: readonly string[];
}

/** The journal of a NIC of the host that containers' routes lead through. */
export interface GatewayRecord extends RecordHeader {
  /** Tells it from attachment records. */
  readonly kind: 'gateway';
  /** The subnet it serves. */
  readonly subnetId: string;
  /** `adding` and `removing` without a living owner are work for the next command. */
  readonly state: 'adding' | 'ready' | 'removing';
  /** It was there before; never removed. */
  readonly found: boolean;
  /** Its address with prefix length. */
  readonly address: string | undefined;
  /** Since when no record names it, in milliseconds since the epoch. */
  readonly unusedSince: number | undefined;
}

function optional<A>(codec: t.Type<A, unknown>): t.Type<A | undefined, unknown> {
  return t.union([codec, t.undefined], codec.name);
}

const JobEntryCodec: t.Type<JobEntry, unknown> = t.type(
  { id: t.string, kind: t.union([t.literal('attach'), t.literal('detach')], 'a kind of job') },
  'a job',
);

const NicEntryCodec: t.Type<NicEntry, unknown> = t.type(
  { id: t.string, mac: t.string, subnetId: t.string, addresses: t.readonlyArray(t.string), job: optional(JobEntryCodec) },
  'a NIC',
);

const CreateEntryCodec: t.Type<CreateEntry, unknown> = t.type({ subnetId: t.string, notAfter: t.number }, 'a create request');

const StepNameCodec: t.Type<StepName, unknown> = new t.Type<StepName, unknown>(
  'the name of a step',
  (value): value is StepName => typeof value === 'string' && isStepName(value),
  (value, context) => (typeof value === 'string' && isStepName(value) ? t.success(value) : t.failure(value, context)),
  t.identity,
);

/** Below `/proc/sys/net`, and not out of it again: what a damaged record names is handed to the kernel. */
const SettingNameCodec: t.Type<string, unknown> = refine(t.string, 'the name of a setting below net', (name) =>
  name.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0')),
);

const CidrCodec: t.Type<string, unknown> = refine(t.string, 'an address with prefix length', (text) => parseCidr(text) !== undefined);

const headerProps = {
  version: refine(t.number, `version ${RECORD_VERSION}`, (version) => version === RECORD_VERSION),
  revision: IntegerCodec,
  instanceId: optional(t.string),
  asker: optional(t.string),
  bootId: t.string,
  attempts: IntegerCodec,
  retryAt: optional(t.number),
  step: optional(StepNameCodec),
  nicName: optional(t.string),
  subnetIds: t.readonlyArray(t.string),
  nics: t.readonlyArray(NicEntryCodec),
  nicId: optional(t.string),
  create: optional(CreateEntryCodec),
  uncertainAt: optional(t.number),
};

const RouteEntriesCodec = t.readonlyArray(t.type({ dst: t.string, gateway: optional(t.string) }, 'a route'));
const AddressEntriesCodec = t.readonlyArray(t.type({ address: t.string, gateway: optional(t.string) }, 'an address'));

const ResultEntryCodec: t.Type<ResultEntry, unknown> = t.type(
  { mtu: t.number, addresses: AddressEntriesCodec, routes: RouteEntriesCodec },
  'a result',
);

/** Reads an attachment's record. */
export const AttachmentRecordCodec: t.Type<AttachmentRecord, unknown> = t.type(
  {
    ...headerProps,
    kind: t.literal('attachment'),
    key: t.type({ network: t.string, containerId: t.string, ifname: t.string }, 'a key'),
    state: t.union([t.literal('adding'), t.literal('complete'), t.literal('removing')], 'a state'),
    createdAt: t.number,
    namespace: optional(t.type({ path: optional(t.string), cookie: t.string }, 'a namespace')),
    sysctls: t.readonlyArray(t.type({ name: SettingNameCodec, before: t.string }, 'a setting')),
    gateway: optional(t.type({ nicId: t.string, mac: t.string, address: t.string }, 'a gateway')),
    result: optional(ResultEntryCodec),
    jobFailure: optional(t.string),
    original: t.boolean,
    macs: t.readonlyArray(t.string),
  },
  'a record',
);

/** Reads a gateway's record. */
export const GatewayRecordCodec: t.Type<GatewayRecord, unknown> = t.type(
  {
    ...headerProps,
    kind: t.literal('gateway'),
    subnetId: t.string,
    state: t.union([t.literal('adding'), t.literal('ready'), t.literal('removing')], 'a state'),
    found: t.boolean,
    address: optional(CidrCodec),
    unusedSince: optional(t.number),
  },
  'a record',
);
