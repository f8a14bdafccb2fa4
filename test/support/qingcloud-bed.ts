import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NicProvider } from '../../lib/provider.js';
import type { FaultTarget, ProviderBed, StagedRefusal } from '../../lib/testing/index.js';
import { type EmulatorOptions, type ErrorFault, startEmulator } from '../../providers/qingcloud/emulator/index.js';
import { createQingCloudProvider } from '../../providers/qingcloud/index.js';
import { loopbackConfig } from './loopback-config.js';

const ACCOUNT = { accessKeyId: 'QYACCESSKEYIDEXAMPLE', secretAccessKey: 'SECRETACCESSKEY' };
const ACTIONS: Readonly<Record<FaultTarget, string>> = {
  createNic: 'CreateNics',
  listNics: 'DescribeNics',
  attachNics: 'AttachNics',
  detachNics: 'DetachNics',
  deleteNics: 'DeleteNics',
  describeJobs: 'DescribeJobs',
  describeSubnets: 'DescribeVxnets',
};

const REFUSALS: Readonly<Record<StagedRefusal, NonNullable<ErrorFault['error']>>> = {
  ERR_AUTH: 'signature',
  ERR_CLOCK: 'expired',
  ERR_BALANCE: 'balance',
  ERR_QUOTA: 'quota',
  ERR_RATE_LIMIT: 'rate-limit',
  ERR_CAPACITY: 'no-resources',
  ERR_BUSY: 'busy',
  ERR_SERVICE: 'internal',
};

/** A bed on the emulator. */
export interface QingCloudBed extends ProviderBed {
  /** Takes everything down. */
  close(): Promise<void>;
}

/** A bed for the conformance suite: the QingCloud provider on the emulator. */
export async function createQingCloudBed(options: EmulatorOptions = {}): Promise<QingCloudBed> {
  const folder = await mkdtemp(join(tmpdir(), 'hostnic-bed-'));
  const instanceIdFile = join(folder, 'instance-id');
  await writeFile(instanceIdFile, 'i-bed00001\n');
  const emulator = await startEmulator({
    accounts: [ACCOUNT],
    vxnets: [
      { id: 'vxnet-bed0001', routerId: 'rtr-bed00001', cidr: '192.168.100.0/24' },
      { id: 'vxnet-bed0002', routerId: 'rtr-bed00001', cidr: '192.168.101.0/24' },
      {
        id: 'vxnet-bed0003',
        routerId: 'rtr-bed00001',
        cidr: '192.168.102.0/24',
        dynRange: { start: '192.168.102.10', end: '192.168.102.14' },
      },
    ],
    instances: [{ id: 'i-bed00001', primaryNic: { vxnetId: 'vxnet-bed0001' } }],
    jobs: { attachMs: 10, detachMs: 10, pendingMs: 2 },
    ...options,
  });
  const connect = (): NicProvider =>
    createQingCloudProvider({
      config: loopbackConfig(emulator.port, ACCOUNT),
      instanceIdFile,
      // Repetitions need not wait here.
      clock: { now: () => Date.now(), sleep: async () => {} },
    });
  const provider = connect();
  const otherProvider = connect();
  const primary = emulator.nics().find((nic) => nic.instanceId === 'i-bed00001');
  return {
    provider,
    otherProvider,
    subnetId: 'vxnet-bed0001',
    otherSubnetId: 'vxnet-bed0002',
    smallSubnet: { id: 'vxnet-bed0003', room: 5 },
    freeAddress: '192.168.100.200',
    unknownSubnetId: 'vxnet-none000',
    unknownInstanceId: 'i-none0000',
    unknownNicId: '52:54:ff:ff:ff:ff',
    unknownJobId: 'j-none0000',
    tick: () => new Promise((resolve) => setTimeout(resolve, 2)),
    faults: {
      loseAnswer: (target) => void emulator.addFault({ action: ACTIONS[target], fault: { kind: 'cut' } }),
      spoilAnswer: (target) => void emulator.addFault({ action: ACTIONS[target], fault: { kind: 'garbage', when: 'before' } }),
      withholdAnswer: (target) => {
        const id = emulator.addFault({ action: ACTIONS[target], fault: { kind: 'silence' } });
        return () => emulator.faults().some((fault) => fault.id === id && fault.struck > 0);
      },
      refuse: (target, code) =>
        void emulator.addFault({ action: ACTIONS[target], fault: { kind: 'error', error: REFUSALS[code] }, times: 'always' }),
      failNextJob: (reason) => void emulator.addFault({ fault: { kind: 'job', outcome: 'failed', errorCodes: reason } }),
      holdJobs: () => {
        emulator.holdJobs();
        return async () => emulator.releaseJobs();
      },
      addPrimaryNic: () => primary?.id ?? '',
      hideInstanceId: () => unlink(instanceIdFile),
    },
    countNics: async (name) => emulator.nics().filter((nic) => nic.name === name).length,
    close: async () => {
      await Promise.all([provider.close(), otherProvider.close()]);
      await emulator.close();
      await rm(folder, { recursive: true });
    },
  };
}
