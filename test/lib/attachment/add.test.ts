import { expect } from 'chai';
import { isNicError, type NicErrorCode } from '../../../lib/errors.js';
import { lostAnswer, refusal } from '../../../providers/memory/index.js';
import { createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';

/** The error a promise rejects with. */
export async function rejection(promise: Promise<unknown>, code: NicErrorCode): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (!isNicError(error, code)) throw error;
    return error;
  }
  throw new Error(`should have been rejected with ${code}`);
}

describe('attach()', () => {
  it('gives the container a configured NIC and answers with what the kernel shows', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    const attachment = await bed.attach('c1');
    const [nic] = bed.nics();
    expect(attachment).to.deep.equal({
      key: keyOf('c1'),
      nicId: nic?.id,
      subnetId: 'net-1',
      mac: nic?.mac,
      mtu: 1500,
      addresses: [{ address: '192.168.100.2/24', gateway: '192.168.100.1' }],
      routes: [{ dst: '0.0.0.0/0', gateway: '192.168.100.1' }],
    });
    expect(nic).to.deep.include({ status: 'in-use', instanceId: 'i-1' });
    const found = bed.kernel.findByMac(attachment.mac);
    expect(found?.namespace).to.equal(bed.kernel.namespace(pathOf('c1')));
    expect(found?.link).to.deep.include({ name: 'eth0', up: true });
    expect(bed.kernel.namespace(pathOf('c1')).announcements).to.deep.equal([{ linkName: 'eth0', address: '192.168.100.2' }]);
    expect(bed.cloud.calls().map((call) => call.action)).to.deep.equal(['describeSubnets', 'createNic', 'attachNics']);
  });
});
