import assert from 'node:assert/strict';
import { assertRefused, attachedNic, type DefineCase, endOfJob, nicById } from './provider-bed.js';

/** Cases about attaching and detaching. @internal */
export function defineJobCases(test: DefineCase): void {
  test('attachNics() ends with the NIC held by the instance', async (bed) => {
    const { provider, subnetId } = bed;
    const made = await provider.createNic({ subnetId, name: 'suite-attach' });
    const instanceId = await provider.instanceId();
    const jobId = await provider.attachNics([made.id], instanceId);
    assert.notEqual(jobId, '');
    assert.deepEqual(await endOfJob(bed, jobId).then(({ id, status, reason }) => ({ id, status, reason })), {
      id: jobId,
      status: 'succeeded',
      reason: undefined,
    });
    const nic = await nicById(bed, made.id);
    assert.deepEqual({ ...nic, createdAt: undefined }, { ...made, status: 'in-use', instanceId, createdAt: undefined });
  });

  test('attachNics() takes as many NICs as its features say', async (bed) => {
    const { provider, subnetId } = bed;
    const count = Math.min(provider.features.maxNicsPerCall, provider.features.maxNicsPerInstance - 1, 8);
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await provider.createNic({ subnetId, name: 'suite-batch' })).id);
    const job = await endOfJob(bed, await provider.attachNics(ids, await provider.instanceId()));
    assert.equal(job.status, 'succeeded');
    const held = await provider.listNics({ name: 'suite-batch', instanceId: await provider.instanceId(), status: 'in-use' });
    assert.deepEqual(held.map((nic) => nic.id).sort(), [...ids].sort());
  });

  test('attachNics() refuses a NIC that is held, and one that does not exist', async (bed) => {
    const { provider, unknownNicId } = bed;
    const instanceId = await provider.instanceId();
    const nic = await attachedNic(bed, 'suite-held');
    await assertRefused(provider.attachNics([nic.id], instanceId), 'attachNics() of a NIC in use', 'ERR_STATE');
    await assertRefused(provider.attachNics([unknownNicId], instanceId), 'attachNics() of an unknown NIC', 'ERR_NOT_FOUND');
  });

  test('detachNics() ends with the NIC available, and it can be deleted then', async (bed) => {
    const { provider } = bed;
    const nic = await attachedNic(bed, 'suite-detach');
    const job = await endOfJob(bed, await provider.detachNics([nic.id]));
    assert.equal(job.status, 'succeeded');
    const after = await nicById(bed, nic.id);
    assert.deepEqual(after, { ...nic, status: 'available', instanceId: undefined });
    await provider.deleteNics([nic.id]);
    assert.deepEqual(await provider.listNics({ ids: [nic.id] }), []);
  });

  test('detachNics() refuses a NIC that nothing holds, and one that does not exist', async ({ provider, subnetId, unknownNicId }) => {
    const nic = await provider.createNic({ subnetId, name: 'suite-free' });
    await assertRefused(provider.detachNics([nic.id]), 'detachNics() of an available NIC', 'ERR_STATE');
    await assertRefused(provider.detachNics([unknownNicId]), 'detachNics() of an unknown NIC', 'ERR_NOT_FOUND');
  });

  test('deleteNics() refuses a NIC that is held', async (bed) => {
    const nic = await attachedNic(bed, 'suite-keep');
    await assertRefused(bed.provider.deleteNics([nic.id]), 'deleteNics() of a NIC in use', 'ERR_STATE');
    assert.deepEqual(await nicById(bed, nic.id), nic);
  });

  test('describeJobs() leaves out jobs that the cloud does not know', async (bed) => {
    const { provider, subnetId, unknownJobId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-jobs' });
    const jobId = await provider.attachNics([nic.id], await provider.instanceId());
    const jobs = await provider.describeJobs([unknownJobId, jobId]);
    assert.deepEqual(
      jobs.map((job) => job.id),
      [jobId],
    );
    assert.deepEqual(await provider.describeJobs([unknownJobId]), []);
  });
}
