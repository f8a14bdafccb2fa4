import { describeProvider } from '../../../lib/testing/index.js';
import { createMemoryBed, MEMORY_FEATURES, type MemoryBed } from '../../support/memory-bed.js';

const suite = { describe, it, teardown: ({ cloud }: MemoryBed) => cloud.close(), features: MEMORY_FEATURES };

describeProvider({ ...suite, name: 'memory', setup: async () => createMemoryBed() });
describeProvider({
  ...suite,
  name: 'memory, jobs at once',
  setup: async () => createMemoryBed({ jobMs: 0 }),
  features: { ...MEMORY_FEATURES, holdJobs: 'a job is over before the call that starts it' },
});
describeProvider({
  ...suite,
  name: 'memory without abilities',
  setup: async () => createMemoryBed({ features: { wishedAddress: false, forwarding: false, maxNicsPerCall: 1 } }),
  features: { ...MEMORY_FEATURES, wishedAddress: 'switched off for this test', forwarding: 'switched off for this test' },
});
