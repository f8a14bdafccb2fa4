import { describeDriver } from '../../../lib/testing/index.js';
import { createMemoryDriverBed } from '../../support/memory-driver-bed.js';

describeDriver({ name: 'fake kernel', describe, it, setup: async () => createMemoryDriverBed() });
