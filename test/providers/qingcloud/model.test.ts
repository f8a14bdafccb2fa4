import { expect } from 'chai';
import { toJob, toSubnet } from '../../../providers/qingcloud/model.js';

describe('toSubnet()', () => {
  it('takes a count below nothing for none', () => {
    const free = (count: number | undefined): number | undefined =>
      toSubnet({ vxnet_id: 'vxnet-1', available_ip_count: count }).freeAddresses;
    expect([-1, 0, 7, undefined].map(free)).to.deep.equal([undefined, 0, 7, undefined]);
  });
});

describe('toJob()', () => {
  it('gives the reason of a failure in one line that is not long, whatever words the service has for it', () => {
    const { reason } = toJob({
      job_id: 'j-1',
      status: 'failed',
      job_action: 'Attach\nNics',
      error_codes: ` 50\u001b[2J00\r\n${'x'.repeat(1000)}`,
    });
    expect(reason).to.equal(`Attach Nics ended as "failed", error codes 50 [2J00 ${'x'.repeat(291)}…`);
  });
});
