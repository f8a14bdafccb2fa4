import assert from 'node:assert/strict';
import { contains, formatCidr, formatIp, parseCidr, parseIp, toNetwork } from '../address.js';
import type { Nic } from '../nic.js';
import type { NicFilter } from '../provider.js';
import { assertRefused, attachedNic, idsOf, nicById, type ProviderBed, rejectionOf, resultOf } from './provider-bed.js';
import { type DefineCase, faultOf } from './provider-suite.js';

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

  for (const feature of ['wishedAddress', 'forwarding'] as const) {
    const agrees =
      (can: boolean) =>
      async ({ provider }: ProviderBed) =>
        assert.equal(provider.features[feature], can, `features.${feature} of the provider must be what the suite was told`);
    test.needing(feature)(`features.${feature} is true`, agrees(true));
    test.lacking(feature)(`features.${feature} is false`, agrees(false));
  }

  test('instanceId() gives the same id each time', async ({ provider }) => {
    const id = await provider.instanceId();
    assert.match(id, /^\S+$/, 'an instance id is one word');
    assert.equal(await provider.instanceId(), id);
  });

  test('describeSubnets() gives the subnets that exist and leaves out the others', async (bed) => {
    const { provider, subnetId, otherSubnetId, unknownSubnetId } = bed;
    const some = await resultOf(
      provider.describeSubnets([unknownSubnetId, subnetId, otherSubnetId]),
      'describeSubnets() with an unknown id',
    );
    assert.deepEqual(idsOf(some), [subnetId, otherSubnetId].sort(), 'describeSubnets() must give those that exist');
    assert.deepEqual(
      idsOf(await provider.describeSubnets([otherSubnetId])),
      [otherSubnetId],
      'describeSubnets() must give those asked for',
    );
    assert.deepEqual(await resultOf(provider.describeSubnets([unknownSubnetId]), 'describeSubnets() of an unknown id'), []);
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

  test.needing('wishedAddress')('createNic() gives a wished address, once', async ({ provider, subnetId, freeAddress }) => {
    const wish = { subnetId, name: 'suite-wish', address: freeAddress };
    assert.deepEqual((await provider.createNic(wish)).addresses, [freeAddress], 'the NIC must have the wished address');
    await assertRefused(provider.createNic(wish), 'createNic() with an address that is taken');
    assert.equal((await provider.listNics({ name: 'suite-wish' })).length, 1, 'the refused one must not exist');
  });

  test.lacking('wishedAddress')('createNic() says that it cannot give a wished address', async ({ provider, subnetId, freeAddress }) => {
    const wish = { subnetId, name: 'suite-wish', address: freeAddress };
    await assertRefused(provider.createNic(wish), 'createNic() with a wished address', 'ERR_NOT_SUPPORTED');
    assert.deepEqual(await provider.listNics({ name: 'suite-wish' }), []);
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
    const some = await resultOf(provider.listNics({ ids: [unknownNicId, nic.id] }), 'listNics() with an unknown id');
    assert.deepEqual(idsOf(some), [nic.id], 'listNics() must give the NICs that exist');
    assert.deepEqual(await resultOf(provider.listNics({ ids: [unknownNicId] }), 'listNics() of an unknown id'), []);
    assert.deepEqual(await provider.listNics({ ids: [] }), [], 'an empty list of ids matches nothing');
    assert.deepEqual(await provider.listNics({ subnetIds: [] }), [], 'an empty list of subnets matches nothing');
  });

  test('listNics() combines its fields with AND', async (bed) => {
    const { provider, subnetId, otherSubnetId } = bed;
    const name = 'suite-and';
    const held = await attachedNic(bed, name);
    const free = await provider.createNic({ subnetId, name });
    const far = await provider.createNic({ subnetId: otherSubnetId, name });
    const expectList = async (filter: NicFilter, ...nics: readonly Nic[]): Promise<void> => {
      const found = idsOf(await provider.listNics({ name, ...filter }));
      assert.deepEqual(found, idsOf(nics), `listNics() must combine ${['name', ...Object.keys(filter)].join(' and ')}`);
    };
    const instanceId = await provider.instanceId();
    await expectList({}, held, free, far);
    await expectList({ status: 'available' }, free, far);
    await expectList({ status: 'in-use' }, held);
    await expectList({ subnetIds: [otherSubnetId] }, far);
    await expectList({ subnetIds: [subnetId, otherSubnetId], status: 'available' }, free, far);
    await expectList({ instanceId }, held);
    await expectList({ instanceId, subnetIds: [otherSubnetId] });
    await expectList({ ids: [free.id, held.id], status: 'in-use' }, held);
  });

  test('deleteNics() deletes what nothing holds', async ({ provider, subnetId }) => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await provider.createNic({ subnetId, name: 'suite-delete' })).id);
    await provider.deleteNics(ids.slice(0, 2));
    const left = idsOf(await provider.listNics({ name: 'suite-delete' }));
    assert.deepEqual(left, ids.slice(2), 'what was deleted must be gone, and no other');
  });

  test('deleteNics() says that a NIC is gone already', async ({ provider, subnetId, unknownNicId }) => {
    await assertRefused(provider.deleteNics([unknownNicId]), 'deleteNics() of an unknown NIC', 'ERR_NOT_FOUND');
    const nic = await provider.createNic({ subnetId, name: 'suite-twice' });
    await provider.deleteNics([nic.id]);
    await assertRefused(provider.deleteNics([nic.id]), 'the second deleteNics()', 'ERR_NOT_FOUND');
  });

  test.needing('forwarding')('allowForwarding() can be repeated', async ({ provider, subnetId, unknownNicId }) => {
    const nic = await provider.createNic({ subnetId, name: 'suite-forward' });
    await provider.allowForwarding(nic.id);
    await provider.allowForwarding(nic.id);
    await assertRefused(provider.allowForwarding(unknownNicId), 'allowForwarding() of an unknown NIC', 'ERR_NOT_FOUND');
  });

  test.lacking('forwarding')('allowForwarding() says that it cannot be done', async ({ provider, subnetId }) => {
    const nic = await provider.createNic({ subnetId, name: 'suite-forward' });
    await assertRefused(provider.allowForwarding(nic.id), 'allowForwarding()', 'ERR_NOT_SUPPORTED');
  });

  test.needing('hideInstanceId')('instanceId() that cannot be found out is an error of the configuration', async (bed) => {
    await faultOf(bed, 'hideInstanceId')();
    const error = await rejectionOf(bed.provider.instanceId(), 'instanceId() without its source');
    assert.equal('code' in error && error.code, 'ERR_CONFIG', 'the code of instanceId() without its source');
  });

  test('close() may be called twice', async ({ provider, subnetId }) => {
    await provider.describeSubnets([subnetId]);
    await provider.close();
    await resultOf(provider.close(), 'the second close()');
  });
}
