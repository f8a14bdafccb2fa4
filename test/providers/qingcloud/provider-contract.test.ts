import { describeProvider } from '../../../lib/testing/index.js';
import { createQingCloudBed } from '../../support/qingcloud-bed.js';

// What nobody could find out about the service is played in test/faults.
describeProvider({
  name: 'qingcloud on the emulator',
  describe,
  it,
  setup: () => createQingCloudBed(),
  teardown: (bed) => bed.close(),
});
