import assert from 'node:assert/strict';
import { ProviderError } from '../errors.js';
import { assertRefused, attachedNic, createNics, endOfJob, idsOf, nicById } from './provider-bed.js';
import type { DefineCase } from './provider-suite.js';

/** Of calls for the same thing at the same time at least one succeeds, and the others do or are told by one of these codes that it is done. */
async function assertOneWins(calls: readonly Promise<unknown>[], what: string, ...codes: readonly string[]): Promise<void> {
  const ends = await Promise.allSettled(calls);
  assert.ok(
    ends.some((end) => end.status === 'fulfilled'),
    `${what}: one must succeed`,
  );
  for (const end of ends) {
    if (end.status === 'fulfilled') continue;
    const error: unknown = end.reason;
    assert.ok(error instanceof ProviderError, `${what} must reject with a ProviderError`);
    assert.ok(codes.includes(error.code), `${what} must reject with ${codes.join(' or ')}, not with ${error.code}`);
  }
}

/** Cases about calls that run at the same time, and about what other processes do. @internal */
export function defineConcurrencyCases(test: DefineCase): void {
  test('createNic() called many times at once, by two processes, makes as many different NICs', async ({
    provider,
    otherProvider,
    subnetId,
  }) => {
    const wish = { subnetId, name: 'suite-same' };
    const nics = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? provider : otherProvider).createNic(wish)));
    for (const key of ['id', 'mac'] as const) assert.equal(new Set(nics.map((nic) => nic[key])).size, 20, `${key} must differ`);
    assert.equal(new Set(nics.flatMap((nic) => nic.addresses)).size, 20, 'addresses must differ');
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-same' })), idsOf(nics));
  });

  test('attachNics() called many times at once attaches each NIC', async (bed) => {
    const { provider } = bed;
    const instanceId = await provider.instanceId();
    const ids = await createNics(bed, 'suite-crowd', 12);
    const jobIds = await Promise.all(ids.map((id) => provider.attachNics([id], instanceId)));
    const jobs = await Promise.all(jobIds.map((jobId) => endOfJob(bed, jobId)));
    assert.deepEqual(new Set(jobs.map((job) => job.status)), new Set(['succeeded']), 'each must succeed');
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-crowd', instanceId })), [...ids].sort(), 'each must be held');
  });

  test('a call that is refused harms none that is made at the same time', async (bed) => {
    const { provider, unknownNicId } = bed;
    const instanceId = await provider.instanceId();
    const held = await attachedNic(bed, 'suite-neighbour-held');
    const ids = await createNics(bed, 'suite-neighbour', 4);
    const attaching = ids.slice(0, 2).map((id) => provider.attachNics([id], instanceId));
    const deleting = ids.slice(2).map((id) => provider.deleteNics([id]));
    const refused = [
      assertRefused(provider.attachNics([unknownNicId], instanceId), 'attachNics() of an unknown NIC', 'ERR_NOT_FOUND'),
      assertRefused(provider.deleteNics([held.id]), 'deleteNics() of a NIC in use', 'ERR_STATE'),
    ];
    const ends = await Promise.allSettled([...attaching, ...deleting]);
    await Promise.all(refused);
    assert.deepEqual(
      ends.map((end) => end.status),
      ids.map(() => 'fulfilled'),
      'the calls that nothing is wrong with must succeed',
    );
    for (const jobId of await Promise.all(attaching)) assert.equal((await endOfJob(bed, jobId)).status, 'succeeded');
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-neighbour' })), ids.slice(0, 2).sort());
  });

  test('a NIC that two processes attach at once is held once', async (bed) => {
    const { provider, otherProvider } = bed;
    const instanceId = await provider.instanceId();
    const [id = ''] = await createNics(bed, 'suite-both', 1);
    const calls = [provider, otherProvider].map((each) => each.attachNics([id], instanceId));
    await assertOneWins(calls, 'attachNics() of a NIC that another attaches', 'ERR_STATE');
    for (const call of await Promise.allSettled(calls)) if (call.status === 'fulfilled') await endOfJob(bed, call.value);
    const held = await provider.listNics({ instanceId, name: 'suite-both' });
    assert.deepEqual(idsOf(held), [id]);
  });

  test('a NIC that several delete at once is deleted', async (bed) => {
    const { provider, otherProvider } = bed;
    const [id = ''] = await createNics(bed, 'suite-rubbed-out', 1);
    const calls = [provider, provider, otherProvider].map((each) => each.deleteNics([id]));
    await assertOneWins(calls, 'deleteNics() of a NIC that another deletes', 'ERR_NOT_FOUND');
    assert.equal(await bed.countNics('suite-rubbed-out'), 0);
  });

  test('reads at the same time get each its own answer', async (bed) => {
    const { provider, subnetId, otherSubnetId } = bed;
    const instanceId = await provider.instanceId();
    const ids = await createNics(bed, 'suite-reader', 8);
    const jobIds: string[] = [];
    for (const id of ids) jobIds.push(await provider.attachNics([id], instanceId));
    const found = await Promise.all(ids.map((id) => provider.listNics({ ids: [id] })));
    assert.deepEqual(
      found.map(idsOf),
      ids.map((id) => [id]),
      'listNics() must give what this caller asked for',
    );
    const jobs = await Promise.all(jobIds.map((id) => provider.describeJobs([id])));
    assert.deepEqual(
      jobs.map(idsOf),
      jobIds.map((id) => [id]),
      'describeJobs() must give what this caller asked for',
    );
    const subnets = await Promise.all([subnetId, otherSubnetId].map((id) => provider.describeSubnets([id])));
    assert.deepEqual(subnets.map(idsOf), [[subnetId], [otherSubnetId]], 'describeSubnets() must give what this caller asked for');
  });

  test('what another process does is seen at once', async (bed) => {
    const { provider, otherProvider, subnetId } = bed;
    const instanceId = await provider.instanceId();
    assert.deepEqual(await provider.listNics({ name: 'suite-foreign' }), []);
    const { id } = await otherProvider.createNic({ subnetId, name: 'suite-foreign' });
    assert.equal((await nicById(bed, id)).status, 'available', 'a NIC that another process made must be seen');
    const jobId = await otherProvider.attachNics([id], instanceId);
    assert.equal((await endOfJob(bed, jobId)).status, 'succeeded', 'a job that another process started must be known');
    assert.equal((await nicById(bed, id)).status, 'in-use', 'a NIC that another process attached must be seen in use');
    await endOfJob(bed, await otherProvider.detachNics([id]));
    await otherProvider.deleteNics([id]);
    assert.deepEqual(await provider.listNics({ name: 'suite-foreign' }), [], 'a NIC that another process deleted must be gone');
  });
}
