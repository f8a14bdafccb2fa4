import assert from 'node:assert/strict';
import { assertRefused, attachedNic, createNics, endOfJob, idsOf, nicById, resultOf } from './provider-bed.js';
import { type DefineCase, faultOf } from './provider-suite.js';

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
    assert.deepEqual(idsOf(held), [...ids].sort(), 'all of them must be held');
  });

  test('attachNics() refuses a NIC that is held, and one that does not exist', async (bed) => {
    const { provider, unknownNicId } = bed;
    const instanceId = await provider.instanceId();
    const nic = await attachedNic(bed, 'suite-held');
    await assertRefused(provider.attachNics([nic.id], instanceId), 'attachNics() of a NIC in use', 'ERR_STATE');
    await assertRefused(provider.attachNics([unknownNicId], instanceId), 'attachNics() of an unknown NIC', 'ERR_NOT_FOUND');
  });

  test('attachNics() refuses an instance that does not exist, and all of its NICs when one is refused', async (bed) => {
    const { provider, unknownInstanceId, unknownNicId } = bed;
    const ids = await createNics(bed, 'suite-nowhere', 2);
    const [first = ''] = ids;
    await assertRefused(provider.attachNics([first], unknownInstanceId), 'attachNics() to an unknown instance', 'ERR_NOT_FOUND');
    if (provider.features.maxNicsPerCall > 1) {
      const mixed = provider.attachNics([first, unknownNicId], await provider.instanceId());
      await assertRefused(mixed, 'attachNics() of a NIC and an unknown one', 'ERR_NOT_FOUND');
    }
    const free = await provider.listNics({ name: 'suite-nowhere', status: 'available' });
    assert.deepEqual(idsOf(free), [...ids].sort(), 'what is refused changes nothing');
    // Not on its way either.
    const jobId = await resultOf(provider.attachNics([first], await provider.instanceId()), 'attachNics() after one that was refused');
    assert.equal((await endOfJob(bed, jobId)).status, 'succeeded');
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
    const jobs = await resultOf(provider.describeJobs([unknownJobId, jobId]), 'describeJobs() with an unknown id');
    assert.deepEqual(
      jobs.map((job) => job.id),
      [jobId],
    );
    assert.deepEqual(await resultOf(provider.describeJobs([unknownJobId]), 'describeJobs() of an unknown id'), []);
  });

  test.needing('failNextJob')('a failed attach job tells why, and leaves the NIC available', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-fail' });
    await faultOf(bed, 'failNextJob')('out of PCI slots');
    const job = await endOfJob(bed, await provider.attachNics([nic.id], await provider.instanceId()));
    assert.equal(job.status, 'failed', 'a job that failed must be told as failed');
    assert.ok(job.reason !== undefined && job.reason !== '', 'a failed job has a reason');
    assert.equal((await nicById(bed, nic.id)).status, 'available');
  });

  test.needing('holdJobs')('a NIC whose job is under way can be neither deleted nor attached', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-moving' });
    const instanceId = await provider.instanceId();
    const release = await faultOf(bed, 'holdJobs')();
    const jobId = await provider.attachNics([nic.id], instanceId);
    assert.deepEqual(
      (await provider.describeJobs([jobId])).map((job) => job.status),
      ['running'],
      'a job that was held must be running',
    );
    await assertRefused(provider.deleteNics([nic.id]), 'deleteNics() of a NIC on its way', 'ERR_STATE');
    await assertRefused(provider.attachNics([nic.id], instanceId), 'attachNics() of a NIC on its way', 'ERR_STATE');
    await release();
    assert.equal((await endOfJob(bed, jobId)).status, 'succeeded');
  });

  test.needing('holdJobs')('a NIC whose detach is under way cannot be deleted', async (bed) => {
    const { provider } = bed;
    const nic = await attachedNic(bed, 'suite-leaving');
    const release = await faultOf(bed, 'holdJobs')();
    const jobId = await provider.detachNics([nic.id]);
    await assertRefused(provider.deleteNics([nic.id]), 'deleteNics() of a NIC on its way', 'ERR_STATE');
    await release();
    assert.equal((await endOfJob(bed, jobId)).status, 'succeeded');
  });

  test.needing('addPrimaryNic')('the primary NIC of an instance is told apart, and cannot be detached', async (bed) => {
    const { provider } = bed;
    const id = await faultOf(bed, 'addPrimaryNic')();
    const nic = await nicById(bed, id);
    assert.deepEqual([nic.role, nic.status, nic.instanceId], ['primary', 'in-use', await provider.instanceId()]);
    await assertRefused(provider.detachNics([id]), 'detachNics() of a primary NIC');
    assert.deepEqual(await nicById(bed, id), nic);
  });
}
