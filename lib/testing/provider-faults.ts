import assert from 'node:assert/strict';
import { ProviderError } from '../errors.js';
import { assertRefused, attachedNic, type DefineCase, endOfJob, faultsOf, nicById, rejectionOf } from './provider-bed.js';

async function assertUnknown(call: Promise<unknown>, what: string): Promise<void> {
  const error = await rejectionOf(call, what);
  assert.ok(error instanceof ProviderError, `${what} must reject with a ProviderError, not with ${error.name}`);
  assert.equal(error.outcome, 'unknown', `${what}: nobody can know whether it took effect`);
}

/** Cases that need a cloud which fails on demand. @internal */
export function defineFaultCases(test: DefineCase): void {
  test('createNic() is never repeated when its answer is lost, and says that it may have taken effect', async (bed) => {
    const faults = faultsOf(bed);
    faults.loseAnswer('createNic');
    await assertUnknown(bed.provider.createNic({ subnetId: bed.subnetId, name: 'suite-once' }), 'createNic() whose answer is lost');
    assert.equal(faults.countNics('suite-once'), 1, 'exactly one NIC must have been made');
    assert.equal((await bed.provider.listNics({ name: 'suite-once' })).length, 1, 'it must be found by its name');
  });

  test('createNic() is never repeated when its answer is no answer', async (bed) => {
    const faults = faultsOf(bed);
    // A cloud in the same process has no answers that could be spoilt: there a lost one stands for it.
    if (faults.spoilAnswer === undefined) faults.loseAnswer('createNic');
    else faults.spoilAnswer('createNic');
    await assertUnknown(bed.provider.createNic({ subnetId: bed.subnetId, name: 'suite-spoilt' }), 'createNic() whose answer is spoilt');
    assert.ok(faults.countNics('suite-spoilt') <= 1, 'it must not be repeated');
  });

  test('createNic() that is refused makes nothing', async (bed) => {
    const faults = faultsOf(bed);
    faults.refuse('createNic');
    await assertRefused(bed.provider.createNic({ subnetId: bed.subnetId, name: 'suite-refused' }), 'createNic() that is refused');
    assert.equal(faults.countNics('suite-refused'), 0);
  });

  test('attachNics() whose answer is lost says so, and has taken effect', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-lost-attach' });
    faultsOf(bed).loseAnswer('attachNics');
    const instanceId = await provider.instanceId();
    await assertUnknown(provider.attachNics([nic.id], instanceId), 'attachNics() whose answer is lost');
    for (let looks = 0; looks < 2000 && (await nicById(bed, nic.id)).status !== 'in-use'; looks++) await bed.tick();
    assert.equal((await nicById(bed, nic.id)).instanceId, instanceId);
  });

  test('deleteNics() whose answer is lost says so, and has taken effect', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-lost-delete' });
    faultsOf(bed).loseAnswer('deleteNics');
    await assertUnknown(provider.deleteNics([nic.id]), 'deleteNics() whose answer is lost');
    assert.deepEqual(await provider.listNics({ ids: [nic.id] }), []);
  });

  test('a read whose answer is lost is repeated, or rejects', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-read' });
    faultsOf(bed).loseAnswer('listNics');
    let found: readonly { readonly id: string }[];
    try {
      found = await provider.listNics({ ids: [nic.id] });
    } catch (error) {
      assert.ok(error instanceof ProviderError, 'it must reject with a ProviderError');
      found = await provider.listNics({ ids: [nic.id] });
    }
    assert.deepEqual(
      found.map((entry) => entry.id),
      [nic.id],
      'it must never give a wrong answer',
    );
  });

  test('a failed attach job tells why, and leaves the NIC available', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-fail' });
    faultsOf(bed).failNextJob('out of PCI slots');
    const job = await endOfJob(bed, await provider.attachNics([nic.id], await provider.instanceId()));
    assert.equal(job.status, 'failed');
    assert.ok(job.reason !== undefined && job.reason !== '', 'a failed job has a reason');
    assert.equal((await nicById(bed, nic.id)).status, 'available');
  });

  test('a NIC whose job is under way can be neither deleted nor attached', async (bed) => {
    const { provider, subnetId } = bed;
    const faults = faultsOf(bed);
    const nic = await provider.createNic({ subnetId, name: 'suite-moving' });
    const instanceId = await provider.instanceId();
    faults.holdJobs();
    const jobId = await provider.attachNics([nic.id], instanceId);
    assert.deepEqual(
      (await provider.describeJobs([jobId])).map((job) => job.status),
      ['running'],
    );
    await assertRefused(provider.deleteNics([nic.id]), 'deleteNics() of a NIC on its way', 'ERR_STATE');
    await assertRefused(provider.attachNics([nic.id], instanceId), 'attachNics() of a NIC on its way', 'ERR_STATE');
    await faults.releaseJobs();
    assert.equal((await endOfJob(bed, jobId)).status, 'succeeded');
  });

  test('a NIC whose detach is under way cannot be deleted', async (bed) => {
    const { provider } = bed;
    const faults = faultsOf(bed);
    const nic = await attachedNic(bed, 'suite-leaving');
    faults.holdJobs();
    const jobId = await provider.detachNics([nic.id]);
    await assertRefused(provider.deleteNics([nic.id]), 'deleteNics() of a NIC on its way', 'ERR_STATE');
    await faults.releaseJobs();
    assert.equal((await endOfJob(bed, jobId)).status, 'succeeded');
  });

  test('the primary NIC of an instance is told apart, and cannot be detached', async (bed) => {
    const { provider } = bed;
    const id = faultsOf(bed).addPrimaryNic();
    const nic = await nicById(bed, id);
    assert.deepEqual([nic.role, nic.status, nic.instanceId], ['primary', 'in-use', await provider.instanceId()]);
    await assertRefused(provider.detachNics([id]), 'detachNics() of a primary NIC');
    assert.deepEqual(await nicById(bed, id), nic);
  });
}
