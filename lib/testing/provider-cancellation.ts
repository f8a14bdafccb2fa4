import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { ProviderError } from '../errors.js';
import type { CallOptions } from '../provider.js';
import { attachedNic, createNics, type FaultTarget, idsOf, nicById, type ProviderBed, providerErrorOf, until } from './provider-bed.js';
import { type DefineCase, faultOf } from './provider-suite.js';

type Call = (options: CallOptions) => Promise<unknown>;

/** How many callers give up in a row, to tell what is left of each from what is kept on purpose. */
const MANY = 20;

/** A call whose answer never comes, ended by its caller. Gives the error; fails when the call goes on all the same. */
async function giveUp(bed: ProviderBed, target: FaultTarget, call: Call, reason?: unknown): Promise<ProviderError> {
  const hasCome = await faultOf(bed, 'withholdAnswer')(target);
  const caller = new AbortController();
  let settled = false;
  const running = call({ signal: caller.signal }).finally(() => {
    settled = true;
  });
  running.catch(() => {});
  await until(bed, `the request of ${target}() comes`, hasCome);
  caller.abort(reason);
  await until(bed, `${target}() gives up when its signal aborts`, () => settled);
  const error = await providerErrorOf(running, `${target}() that its caller ended`);
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0, `${target}() must take its listeners off the signal`);
  return error;
}

/** Checks what a call says that was ended while its request was under way. */
async function assertGivenUp(bed: ProviderBed, target: FaultTarget, call: Call): Promise<void> {
  const error = await giveUp(bed, target, call);
  assert.equal(error.code, 'ERR_CANCELLED', `the code of ${target}() that its caller ended`);
  assert.equal(error.outcome, 'unknown', `${target}(): the request has come, and may have taken effect`);
}

