import assert from 'node:assert/strict';
import type { NicErrorCode } from '../errors.js';
import type { Nic } from '../nic.js';
import { assertRefused, attachedNic, createNics, endOfJob, idsOf, type ProviderBed, resultOf } from './provider-bed.js';
import type { DefineCase } from './provider-suite.js';

/** What a lack of room must not look like: a caller gives up then, and does not look for room elsewhere. */
const NO_LACK_OF_ROOM: readonly NicErrorCode[] = ['ERR_AUTH', 'ERR_CLOCK', 'ERR_BALANCE', 'ERR_REQUEST', 'ERR_NOT_FOUND', 'ERR_RATE_LIMIT'];

async function assertNoRoom(call: Promise<unknown>, what: string): Promise<void> {
  const { code } = await assertRefused(call, what);
  assert.ok(!NO_LACK_OF_ROOM.includes(code), `${what} must reject with a code that can mean a lack of room, not with ${code}`);
}

async function assertFewFit(calls: readonly Promise<unknown>[], room: number, what: string): Promise<void> {
  const refused: Promise<void>[] = [];
  for (const [at, end] of (await Promise.allSettled(calls)).entries()) {
    if (end.status === 'rejected') refused.push(assertNoRoom(calls[at] ?? Promise.resolve(), what));
  }
  assert.equal(calls.length - refused.length, room, `${what}: as many must succeed as there is room for`);
  await Promise.all(refused);
}

async function heldBy(bed: ProviderBed, instanceId: string): Promise<readonly Nic[]> {
  return bed.provider.listNics({ instanceId });
}

/** Cases about what is too much. @internal */
export function defineLimitCases(test: DefineCase): void {
  test('attachNics() and detachNics() refuse more NICs than a call takes, and do nothing', async (bed) => {
    const { provider } = bed;
    const most = provider.features.maxNicsPerCall;
    if (most >= provider.features.maxNicsPerInstance || most > 50) return;
    const instanceId = await provider.instanceId();
    const ids = await createNics(bed, 'suite-many', most + 1);
    await assertRefused(provider.attachNics(ids, instanceId), 'attachNics() of too many NICs', 'ERR_REQUEST');
    const free = await provider.listNics({ name: 'suite-many', status: 'available' });
    assert.deepEqual(idsOf(free), [...ids].sort(), 'none may be attached');
    await resultOf(provider.deleteNics(ids.slice(most)), 'deleteNics() of a NIC that was not to be attached');
    const held = await attachedNic(bed, 'suite-many-held');
    await assertRefused(provider.detachNics([held.id, ...ids.slice(0, most)]), 'detachNics() of too many NICs', 'ERR_REQUEST');
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-many-held', status: 'in-use' })), [held.id], 'none may be detached');
  });

  test('deleteNics() takes any number of NICs', async (bed) => {
    const ids = await createNics(bed, 'suite-sweep', 12);
    await bed.provider.deleteNics(ids);
    assert.equal(await bed.countNics('suite-sweep'), 0, 'all must be deleted');
  });

  test.needing('smallSubnet')('createNic() in a full subnet is refused, however many ask at once, until one is deleted', async (bed) => {
    const { provider, otherProvider, smallSubnet } = bed;
    assert.ok(smallSubnet !== undefined, 'the bed has no small subnet; where there can be none, say so in the features of the suite');
    const { id: subnetId, room } = smallSubnet;
    const wish = { subnetId, name: 'suite-full' };
    const calls = Array.from({ length: room + 5 }, (_, i) => (i % 2 === 0 ? provider : otherProvider).createNic(wish));
    await assertFewFit(calls, room, 'createNic() in a full subnet');
    const nics = await provider.listNics({ name: 'suite-full' });
    assert.equal(nics.length, room, 'what is refused must not exist');
    assert.equal(new Set(nics.flatMap((nic) => nic.addresses)).size, room, 'addresses must differ');
    await assertNoRoom(provider.createNic(wish), 'createNic() in a full subnet');
    await provider.deleteNics(nics.slice(0, 1).map((nic) => nic.id));
    await provider.createNic(wish);
    assert.equal(await bed.countNics('suite-full'), room);
  });

  test.needing('fullInstance')('attachNics() to a full instance is refused, also when several ask at once', async (bed) => {
    const { provider, otherProvider } = bed;
    const { maxNicsPerInstance, maxNicsPerCall } = provider.features;
    const instanceId = await provider.instanceId();
    const room = maxNicsPerInstance - (await heldBy(bed, instanceId)).length;
    const ids = await createNics(bed, 'suite-fill', room + 2);
    for (let start = 0; start < room - 1; start += maxNicsPerCall) {
      const some = ids.slice(start, Math.min(start + maxNicsPerCall, room - 1));
      assert.equal((await endOfJob(bed, await provider.attachNics(some, instanceId))).status, 'succeeded', 'there is room');
    }
    const rivals = ids.slice(room - 1).map((id, i) => (i % 2 === 0 ? provider : otherProvider).attachNics([id], instanceId));
    await assertFewFit(rivals, 1, 'attachNics() to a full instance');
    for (const call of await Promise.allSettled(rivals)) if (call.status === 'fulfilled') await endOfJob(bed, call.value);
    assert.equal((await heldBy(bed, instanceId)).length, maxNicsPerInstance, 'the instance must hold as many as it can');
  });
}
