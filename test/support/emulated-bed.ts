import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Attachment,
  type AttachmentEngine,
  type AttachRequest,
  createAttachmentEngine,
  createMemoryHostStore,
  createMemoryStore,
  type EngineLimits,
} from '../../lib/attachment/index.js';
import { createMemoryFolder, type Folder } from '../../lib/folder/index.js';
import type { NicProvider } from '../../lib/provider.js';
import { createMemoryDriver, createMemoryFabric, createMemoryKernel, type MemoryKernel } from '../../netlink/memory/index.js';
import { DEFAULT_ACCOUNT, type Emulator, type EmulatorOptions, startEmulator } from '../../providers/qingcloud/emulator/index.js';
import { createQingCloudProvider } from '../../providers/qingcloud/index.js';
import { keyOf, pathOf, requestOf } from './attachment-bed.js';
import { loopbackConfig } from './loopback-config.js';
import { countOpenRequests } from './open-requests.js';
import { VirtualClock } from './virtual-clock.js';

/** Settings of {@link openEmulatedBed}. */
export interface EmulatedBedOptions {
  readonly emulator?: Pick<EmulatorOptions, 'vxnets' | 'limits' | 'choices' | 'jobs' | 'random'>;
  readonly limits?: Partial<EngineLimits>;
  /** Numbers for jitter, from 0 up to 1. */
  readonly random?: () => number;
  readonly nicsPerInstance?: number;
}

/**
 * A host in a fake kernel, and the emulated cloud behind real HTTP, both in virtual time: minutes of waiting take no time, and a run is the
 * same every time.
 */
export interface EmulatedBed {
  readonly clock: VirtualClock;
  readonly kernel: MemoryKernel;
  readonly emulator: Emulator;
  /** What runs the commands; another one after a reboot. */
  readonly engine: AttachmentEngine;
  readonly folder: Folder;
  readonly hostFolder: Folder;
  readonly instanceId: string;
  /** Lines of the engine's log, for messages of failures. */
  readonly lines: readonly string[];
  pod(name: string): void;
  removePod(name: string): void;
  /** The machine starts again. @param cut without warning: what was not written durably is gone */
  reboot(cut: boolean): void;
  attach(name: string, patch?: Partial<AttachRequest>): Promise<Attachment>;
  detach(name: string): Promise<void>;
  timing(ms?: number): { readonly deadline: number };
  close(): Promise<void>;
}

export const BED_VXNETS = ['vxnet-a', 'vxnet-b'] as const;
const INSTANCE = 'i-bed00001';
const JOB_MS = 2_000;

/** Counts the provider's calls, so that time stands still while one is at work in ways that nobody sees, such as reading a file. */
function counted(provider: NicProvider, change: (by: 1 | -1) => void): NicProvider {
  const count = <A extends unknown[], T>(call: (...args: A) => Promise<T>): ((...args: A) => Promise<T>) => {
    return async (...args) => {
      change(1);
      try {
        return await call.apply(provider, args);
      } finally {
        change(-1);
      }
    };
  };
  return {
    name: provider.name,
    features: provider.features,
    ...(provider.identity === undefined ? {} : { identity: provider.identity }),
    instanceId: count(provider.instanceId),
    describeSubnets: count(provider.describeSubnets),
    createNic: count(provider.createNic),
    listNics: count(provider.listNics),
    attachNics: count(provider.attachNics),
    detachNics: count(provider.detachNics),
    deleteNics: count(provider.deleteNics),
    describeJobs: count(provider.describeJobs),
    allowForwarding: count(provider.allowForwarding),
    close: () => provider.close(),
  };
}

