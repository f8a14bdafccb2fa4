import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttachmentEngine,
  createAttachmentEngine,
  createFileHostStore,
  createFileStore,
  type EngineLimits,
} from '../../lib/attachment/index.js';
import { orThrow } from '../../lib/codec.js';
import type { NamespaceRef, NetworkDriver } from '../../lib/driver.js';
import type { NicProvider } from '../../lib/provider.js';
import { createNamespace, createNetlinkDriver, createVethFabric, fileLocker, type NamespaceHandle } from '../../netlink/index.js';
import { DEFAULT_ACCOUNT, type Emulator, startEmulator } from '../../providers/qingcloud/emulator/index.js';
import { createQingCloudProvider, parseConfig } from '../../providers/qingcloud/index.js';

/** An emulated cloud that plugs real NICs, a machine and its pods, all in namespaces that end with this process. */
export interface LiveAttachmentBed {
  readonly emulator: Emulator;
  readonly engine: AttachmentEngine;
  readonly driver: NetworkDriver;
  readonly host: NamespaceRef;
  readonly directory: string;
  readonly provider: NicProvider;
  /** A new namespace for a container. */
  pod(): Promise<{ readonly ref: NamespaceRef; close(): void }>;
  close(): Promise<void>;
}

export const LIVE_VXNET = 'vxnet-aaaaaaa';
const INSTANCE = 'i-aaaaaaaa';

function refOf(handle: NamespaceHandle): NamespaceRef {
  return { kind: 'path', path: `/proc/${process.pid}/fd/${handle.fd}` };
}

/** What its engine differs in. */
export interface LiveAttachmentBedOptions {
  /** Stands between the engine and the kernel. */
  readonly wrapDriver?: (driver: NetworkDriver) => NetworkDriver;
  readonly limits?: Partial<EngineLimits>;
}

/** Opens it. @param jobMs how long attaching and detaching take */
export async function openLiveAttachmentBed(jobMs: number, options: LiveAttachmentBedOptions = {}): Promise<LiveAttachmentBed> {
  const directory = mkdtempSync(join(tmpdir(), 'hn-attachment-'));
  const machine = await createNamespace('machine');
  const fabric = createVethFabric({});
  const emulator = await startEmulator({
    fabric,
    vxnets: [
      { id: LIVE_VXNET, routerId: 'rtr-aaaaaaaa', cidr: '192.168.100.0/24' },
      { id: 'vxnet-bbbbbbb', routerId: 'rtr-aaaaaaaa', cidr: '192.168.101.0/24' },
    ],
    instances: [{ id: INSTANCE, namespace: refOf(machine), primaryNic: { vxnetId: 'vxnet-bbbbbbb' } }],
    jobs: { attachMs: jobMs, detachMs: jobMs, pendingMs: 0 },
  });
  const instanceIdFile = join(directory, 'instance-id');
  writeFileSync(instanceIdFile, `${INSTANCE}\n`);
  const yaml = [
    `qy_access_key_id: '${DEFAULT_ACCOUNT.accessKeyId}'`,
    `qy_secret_access_key: '${DEFAULT_ACCOUNT.secretAccessKey}'`,
    'zone: pek3a',
    `host: ${emulator.host}`,
    `port: ${emulator.port}`,
    'protocol: http',
  ].join('\n');
  const provider = createQingCloudProvider({ config: orThrow(parseConfig(yaml, 'test')), instanceIdFile });
  const driver = createNetlinkDriver();
  const host = refOf(machine);
  const engine = createAttachmentEngine({
    provider: async () => provider,
    driver: options.wrapDriver?.(driver) ?? driver,
    host,
    store: createFileStore({ directory: join(directory, 'data'), locker: fileLocker }),
    hostStore: createFileHostStore({
      directory: join(directory, 'host'),
      originalDirectory: join(directory, 'original'),
      locker: fileLocker,
    }),
    bootId: 'this boot',
    limits: options.limits ?? {},
  });
  const pods = new Set<NamespaceHandle>();
  return {
    emulator,
    engine,
    driver,
    host,
    directory,
    provider,
    pod: async () => {
      const handle = await createNamespace('pod');
      pods.add(handle);
      return { ref: refOf(handle), close: () => handle.close() };
    },
    close: async () => {
      await emulator.close();
      await provider.close();
      await fabric.close();
      for (const pod of pods) pod.close();
      machine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
