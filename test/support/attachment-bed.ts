import {
  type AttachmentEngine,
  type AttachmentKey,
  type AttachmentStore,
  type AttachRequest,
  createAttachmentEngine,
  createMemoryHostStore,
  createMemoryStore,
  type EngineLimits,
  type HostStore,
} from '../../lib/attachment/index.js';
import type { Clock } from '../../lib/clock.js';
import type { NetworkDriver, NetworkNamespace } from '../../lib/driver.js';
import { createMemoryFolder, type Folder } from '../../lib/folder/index.js';
import type { LogFields, Logger } from '../../lib/log.js';
import type { Nic } from '../../lib/nic.js';
import type { NicProvider } from '../../lib/provider.js';
import {
  createMemoryDriver,
  createMemoryFabric,
  createMemoryKernel,
  type MemoryFabric,
  type MemoryKernel,
} from '../../netlink/memory/index.js';
import { createMemoryCloud, type MemoryCloud, type MemoryCloudOptions } from '../../providers/memory/index.js';
import { VirtualClock } from './virtual-clock.js';

/** Settings of {@link createAttachmentBed}. */
export interface AttachmentBedOptions {
  readonly cloud?: Partial<MemoryCloudOptions>;
  readonly limits?: Partial<EngineLimits>;
  readonly log?: Logger;
  /** Data folders of further configurations. */
  readonly folders?: readonly Folder[];
  /** The host's primary NIC is in this subnet. Default `net-host`. */
  readonly primarySubnet?: string;
}

/** One process that uses the engine. Processes share clock, kernel, cloud and folders. */
export interface BedProcess {
  readonly engine: AttachmentEngine;
  /** The process dies: its locks are free, and nothing that it was about to do happens any more. */
  kill(): void;
}

/** What a process differs in. */
export interface BedProcessOptions {
  readonly limits?: Partial<EngineLimits>;
  /** Another data folder than the bed's. */
  readonly folder?: Folder;
  readonly provider?: () => Promise<NicProvider>;
  /** Runs on another instance, as after the machine's image was copied. */
  readonly instanceId?: string;
  readonly bootId?: string;
  /** Another kernel's. */
  readonly driver?: NetworkDriver;
  /** Called at each effect on a folder: throwing stops it. */
  readonly onFolder?: (operation: string) => void;
}

/** A host, a cloud and a kernel in memory. */
export interface AttachmentBed {
  readonly clock: VirtualClock;
  readonly kernel: MemoryKernel;
  readonly fabric: MemoryFabric;
  readonly cloud: MemoryCloud;
  readonly driver: NetworkDriver;
  readonly folder: Folder;
  readonly hostFolder: Folder;
  readonly originals: Folder;
  readonly hostStore: HostStore;
  readonly primary: Nic;
  readonly lines: readonly { readonly level: string; readonly message: string; readonly fields: LogFields }[];
  process(options?: BedProcessOptions): BedProcess;
  /** The process that {@link attach} and {@link detach} use; another one after a reboot. */
  readonly engine: AttachmentEngine;
  pod(name: string): void;
  attach(name: string, patch?: Partial<AttachRequest>): ReturnType<AttachmentEngine['attach']>;
  detach(name: string): Promise<void>;
  timing(ms?: number): { readonly deadline: number };
  /** NICs that the cloud holds beside the host's primary one. */
  nics(): readonly Nic[];
  /** Names of files in the folders, locks left out. */
  files(): readonly string[];
  reboot(): void;
  /** Reboots without warning: what was not written durably is gone. */
  cutPower(): void;
  bootId(): string;
}

export const SUBNETS = [
  { id: 'net-1', networkId: 'vpc-1', cidr: '192.168.100.0/24' },
  { id: 'net-2', networkId: 'vpc-1', cidr: '192.168.101.0/24' },
  { id: 'net-host', networkId: 'vpc-1', cidr: '192.168.0.0/24' },
  { id: 'net-other', networkId: 'vpc-2', cidr: '10.0.0.0/24' },
  { id: 'net-bare' },
];

export function keyOf(name: string): AttachmentKey {
  return { network: 'pods', containerId: name, ifname: 'eth0' };
}

export function pathOf(name: string): string {
  return `/run/netns/${name}`;
}

export function requestOf(name: string, patch: Partial<AttachRequest> = {}): AttachRequest {
  return {
    key: keyOf(name),
    namespace: { kind: 'path', path: pathOf(name) },
    subnetIds: ['net-1'],
    routes: [],
    defaultRoute: true,
    ...patch,
  };
}

