import { describeProvider } from '../../../lib/testing/index.js';
import { createMemoryBed } from '../../support/memory-bed.js';

describeProvider({ name: 'memory', describe, it, setup: async () => createMemoryBed(), faults: true });
describeProvider({ name: 'memory, jobs at once', describe, it, setup: async () => createMemoryBed({ jobMs: 0 }), faults: false });
describeProvider({
  name: 'memory without abilities',
  describe,
  it,
  setup: async () => createMemoryBed({ features: { wishedAddress: false, forwarding: false, maxNicsPerCall: 1 } }),
  faults: true,
});
