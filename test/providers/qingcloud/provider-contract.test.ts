import { describeProvider } from '../../../lib/testing/index.js';
import { createQingCloudBed, type QingCloudBed } from '../../support/qingcloud-bed.js';

const suite = { describe, it, teardown: (bed: QingCloudBed) => bed.close() };

describeProvider({ ...suite, name: 'qingcloud on the emulator', setup: () => createQingCloudBed() });

// What nobody could find out about the service is played both ways.
describeProvider({
  ...suite,
  name: 'qingcloud where unknown ids are errors and names match in part',
  setup: () => createQingCloudBed({ choices: { unknownIds: 'error', nameFilter: 'partial' } }),
});
describeProvider({
  ...suite,
  name: 'qingcloud where the name filter is ignored and addresses come at random',
  setup: () => createQingCloudBed({ choices: { nameFilter: 'ignored', addressOrder: 'random', createAllOrNothing: false } }),
});