/** Cases about callers that give up. @internal */
export function defineCancellationCases(test: DefineCase): void {
  test('every call gives up at once when its signal is aborted already', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-signal' });
    const instanceId = await provider.instanceId();
    const signal = AbortSignal.abort();
    const options = { signal };
    const calls: Record<string, Promise<unknown>> = {
      describeSubnets: provider.describeSubnets([subnetId], options),
      createNic: provider.createNic({ subnetId, name: 'suite-signal' }, options),
      listNics: provider.listNics({ ids: [nic.id] }, options),
      attachNics: provider.attachNics([nic.id], instanceId, options),
      detachNics: provider.detachNics([nic.id], options),
      deleteNics: provider.deleteNics([nic.id], options),
      describeJobs: provider.describeJobs([bed.unknownJobId], options),
      ...(provider.features.forwarding ? { allowForwarding: provider.allowForwarding(nic.id, options) } : {}),
    };
    await Promise.allSettled(Object.values(calls));
    for (const [what, call] of Object.entries(calls)) {
      const error = await providerErrorOf(call, `${what}() with an aborted signal`);
      assert.equal(error.code, 'ERR_CANCELLED', `${what}() must reject with ERR_CANCELLED`);
      assert.equal(error.outcome, 'refused', `${what}(): nothing was sent`);
    }
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-signal' })), [nic.id], 'nothing may have happened');
    const late = AbortSignal.abort(new DOMException('too late', 'TimeoutError'));
    const error = await providerErrorOf(provider.listNics({ ids: [nic.id] }, { signal: late }), 'listNics() after its time');
    assert.equal(error.code, 'ERR_DEADLINE', 'a time-out is a deadline');
  });

  test.needing('withholdAnswer')('createNic() that is ended under way says that its NIC may exist, and makes it once', async (bed) => {
    const { provider, subnetId } = bed;
    await assertGivenUp(bed, 'createNic', (options) => provider.createNic({ subnetId, name: 'suite-ended' }, options));
    await until(bed, 'the NIC exists', async () => (await bed.countNics('suite-ended')) > 0);
    const left = await provider.listNics({ name: 'suite-ended' });
    assert.equal(left.length, 1, 'it must be found by its name, once');
    await provider.deleteNics(idsOf(left));
    assert.equal(await bed.countNics('suite-ended'), 0, 'the provider must go on working');
  });

  test.needing('withholdAnswer')('a call whose time is up under way rejects with ERR_DEADLINE', async (bed) => {
    const { provider, subnetId } = bed;
    const call: Call = (options) => provider.createNic({ subnetId, name: 'suite-late' }, options);
    const error = await giveUp(bed, 'createNic', call, new DOMException('too late', 'TimeoutError'));
    assert.deepEqual([error.code, error.outcome], ['ERR_DEADLINE', 'unknown'], 'code and outcome of createNic() whose time is up');
  });

  test.needing('withholdAnswer')(
    'attachNics(), detachNics() and deleteNics() that are ended under way say that they may have taken effect',
    async (bed) => {
      const { provider } = bed;
      const instanceId = await provider.instanceId();
      const [fresh = '', doomed = ''] = await createNics(bed, 'suite-ended', 2);
      const held = await attachedNic(bed, 'suite-ended-held');
      await assertGivenUp(bed, 'attachNics', (options) => provider.attachNics([fresh], instanceId, options));
      await until(bed, 'the NIC is attached', async () => (await nicById(bed, fresh)).status === 'in-use');
      await assertGivenUp(bed, 'detachNics', (options) => provider.detachNics([held.id], options));
      await until(bed, 'the NIC is detached', async () => (await nicById(bed, held.id)).status === 'available');
      await assertGivenUp(bed, 'deleteNics', (options) => provider.deleteNics([doomed], options));
      await until(bed, 'the NIC is gone', async () => (await provider.listNics({ ids: [doomed] })).length === 0);
    },
  );

  test.needing('withholdAnswer')('reads that are ended under way say so, and can be made again', async (bed) => {
    const { provider, subnetId } = bed;
    const [id = ''] = await createNics(bed, 'suite-asked', 1);
    await assertGivenUp(bed, 'listNics', (options) => provider.listNics({ ids: [id] }, options));
    assert.deepEqual(idsOf(await provider.listNics({ ids: [id] })), [id]);
    const jobId = await provider.attachNics([id], await provider.instanceId());
    await assertGivenUp(bed, 'describeJobs', (options) => provider.describeJobs([jobId], options));
    assert.deepEqual(idsOf(await provider.describeJobs([jobId])), [jobId]);
    await assertGivenUp(bed, 'describeSubnets', (options) => provider.describeSubnets([subnetId], options));
    assert.deepEqual(idsOf(await provider.describeSubnets([subnetId])), [subnetId]);
  });

  test('a caller that gives up takes nobody along who asks the same', async (bed) => {
    const { provider, subnetId } = bed;
    const [id = ''] = await createNics(bed, 'suite-shared', 1);
    const reads: Record<string, Call> = {
      listNics: (options) => provider.listNics({ ids: [id] }, options),
      describeSubnets: (options) => provider.describeSubnets([subnetId], options),
      describeJobs: (options) => provider.describeJobs([bed.unknownJobId], options),
    };
    for (const [what, read] of Object.entries(reads)) {
      const caller = new AbortController();
      const ended = read({ signal: caller.signal });
      const others = [read({}), read({ signal: new AbortController().signal })];
      caller.abort();
      const [end, ...rest] = await Promise.allSettled([ended, ...others]);
      for (const other of rest) assert.equal(other.status, 'fulfilled', `${what}() of another caller must succeed`);
      if (end?.status !== 'rejected') continue;
      assert.ok(end.reason instanceof ProviderError && end.reason.code === 'ERR_CANCELLED', `${what}() must reject with ERR_CANCELLED`);
    }
  });

  test('a signal that aborts after a call changes nothing, and keeps nothing of it', async (bed) => {
    const { provider, subnetId } = bed;
    const caller = new AbortController();
    const options = { signal: caller.signal };
    const nic = await provider.createNic({ subnetId, name: 'suite-after' }, options);
    const instanceId = await provider.instanceId(options);
    await provider.describeSubnets([subnetId], options);
    await provider.listNics({ ids: [nic.id] }, options);
    await provider.listNics({ name: 'suite-after' }, options);
    const jobId = await provider.attachNics([nic.id], instanceId, options);
    await until(bed, 'the job ends', async () => (await provider.describeJobs([jobId], options))[0]?.status === 'succeeded');
    await providerErrorOf(provider.deleteNics([nic.id], options), 'deleteNics() of a NIC in use');
    assert.equal(getEventListeners(caller.signal, 'abort').length, 0, 'calls must take their listeners off the signal');
    caller.abort();
    assert.equal((await nicById(bed, nic.id)).status, 'in-use', 'what was done stays done');
  });

  test.needing('withholdAnswer')('calls that are ended leave no timer and no connection behind', async (bed) => {
    const { provider, subnetId } = bed;
    const read: Call = (options) => provider.listNics({ subnetIds: [subnetId] }, options);
    await giveUp(bed, 'listNics', read);
    await read({});
    const before = process.getActiveResourcesInfo().length;
    for (let i = 0; i < MANY; i++) await giveUp(bed, 'listNics', read);
    // What is being taken down may take a moment; half of what there would be if each call left one thing is well above that.
    const isDown = (): boolean => process.getActiveResourcesInfo().length < before + MANY / 2;
    await until(bed, 'timers and connections of calls that were ended are gone', isDown);
  });
}
