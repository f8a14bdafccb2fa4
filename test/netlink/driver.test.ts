import { describeDriver } from '../../lib/testing/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkDriverBed } from '../support/netlink-driver-bed.js';

describe('createNetlinkDriver()', () => {
  before(function () {
    requireLive(this);
  });

  describeDriver({ name: 'netlink', describe, it, setup: createNetlinkDriverBed });
});
