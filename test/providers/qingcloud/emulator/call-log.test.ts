import { expect } from 'chai';
import { CallLog } from '../../../../providers/qingcloud/emulator/call-log.js';

describe('CallLog', () => {
  it('keeps the last 10,000 calls, counts them all, and is not disturbed by the end of one it forgot', () => {
    const log = new CallLog();
    for (let i = 0; i < 10_001; i++) log.begin(i, 'GET', i % 2 === 0 ? 'DescribeNics' : 'DescribeJobs', {});
    log.end(1, 0, 0, undefined);
    const calls = log.list();
    expect([calls.length, calls[0]?.number, calls.at(-1)?.number]).to.deep.equal([10_000, 2, 10_001]);
    expect(log.counts()).to.deep.equal({ DescribeNics: 5_001, DescribeJobs: 5_000 });
  });

  it('takes down the parameters of the action and none that says who asked', () => {
    const log = new CallLog();
    const common = {
      action: 'CreateNics',
      access_key_id: 'k',
      signature: 's',
      time_stamp: 't',
      zone: 'z',
      signature_method: 'm',
      signature_version: '1',
    };
    const number = log.begin(10, 'POST', 'CreateNics', { ...common, vxnet: 'v', count: '1' });
    log.end(number, 25, 1400, 'cut');
    expect(log.list()).to.deep.equal([
      {
        number: 1,
        at: 10,
        method: 'POST',
        action: 'CreateNics',
        params: { vxnet: 'v', count: '1' },
        retCode: 1400,
        fault: 'cut',
        tookMs: 15,
      },
    ]);
  });
});