const never = (): Promise<never> => new Promise(() => {});

/** A view of a folder that dies with its process. */
function mortalFolder(
  folder: Folder,
  isDead: () => boolean,
  onFolder: (operation: string) => void,
  locks: Set<{ release(): void }>,
): Folder {
  const alive = (): void => {
    if (isDead()) throw new Error('this process is dead');
  };
  const effect = (operation: string, act: () => void): void => {
    alive();
    onFolder(`before ${operation}`);
    act();
    onFolder(`after ${operation}`);
  };
  return {
    location: folder.location,
    read: (group, name) => {
      alive();
      return folder.read(group, name);
    },
    list: (group) => {
      alive();
      return folder.list(group);
    },
    write: (group, name, text, sync) => effect(`write ${sync} ${group}/${name}`, () => folder.write(group, name, text, sync)),
    mark: (group, name, text) => effect(`mark ${group}/${name}`, () => folder.mark(group, name, text)),
    remove: (group, name, sync) => effect(`remove ${group}/${name}`, () => folder.remove(group, name, sync)),
    isLocked: (name) => {
      alive();
      return folder.isLocked(name);
    },
    move: (group, name, target) => effect(`move ${group}/${name}`, () => folder.move(group, name, target)),
    tryLock: (name) => {
      alive();
      const lock = folder.tryLock(name);
      if (lock === undefined) return undefined;
      locks.add(lock);
      return {
        release() {
          locks.delete(lock);
          lock.release();
        },
      };
    },
  };
}

function mortalProvider(provider: NicProvider, isDead: () => boolean): NicProvider {
  const guard = <A extends readonly unknown[], T>(call: (...args: A) => Promise<T>): ((...args: A) => Promise<T>) => {
    return async (...args) => {
      if (isDead()) return never();
      const result = await call(...args);
      return isDead() ? never() : result;
    };
  };
  return {
    name: provider.name,
    features: provider.features,
    ...(provider.identity === undefined ? {} : { identity: provider.identity }),
    instanceId: guard(provider.instanceId),
    describeSubnets: guard(provider.describeSubnets),
    createNic: guard(provider.createNic),
    listNics: guard(provider.listNics),
    attachNics: guard(provider.attachNics),
    detachNics: guard(provider.detachNics),
    deleteNics: guard(provider.deleteNics),
    describeJobs: guard(provider.describeJobs),
    allowForwarding: guard(provider.allowForwarding),
    close: () => provider.close(),
  };
}

function mortalClock(clock: Clock, isDead: () => boolean): Clock {
  return {
    now: () => clock.now(),
    sleep: async (ms, signal) => {
      if (isDead()) return never();
      await clock.sleep(ms, signal);
      if (isDead()) return never();
    },
  };
}