/** Opens it: an instance whose primary NIC is in a vxnet of its own, and {@link BED_VXNETS} in the same VPC. */
export async function openEmulatedBed(options: EmulatedBedOptions = {}): Promise<EmulatedBed> {
  let atWork = 0;
  let asleep = 0;
  const clock = new VirtualClock(undefined, () => {
    if (requests.asked > requests.taken) return false;
    return atWork === 0 || asleep > 0 || requests.taken > 0;
  });
  const kernel = createMemoryKernel();
  const fabric = createMemoryFabric(kernel);
  const emulator = await startEmulator({
    vxnets: [
      { id: 'vxnet-a', routerId: 'rtr-bed00001', cidr: '192.168.100.0/24' },
      { id: 'vxnet-b', routerId: 'rtr-bed00001', cidr: '192.168.101.0/24' },
      { id: 'vxnet-host', routerId: 'rtr-bed00001', cidr: '192.168.0.0/24' },
    ],
    jobs: { attachMs: JOB_MS, detachMs: JOB_MS },
    ...options.emulator,
    instances: [{ id: INSTANCE, namespace: { kind: 'own' }, primaryNic: { vxnetId: 'vxnet-host', plug: false } }],
    fabric,
    clock,
  });
  const requests = countOpenRequests(emulator.port);
  const [primary] = emulator.nics();
  if (primary === undefined) throw new Error('an instance has a primary NIC');
  const eth0 = kernel.addLink(kernel.initial, { name: 'eth0', mac: primary.id, permanentMac: primary.id, up: true });
  kernel.initial.addAddress(eth0.index, `${primary.address}/24`, 'setup');
  const directory = mkdtempSync(join(tmpdir(), 'hn-emulated-'));
  const instanceIdFile = join(directory, 'instance-id');
  writeFileSync(instanceIdFile, `${INSTANCE}\n`);
  const random = options.random ?? (() => 0.5);
  const real = createQingCloudProvider({
    config: loopbackConfig(emulator.port, { ...DEFAULT_ACCOUNT, connectionTimeoutMs: 0 }),
    instanceIdFile,
    clock: {
      now: () => clock.now(),
      sleep: async (ms, signal) => {
        asleep++;
        try {
          await clock.sleep(ms, signal);
        } finally {
          asleep--;
        }
      },
    },
    random,
    // No answer must ever be late only because this machine is busy: the deadline of a command, which is virtual, ends what never comes.
    requestTimeoutMs: 600_000,
    ...(options.nicsPerInstance === undefined ? {} : { nicsPerInstance: options.nicsPerInstance }),
  });
  const provider = counted(real, (by) => {
    atWork += by;
  });
  const folder = createMemoryFolder('/var/lib/cni/hostnic');
  const hostFolder = createMemoryFolder('/var/lib/hostnic');
  const originals = createMemoryFolder('/var/run/cni/hostnic');
  const tools = { clock, random };
  const lines: string[] = [];
  const startedAt = clock.now();
  const log = (message: string, fields: object = {}): void => {
    lines.push(`${clock.now() - startedAt} ms: ${message} ${JSON.stringify(fields)}`);
  };
  let boot = 0;
  const start = (): AttachmentEngine =>
    createAttachmentEngine({
      provider: async () => provider,
      driver: createMemoryDriver(kernel),
      store: createMemoryStore(tools, folder),
      hostStore: createMemoryHostStore({
        ...tools,
        folder: hostFolder,
        originals,
        openStore: (location) => (location === folder.location ? createMemoryStore(tools, folder) : undefined),
      }),
      bootId: `boot-${++boot}`,
      clock,
      log: { debug: log, info: log, warn: log },
      random,
      limits: { gatewayIdleMs: 0, ...options.limits },
    });
  let engine = start();
  const timing = (ms = 55_000): { readonly deadline: number } => ({ deadline: clock.now() + ms });
  return {
    clock,
    kernel,
    emulator,
    get engine() {
      return engine;
    },
    folder,
    hostFolder,
    instanceId: INSTANCE,
    lines,
    pod: (name) => void kernel.addNamespace(pathOf(name)),
    removePod: (name) => kernel.removeNamespace(pathOf(name)),
    reboot(cut) {
      const places = [
        [folder, 'attachments'],
        [hostFolder, 'gateways'],
      ] as const;
      for (const [place, group] of cut ? places : []) {
        for (const name of place.list(group)) if (!/^[a-z2-7]+\.json$/.test(name)) place.remove(group, name, 'quick');
      }
      kernel.reboot();
      engine = start();
    },
    attach: (name, patch = {}) => engine.attach(requestOf(name, { subnetIds: BED_VXNETS, ...patch }), timing()),
    detach: (name) => engine.detach({ key: keyOf(name), namespace: { kind: 'path', path: pathOf(name) }, subnetIds: BED_VXNETS }, timing()),
    timing,
    async close() {
      await emulator.close();
      await real.close();
      requests.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** NICs in the cloud beside the host's primary one. */
export function secondaryNics({ emulator }: EmulatedBed): ReturnType<Emulator['nics']> {
  return emulator.nics().filter((nic) => nic.role !== 1);
}

interface RecordText {
  readonly nics: readonly { readonly id: string }[];
  readonly nicName?: string;
  readonly create?: unknown;
  readonly uncertainAt?: number;
}

/** Records of the journal as they are now. */
export function recordsOf({ folder, hostFolder }: EmulatedBed): {
  readonly attachments: readonly RecordText[];
  readonly gateways: readonly RecordText[];
} {
  const read = (place: Folder, group: string): RecordText[] =>
    place
      .list(group)
      .filter((file) => /^[a-z2-7]{20}(\.quick)?\.json$/.test(file))
      .map((file) => JSON.parse(place.read(group, file) ?? '') as RecordText);
  return { attachments: read(folder, 'attachments'), gateways: read(hostFolder, 'gateways') };
}

/** NICs in the cloud that no record knows, by id or as the one whose answer was lost: lost ones. */
export function lostNics(bed: EmulatedBed): readonly string[] {
  const { attachments, gateways } = recordsOf(bed);
  const records = [...attachments, ...gateways];
  const ids = new Set(records.flatMap(({ nics }) => nics.map(({ id }) => id)));
  const names = new Set(
    records.flatMap(({ create, uncertainAt, nicName }) => (create === undefined && uncertainAt === undefined ? [] : [nicName])),
  );
  return secondaryNics(bed)
    .filter(({ id, name }) => !ids.has(id) && !names.has(name))
    .map(({ id, name }) => `${id} ${name}`);
}

/** What is left that should not be: NICs, records, links of the host, set aside files. Empty when the host is as it was. */
export function leftovers(bed: EmulatedBed): readonly string[] {
  const { kernel, folder, hostFolder } = bed;
  const files = [
    ...['attachments', 'aside'].flatMap((group) => folder.list(group)),
    ...hostFolder.list('gateways').filter((name) => name !== 'stores.json'),
  ];
  const links = kernel.initial.links().map(({ name }) => name);
  return [
    ...secondaryNics(bed).map(({ id, name }) => `NIC ${id} ${name}`),
    ...files.map((file) => `file ${file}`),
    ...links.filter((name) => name !== 'lo' && name !== 'eth0').map((name) => `link ${name}`),
  ];
}
