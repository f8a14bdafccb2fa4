import assert from 'node:assert/strict';
import { contains, formatCidr, formatIp, parseCidr, parseIp, toNetwork } from '../address.js';
import { ProviderError } from '../errors.js';
import type { Nic } from '../nic.js';
import { assertRefused, attachedNic, type DefineCase, nicById, rejectionOf } from './provider-bed.js';

const idsOf = (nics: readonly { readonly id: string }[]): string[] => nics.map((nic) => nic.id).sort();

function assertModel(nic: Nic): void {
  assert.notEqual(nic.id, '', 'a NIC has an id');
  assert.match(nic.mac, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'mac is written in lower case with colons');
  for (const address of nic.addresses) {
    const ip = parseIp(address);
    assert.ok(
      ip !== undefined && formatIp(ip) === address,
      `addresses are written canonically and without prefix length, not as ${address}`,
    );
  }
  assert.equal(nic.status === 'in-use', nic.instanceId !== undefined, 'a NIC is in use exactly when it names its instance');
  assert.notEqual(nic.instanceId, '', 'no instance is undefined, not an empty text');
  assert.ok(nic.createdAt === undefined || !Number.isNaN(nic.createdAt.getTime()), 'createdAt is a date or undefined');
}

/** Cases about subnets, and about NICs that nothing holds. @internal */
export function defineNicCases(test: DefineCase): void {
  test('has a name and sane features', async ({ provider }) => {
    assert.notEqual(provider.name, '');
    const { maxNicsPerInstance, maxNicsPerCall, lateEffectMs } = provider.features;
    for (const limit of [maxNicsPerInstance, maxNicsPerCall]) assert.ok(Number.isInteger(limit) && limit >= 1, `${limit} is no limit`);
    assert.ok(lateEffectMs >= 0, 'lateEffectMs is a time');
  });

  test('instanceId() gives the same id each time', async ({ provider }) => {
    const id = await provider.instanceId();
    assert.match(id, /^\S+$/, 'an instance id is one word');
    assert.equal(await provider.instanceId(), id);
  });

  test('describeSubnets() gives the subnets that exist and leaves out the others', async (bed) => {
    const { provider, subnetId, otherSubnetId, unknownSubnetId } = bed;
    assert.deepEqual(idsOf(await provider.describeSubnets([unknownSubnetId, subnetId, otherSubnetId])), [subnetId, otherSubnetId].sort());
    assert.deepEqual(await provider.describeSubnets([unknownSubnetId]), []);
  });

  test('describeSubnets() tells range and router of a subnet in a private network', async ({ provider, subnetId }) => {
    const [subnet] = await provider.describeSubnets([subnetId]);
    assert.ok(subnet?.networkId !== undefined && subnet.networkId !== '', 'networkId must be told');
    const cidr = parseCidr(subnet.cidr ?? '');
    const gateway = parseIp(subnet.gateway ?? '');
    assert.ok(cidr !== undefined && gateway !== undefined, 'cidr and gateway must be addresses');
    assert.equal(formatCidr(toNetwork(cidr)), subnet.cidr, 'cidr must have no host bits and be canonical');
    assert.ok(contains(cidr, gateway), 'the router must be in the range');
    assert.ok(subnet.freeAddresses === undefined || subnet.freeAddresses >= 0, 'freeAddresses is a count or undefined');
  });

  test('createNic() gives a NIC that is available and complete', async ({ provider, subnetId }) => {
    const nic = await provider.createNic({ subnetId, name: 'suite-one' });
    assertModel(nic);
    const { name, status, instanceId, role } = nic;
    assert.deepEqual(
      { name, subnetId: nic.subnetId, status, instanceId, role },
      { name: 'suite-one', subnetId, status: 'available', instanceId: undefined, role: 'secondary' },
    );
    const [subnet] = await provider.describeSubnets([subnetId]);
    const cidr = parseCidr(subnet?.cidr ?? '');
    const [address] = nic.addresses.map(parseIp);
    assert.ok(cidr !== undefined && address !== undefined && contains(cidr, address), 'its address must be in the range of its subnet');
  });

  test('createNic() makes NICs that listNics() finds at once, as they were told', async (bed) => {
    const made = await bed.provider.createNic({ subnetId: bed.subnetId, name: 'suite-found' });
    const found = await nicById(bed, made.id);
    assertModel(found);
    // When it was made only the cloud knows; a reply to createNic() need not say it.
    assert.deepEqual({ ...found, createdAt: undefined }, { ...made, createdAt: undefined });
  });

  test('createNic() called many times at once makes as many different NICs', async ({ provider, subnetId }) => {
    const nics = await Promise.all(Array.from({ length: 10 }, () => provider.createNic({ subnetId, name: 'suite-same' })));
    for (const key of ['id', 'mac'] as const) assert.equal(new Set(nics.map((nic) => nic[key])).size, 10, `${key} must differ`);
    assert.equal(new Set(nics.flatMap((nic) => nic.addresses)).size, 10, 'addresses must differ');
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-same' })), idsOf(nics));
  });

  test('createNic() gives a wished address, or says that it cannot', async ({ provider, subnetId, freeAddress }) => {
    const wish = { subnetId, name: 'suite-wish', address: freeAddress };
    if (provider.features.wishedAddress) {
      assert.deepEqual((await provider.createNic(wish)).addresses, [freeAddress]);
      await assertRefused(provider.createNic(wish), 'createNic() with an address that is taken');
      assert.equal((await provider.listNics({ name: 'suite-wish' })).length, 1, 'the refused one must not exist');
    } else {
      await assertRefused(provider.createNic(wish), 'createNic() with a wished address', 'ERR_NOT_SUPPORTED');
      assert.deepEqual(await provider.listNics({ name: 'suite-wish' }), []);
    }
  });

  test('createNic() refuses a subnet that does not exist', async ({ provider, unknownSubnetId }) => {
    await assertRefused(provider.createNic({ subnetId: unknownSubnetId, name: 'suite-lost' }), 'createNic() in an unknown subnet');
    assert.deepEqual(await provider.listNics({ name: 'suite-lost' }), []);
  });

  test('listNics() compares names exactly', async ({ provider, subnetId }) => {
    const names = ['suite-name', 'suite-name2', 'Suite-Name', 'a suite-name'];
    for (const name of names) await provider.createNic({ subnetId, name });
    assert.deepEqual(
      (await provider.listNics({ name: 'suite-name' })).map((nic) => nic.name),
      ['suite-name'],
    );
  });

  test('listNics() leaves out unknown ids, and finds nothing for an empty list', async ({ provider, subnetId, unknownNicId }) => {
    const nic = await provider.createNic({ subnetId, name: 'suite-ids' });
    assert.deepEqual(idsOf(await provider.listNics({ ids: [unknownNicId, nic.id] })), [nic.id]);
    assert.deepEqual(await provider.listNics({ ids: [unknownNicId] }), []);
    assert.deepEqual(await provider.listNics({ ids: [] }), []);
    assert.deepEqual(await provider.listNics({ subnetIds: [] }), []);
  });

  test('listNics() combines its fields with AND', async (bed) => {
    const { provider, subnetId, otherSubnetId } = bed;
    const name = 'suite-and';
    const held = await attachedNic(bed, name);
    const free = await provider.createNic({ subnetId, name });
    const far = await provider.createNic({ subnetId: otherSubnetId, name });
    const list = async (filter: Parameters<typeof provider.listNics>[0]) => idsOf(await provider.listNics({ name, ...filter }));
    assert.deepEqual(await list({}), idsOf([held, free, far]));
    assert.deepEqual(await list({ status: 'available' }), idsOf([free, far]));
    assert.deepEqual(await list({ status: 'in-use' }), [held.id]);
    assert.deepEqual(await list({ subnetIds: [otherSubnetId] }), [far.id]);
    assert.deepEqual(await list({ subnetIds: [subnetId, otherSubnetId], status: 'available' }), idsOf([free, far]));
    assert.deepEqual(await list({ instanceId: await provider.instanceId() }), [held.id]);
    assert.deepEqual(await list({ instanceId: await provider.instanceId(), subnetIds: [otherSubnetId] }), []);
    assert.deepEqual(await list({ ids: [free.id, held.id], status: 'in-use' }), [held.id]);
  });

  test('listNics() gives every page, each NIC once', async ({ provider, subnetId }) => {
    const made: string[] = [];
    for (let i = 0; i < 105; i++) made.push((await provider.createNic({ subnetId, name: 'suite-page' })).id);
    const found = (await provider.listNics({ subnetIds: [subnetId], status: 'available' })).filter((nic) => nic.name === 'suite-page');
    assert.deepEqual(idsOf(found), [...made].sort());
    assert.deepEqual(idsOf(await provider.listNics({ ids: made })), [...made].sort());
  });

  test('deleteNics() deletes what nothing holds', async ({ provider, subnetId }) => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await provider.createNic({ subnetId, name: 'suite-delete' })).id);
    await provider.deleteNics(ids.slice(0, 2));
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-delete' })), ids.slice(2));
  });

  test('deleteNics() says that a NIC is gone already', async ({ provider, subnetId, unknownNicId }) => {
    await assertRefused(provider.deleteNics([unknownNicId]), 'deleteNics() of an unknown NIC', 'ERR_NOT_FOUND');
    const nic = await provider.createNic({ subnetId, name: 'suite-twice' });
    await provider.deleteNics([nic.id]);
    await assertRefused(provider.deleteNics([nic.id]), 'the second deleteNics()', 'ERR_NOT_FOUND');
  });

  test('allowForwarding() can be repeated, or says that it cannot be done', async ({ provider, subnetId, unknownNicId }) => {
    const nic = await provider.createNic({ subnetId, name: 'suite-forward' });
    if (!provider.features.forwarding) {
      await assertRefused(provider.allowForwarding(nic.id), 'allowForwarding()', 'ERR_NOT_SUPPORTED');
      return;
    }
    await provider.allowForwarding(nic.id);
    await provider.allowForwarding(nic.id);
    await assertRefused(provider.allowForwarding(unknownNicId), 'allowForwarding() of an unknown NIC', 'ERR_NOT_FOUND');
  });

  test('every call gives up at once when its signal is aborted already', async (bed) => {
    const { provider, subnetId } = bed;
    const nic = await provider.createNic({ subnetId, name: 'suite-signal' });
    const instanceId = await provider.instanceId();
    const options = { signal: AbortSignal.abort() };
    const calls: Record<string, Promise<unknown>> = {
      describeSubnets: provider.describeSubnets([subnetId], options),
      createNic: provider.createNic({ subnetId, name: 'suite-signal' }, options),
      listNics: provider.listNics({ ids: [nic.id] }, options),
      attachNics: provider.attachNics([nic.id], instanceId, options),
      detachNics: provider.detachNics([nic.id], options),
      deleteNics: provider.deleteNics([nic.id], options),
      describeJobs: provider.describeJobs([bed.unknownJobId], options),
    };
    const caught = await Promise.all(Object.entries(calls).map(async ([what, call]) => [what, await rejectionOf(call, what)] as const));
    for (const [what, error] of caught) {
      assert.ok(error instanceof ProviderError, `${what} must reject with a ProviderError, not with ${error.name}`);
      assert.equal(error.code, 'ERR_CANCELLED', `${what} must reject with ERR_CANCELLED`);
      assert.equal(error.outcome, 'refused', `${what}: nothing was sent`);
    }
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-signal' })), [nic.id], 'nothing may have happened');
    const late = AbortSignal.abort(new DOMException('too late', 'TimeoutError'));
    const error = await rejectionOf(provider.listNics({ ids: [nic.id] }, { signal: late }), 'listNics() after its time');
    assert.equal('code' in error && error.code, 'ERR_DEADLINE');
  });

  test('close() may be called twice', async ({ provider, subnetId }) => {
    await provider.describeSubnets([subnetId]);
    await provider.close();
    await provider.close();
  });
}
