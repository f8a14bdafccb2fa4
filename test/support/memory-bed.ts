import type { NicProvider } from '../../lib/provider.js';
import type { ProviderBed } from '../../lib/testing/index.js';
import { createMemoryCloud, lostAnswer, type MemoryCloudOptions, refusal } from '../../providers/memory/index.js';

const SUBNETS = [
  { id: 'net-1', networkId: 'vpc-1', cidr: '192.168.100.0/24' },
  { id: 'net-2', networkId: 'vpc-1', cidr: '192.168.101.0/24' },
];

/** A bed on the memory provider for the conformance suite. @param wrap changes the provider, to show that the suite notices */
export function createMemoryBed(
  options: Partial<MemoryCloudOptions> = {},
  wrap: (provider: NicProvider) => NicProvider = (same) => same,
): ProviderBed {
  let time = 1_500_000_000_000;
  let held = false;
  const lost: string[] = [];
  const refused = new Set<string>();
  const clock = { now: () => time, sleep: async () => {} };
  const cloud = createMemoryCloud({ instanceId: 'i-1', subnets: SUBNETS, clock, jobMs: 1000, ...options });
  cloud.onCall = (action, phase) => {
    if (phase === 'before' && refused.has(action)) throw refusal(action, 'ERR_QUOTA', 'the quota is used up');
    const at = lost.indexOf(action);
    if (phase === 'after' && at >= 0) {
      lost.splice(at, 1);
      throw lostAnswer(action);
    }
  };
  return {
    provider: wrap(cloud.provider()),
    subnetId: 'net-1',
    otherSubnetId: 'net-2',
    freeAddress: '192.168.100.200',
    unknownSubnetId: 'net-none',
    unknownNicId: 'nic-none',
    unknownJobId: 'job-none',
    tick: async () => {
      if (!held) time += 300;
    },
    faults: {
      loseAnswer: (target) => void lost.push(target),
      refuse: (target) => void refused.add(target),
      failNextJob: (reason) => cloud.failJobs(1, reason),
      holdJobs: () => {
        held = true;
      },
      releaseJobs: async () => {
        held = false;
      },
      addPrimaryNic: () => cloud.addNic({ subnetId: 'net-1', instanceId: 'i-1', role: 'primary' }).id,
      countNics: (name) => cloud.nics().filter((nic) => nic.name === name).length,
    },
    teardown: () => cloud.close(),
  };
}