/** Makes a bed: instance `i-1` with a primary NIC eth0 that is up and has its address. */
export async function createAttachmentBed(options: AttachmentBedOptions = {}): Promise<AttachmentBed> {
  const clock = new VirtualClock();
  const kernel = createMemoryKernel();
  const fabric = createMemoryFabric(kernel);
  await fabric.addInstance('i-1', { kind: 'own' });
  for (const subnet of SUBNETS) {
    if (subnet.cidr === undefined) continue;
    await fabric.addSubnet({
      id: subnet.id,
      networkId: subnet.networkId ?? '',
      cidr: subnet.cidr,
      gateway: subnet.cidr.replace('.0/24', '.1'),
    });
  }
  const cloud = createMemoryCloud({
    instanceId: 'i-1',
    subnets: SUBNETS,
    clock,
    fabric,
    jobMs: 400,
    linkMs: 200,
    timers: true,
    ...options.cloud,
  });
  const primary = cloud.addNic({ subnetId: options.primarySubnet ?? 'net-host', instanceId: 'i-1', role: 'primary' });
  const eth0 = kernel.addLink(kernel.initial, { name: 'eth0', mac: primary.mac, permanentMac: primary.mac, up: true });
  kernel.initial.addAddress(eth0.index, `${primary.addresses[0]}/24`, 'setup');
  const driver = createMemoryDriver(kernel);
  const folder = createMemoryFolder('/var/lib/cni/hostnic');
  const hostFolder = createMemoryFolder('/var/lib/hostnic');
  const originals = createMemoryFolder('/var/run/cni/hostnic');
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const log: Logger = options.log ?? {
    debug: (message, fields = {}) => void lines.push({ level: 'debug', message, fields }),
    info: (message, fields = {}) => void lines.push({ level: 'info', message, fields }),
    warn: (message, fields = {}) => void lines.push({ level: 'warn', message, fields }),
  };
  let boot = 1;
  let seed = 1;
  const random = (): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const process = (own: BedProcessOptions = {}): BedProcess => {
    let dead = false;
    const isDead = (): boolean => dead;
    const locks = new Set<{ release(): void }>();
    const tools = { clock: mortalClock(clock, isDead), random };
    const places = [folder, ...(options.folders ?? [])];
    // As on disk: a journal is where its location says, whoever asks.
    const openStore = (location: string): AttachmentStore | undefined => {
      const place = places.find((candidate) => candidate.location === location);
      return place === undefined ? undefined : createMemoryStore(tools, mortal(place));
    };
    const mortal = (place: Folder): Folder => mortalFolder(place, isDead, own.onFolder ?? (() => {}), locks);
    const provider = own.provider ?? (async () => cloud.provider({ instanceId: own.instanceId ?? 'i-1' }));
    const open = new Set<NetworkNamespace>();
    const engine = createAttachmentEngine({
      provider: async () => mortalProvider(await provider(), isDead),
      driver: {
        open: async (ref, callOptions) => {
          const namespace = await (own.driver ?? driver).open(ref, callOptions);
          open.add(namespace);
          return namespace;
        },
      },
      store: createMemoryStore(tools, mortal(own.folder ?? folder)),
      hostStore: createMemoryHostStore({ ...tools, folder: mortal(hostFolder), originals: mortal(originals), openStore }),
      bootId: own.bootId ?? `boot-${boot}`,
      clock: tools.clock,
      log,
      random,
      limits: { ...options.limits, ...own.limits },
    });
    return {
      engine,
      kill() {
        dead = true;
        for (const lock of locks) lock.release();
        locks.clear();
        // The kernel closes what a dead process had open: a namespace that nobody else holds dies with it.
        for (const namespace of open) namespace.close();
      },
    };
  };
  let current = process();
  const reboot = (): void => {
    boot++;
    kernel.reboot();
    current = process();
  };
  const pod = (name: string): void => void kernel.addNamespace(pathOf(name));
  const timing = (ms = 55_000): { readonly deadline: number } => ({ deadline: clock.now() + ms });
  return {
    clock,
    kernel,
    fabric,
    cloud,
    driver,
    folder,
    hostFolder,
    originals,
    hostStore: createMemoryHostStore({ clock, random, folder: hostFolder, originals }),
    primary,
    lines,
    process,
    get engine() {
      return current.engine;
    },
    pod,
    attach: (name, patch) => current.engine.attach(requestOf(name, patch), timing()),
    detach: (name) =>
      current.engine.detach({ key: keyOf(name), namespace: { kind: 'path', path: pathOf(name) }, subnetIds: ['net-1', 'net-2'] }, timing()),
    timing,
    nics: () => cloud.nics().filter((nic) => nic.id !== primary.id),
    files: () => [
      ...folder.list('attachments').map((name) => `attachments/${name}`),
      ...folder.list('aside').map((name) => `aside/${name}`),
      ...hostFolder.list('gateways').map((name) => `gateways/${name}`),
    ],
    reboot,
    cutPower() {
      for (const [place, group] of [
        [folder, 'attachments'],
        [hostFolder, 'gateways'],
      ] as const) {
        for (const name of place.list(group)) if (!/^[a-z2-7]+\.json$/.test(name)) place.remove(group, name, 'quick');
      }
      reboot();
    },
    bootId: () => `boot-${boot}`,
  };
}

/** Gives the host the gateway of the original plugin, as that leaves it: attached, up, with its address. */
export async function plugOriginalGateway(bed: AttachmentBed): Promise<Nic> {
  const nic = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1', instanceId: 'i-1' });
  const [address = ''] = nic.addresses;
  await bed.fabric.plug({ id: nic.id, mac: nic.mac, subnetId: nic.subnetId, address }, 'i-1');
  const host = await bed.driver.open({ kind: 'own' });
  const { index } = (await host.listLinks()).find(({ mac }) => mac === nic.mac) ?? { index: 0 };
  await host.changeLink(index, { up: true });
  await host.addAddress(index, `${address}/24`);
  host.close();
  return nic;
}
