import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultTarget, ProviderBed } from '../../lib/testing/index.js';
import { type EmulatorOptions, startEmulator } from '../../providers/qingcloud/emulator/index.js';
import { createQingCloudProvider } from '../../providers/qingcloud/index.js';

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

/** A bed for the conformance suite: the QingCloud provider on the emulator. */
export async function createQingCloudBed(options: EmulatorOptions = {}): Promise<ProviderBed> {
  const folder = await mkdtemp(join(tmpdir(), 'hostnic-bed-'));
  const instanceIdFile = join(folder, 'instance-id');
  await writeFile(instanceIdFile, 'i-bed00001\n');
  const emulator = await startEmulator({
    accounts: [ACCOUNT],
    vxnets: [
      { id: 'vxnet-bed0001', routerId: 'rtr-bed00001', cidr: '192.168.100.0/24' },
      { id: 'vxnet-bed0002', routerId: 'rtr-bed00001', cidr: '192.168.101.0/24' },
    ],
    instances: [{ id: 'i-bed00001', primaryNic: { vxnetId: 'vxnet-bed0001' } }],
    jobs: { attachMs: 10, detachMs: 10, pendingMs: 2 },
    ...options,
  });
  const provider = createQingCloudProvider({
    config: {
      ...ACCOUNT,
      zone: 'pek3a',
      protocol: 'http',
      host: emulator.host,
      port: emulator.port,
      path: '/iaas',
      connectionRetries: 3,
      connectionTimeoutMs: 5000,
      logLevel: 'warn',
    },
    instanceIdFile,
    // Repetitions need not wait here.
    clock: { now: () => Date.now(), sleep: async () => {} },
  });
  const primary = emulator.nics().find((nic) => nic.instanceId === 'i-bed00001');
  return {
    provider,
    subnetId: 'vxnet-bed0001',
    otherSubnetId: 'vxnet-bed0002',
    freeAddress: '192.168.100.200',
    unknownSubnetId: 'vxnet-none000',
    unknownNicId: '52:54:ff:ff:ff:ff',
    unknownJobId: 'j-none0000',
    tick: () => new Promise((resolve) => setTimeout(resolve, 2)),
    faults: {
      loseAnswer: (target) => void emulator.addFault({ action: ACTIONS[target], fault: { kind: 'cut' } }),
      spoilAnswer: (target) => void emulator.addFault({ action: ACTIONS[target], fault: { kind: 'garbage', when: 'before' } }),
      refuse: (target) => void emulator.addFault({ action: ACTIONS[target], fault: { kind: 'error', error: 'quota' }, times: 'always' }),
      failNextJob: (reason) => void emulator.addFault({ fault: { kind: 'job', outcome: 'failed', errorCodes: reason } }),
      holdJobs: () => emulator.holdJobs(),
      releaseJobs: async () => emulator.releaseJobs(),
      addPrimaryNic: () => primary?.id ?? '',
      countNics: (name) => emulator.nics().filter((nic) => nic.name === name).length,
    },
    teardown: async () => {
      await provider.close();
      await emulator.close();
      await rm(folder, { recursive: true });
    },
  };
}
