import type { NicProvider } from '../../lib/provider.js';
import type { ProviderBed, SuiteFeatures } from '../../lib/testing/index.js';
import { createMemoryCloud, lostAnswer, type MemoryCloud, type MemoryCloudOptions, refusal } from '../../providers/memory/index.js';

const SUBNETS = [
  { id: 'net-1', networkId: 'vpc-1', cidr: '192.168.100.0/24' },
  { id: 'net-2', networkId: 'vpc-1', cidr: '192.168.101.0/24' },
  { id: 'net-3', networkId: 'vpc-1', cidr: '192.168.102.0/29' },
];

/** What a cloud in the same process lacks. */
export const MEMORY_FEATURES: SuiteFeatures = {
  spoilAnswer: 'a cloud in the same process gives no answers that could be spoilt',
  hideInstanceId: 'the provider is told its instance when it is made',
};

/** A bed on the memory provider. */
export interface MemoryBed extends ProviderBed {
  /** The cloud behind it. */
  readonly cloud: MemoryCloud;
}

/** Puts something between a provider and who uses it. */
export type WrapProvider = (provider: NicProvider, cloud: MemoryCloud) => NicProvider;

/** A bed on the memory provider for the conformance suite. @param wrap changes the providers, to show that the suite notices */
export function createMemoryBed(options: Partial<MemoryCloudOptions> = {}, wrap: WrapProvider = (same) => same): MemoryBed {
  let time = 1_500_000_000_000;
  let held = false;
  const lost: string[] = [];
  const withheld = new Map<string, () => void>();
  const refused = new Map<string, Parameters<typeof refusal>[1]>();
  const clock = { now: () => time, sleep: async () => {} };
  const cloud = createMemoryCloud({ instanceId: 'i-1', subnets: SUBNETS, clock, jobMs: 1000, ...options });
  cloud.onCall = (action, phase) => {
    const code = refused.get(action);
    if (phase === 'before' && code !== undefined) throw refusal(action, code, 'refused as the test wants it');
    if (phase === 'before') return undefined;
    const hasCome = withheld.get(action);
    if (hasCome !== undefined) {
      withheld.delete(action);
      hasCome();
      return new Promise(() => {});
    }
    const at = lost.indexOf(action);
    if (at < 0) return undefined;
    lost.splice(at, 1);
    throw lostAnswer(action);
  };
  return {
    cloud,
    provider: wrap(cloud.provider(), cloud),
    otherProvider: wrap(cloud.provider(), cloud),
    subnetId: 'net-1',
    otherSubnetId: 'net-2',
    smallSubnet: { id: 'net-3', room: 5 },
    freeAddress: '192.168.100.200',
    unknownSubnetId: 'net-none',
    unknownInstanceId: 'i-none',
    unknownNicId: 'nic-none',
    unknownJobId: 'job-none',
    countNics: async (name) => cloud.nics().filter((nic) => nic.name === name).length,
    tick: async () => {
      if (!held) time += 300;
    },
    faults: {
      loseAnswer: (target) => void lost.push(target),
      withholdAnswer: (target) => {
        let came = false;
        withheld.set(target, () => {
          came = true;
        });
        return () => came;
      },
      refuse: (target, code) => void refused.set(target, code),
      failNextJob: (reason) => cloud.failJobs(1, reason),
      holdJobs: () => {
        held = true;
        return async () => {
          held = false;
        };
      },
      addPrimaryNic: () => cloud.addNic({ subnetId: 'net-1', instanceId: 'i-1', role: 'primary' }).id,
    },
  };
}
