import assert from 'node:assert/strict';
import { ProviderError } from '../errors.js';
import { assertInDoubt, attachedNic, createNics, idsOf, nicById, until } from './provider-bed.js';
import { type DefineCase, faultOf } from './provider-suite.js';

/** Cases about answers that never come or are none. @internal */
export function defineLostAnswerCases(test: DefineCase): void {
  test.needing('loseAnswer')(
    'createNic() is never repeated when its answer is lost, and says that it may have taken effect',
    async (bed) => {
      await faultOf(bed, 'loseAnswer')('createNic');
      const lost = bed.provider.createNic({ subnetId: bed.subnetId, name: 'suite-once' });
      await assertInDoubt(lost, 'createNic() whose answer is lost', 'ERR_TRANSPORT');
      assert.equal(await bed.countNics('suite-once'), 1, 'exactly one NIC must have been made');
      assert.equal((await bed.provider.listNics({ name: 'suite-once' })).length, 1, 'it must be found by its name');
    },
  );

  test.needing('loseAnswer')('createNic() works again after a lost answer', async (bed) => {
    await faultOf(bed, 'loseAnswer')('createNic');
    const lost = bed.provider.createNic({ subnetId: bed.subnetId, name: 'suite-again' });
    await assertInDoubt(lost, 'createNic() whose answer is lost', 'ERR_TRANSPORT');
    const nic = await bed.provider.createNic({ subnetId: bed.subnetId, name: 'suite-again' });
    const found = idsOf(await bed.provider.listNics({ name: 'suite-again' }));
    assert.equal(found.length, 2, 'the lost one and the other');
    assert.ok(found.includes(nic.id), 'createNic() must give the NIC that it made, not the lost one');
  });

  test.needing('spoilAnswer')('createNic() is never repeated when its answer is no answer', async (bed) => {
    await faultOf(bed, 'spoilAnswer')('createNic');
    const spoilt = bed.provider.createNic({ subnetId: bed.subnetId, name: 'suite-spoilt' });
    await assertInDoubt(spoilt, 'createNic() whose answer is no answer', 'ERR_RESPONSE');
    assert.equal(await bed.countNics('suite-spoilt'), 0, 'it must not be repeated');
  });

  test.needing('loseAnswer')('attachNics() whose answer is lost says so, and has taken effect', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-lost-attach' });
    await faultOf(bed, 'loseAnswer')('attachNics');
    const instanceId = await provider.instanceId();
    await assertInDoubt(provider.attachNics([nic.id], instanceId), 'attachNics() whose answer is lost', 'ERR_TRANSPORT');
    await until(bed, 'the NIC is attached', async () => (await nicById(bed, nic.id)).status === 'in-use');
    assert.equal((await nicById(bed, nic.id)).instanceId, instanceId);
  });

  test.needing('loseAnswer')('detachNics() whose answer is lost says so, and has taken effect', async (bed) => {
    const nic = await attachedNic(bed, 'suite-lost-detach');
    await faultOf(bed, 'loseAnswer')('detachNics');
    await assertInDoubt(bed.provider.detachNics([nic.id]), 'detachNics() whose answer is lost', 'ERR_TRANSPORT');
    await until(bed, 'the NIC is available', async () => (await nicById(bed, nic.id)).status === 'available');
  });

  test.needing('loseAnswer')('deleteNics() whose answer is lost says so, and has taken effect', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-lost-delete' });
    await faultOf(bed, 'loseAnswer')('deleteNics');
    await assertInDoubt(provider.deleteNics([nic.id]), 'deleteNics() whose answer is lost', 'ERR_TRANSPORT');
    assert.deepEqual(await provider.listNics({ ids: [nic.id] }), []);
  });

  for (const kind of ['loseAnswer', 'spoilAnswer'] as const) {
    const what = kind === 'loseAnswer' ? 'is lost' : 'is no answer';
    test.needing(kind)(`a read whose answer ${what} is repeated, or rejects`, async (bed) => {
      const { provider, subnetId } = bed;
      const [id = ''] = await createNics(bed, 'suite-read', 1);
      const jobId = await provider.attachNics([id], await provider.instanceId());
      const reads = {
        listNics: () => provider.listNics({ ids: [id] }),
        describeSubnets: () => provider.describeSubnets([subnetId]),
        describeJobs: () => provider.describeJobs([jobId]),
      };
      const right = { listNics: [id], describeSubnets: [subnetId], describeJobs: [jobId] };
      for (const target of ['listNics', 'describeSubnets', 'describeJobs'] as const) {
        await faultOf(bed, kind)(target);
        let found: readonly { readonly id: string }[];
        try {
          found = await reads[target]();
        } catch (error) {
          assert.ok(error instanceof ProviderError, `${target}() must reject with a ProviderError`);
          assert.equal(
            error.code,
            kind === 'loseAnswer' ? 'ERR_TRANSPORT' : 'ERR_RESPONSE',
            `the code of ${target}() whose answer ${what}`,
          );
          found = await reads[target]();
        }
        assert.deepEqual(idsOf(found), right[target], `${target}() must never give a wrong answer`);
      }
    });
  }
}
