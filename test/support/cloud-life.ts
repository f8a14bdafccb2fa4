import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { keyOf, pathOf } from './attachment-bed.js';
import { expectAttached, expectNothingLost } from './cloud-story.js';
import { BED_VXNETS, type EmulatedBed, leftovers, secondaryNics } from './emulated-bed.js';
import { rawCall } from './raw-qingcloud.js';

const namespaceOf = (name: string) => ({ kind: 'path', path: pathOf(name) }) as const;
const throughHost = [{ dst: '10.96.0.0/12', via: { kind: 'host' } as const }];

async function refusalOf(bed: EmulatedBed, command: Promise<unknown>): Promise<string> {
  const before = secondaryNics(bed).length;
  const error = await command.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isNicError(error)) throw new Error(`refused with an error for users, not ${String(error)}`);
  expect(secondaryNics(bed), `after ${error.message}`).to.have.length(before);
  expectNothingLost(bed, `after ${error.message}`);
  return error.code;
}

/** What a host does from its first container to its last one on a cloud in which nothing fails, and what it is refused. Ends with nothing left. */
export async function liveThrough(bed: EmulatedBed): Promise<void> {
  const { engine } = bed;
  const check = (name: string): Promise<void> => engine.check({ key: keyOf(name), namespace: namespaceOf(name) }, bed.timing());
  for (const name of ['plain', 'with-gateway', 'with-address', 'taken-away', 'refused']) bed.pod(name);
  const plain = await bed.attach('plain');
  expectAttached(bed, 'plain', plain.nicId);
  const routed = await bed.attach('with-gateway', { routes: throughHost });
  expectAttached(bed, 'with-gateway', routed.nicId);
  const wished = await bed.attach('with-address', { subnetIds: ['vxnet-b'], address: '192.168.101.77' });
  expect(wished.addresses.map(({ address }) => address)).to.deep.equal(['192.168.101.77/24']);
  for (const name of ['plain', 'with-gateway', 'with-address']) await check(name);
  expect(await refusalOf(bed, bed.attach('plain'))).to.equal('ERR_ATTACHED');
  await refusalOf(bed, bed.attach('refused', { subnetIds: ['vxnet-b'], address: '192.168.101.77' }));
  await refusalOf(bed, bed.attach('refused', { subnetIds: ['vxnet-none000'] }));

  const valid = ['plain', 'with-gateway', 'with-address'].map((containerId) => ({ containerId, ifname: 'eth0' }));
  const kept = await engine.collect({ network: 'pods', valid, subnetIds: BED_VXNETS }, bed.timing());
  expect(kept).to.deep.equal({ removed: [], records: [], failed: [], busy: [] });
  expect(await engine.status({ subnetIds: BED_VXNETS }, bed.timing())).to.include({ ready: true });

  // Somebody takes a NIC away in the console: CHECK says so, DEL succeeds.
  const taken = await bed.attach('taken-away');
  await bed.clock.sleep(10_000);
  await takeAway(bed, taken.nicId);
  expect(await refusalOf(bed, check('taken-away'))).to.equal('ERR_CHECK');
  await bed.detach('taken-away');

  await bed.detach('plain');
  await bed.detach('with-address');
  // The last one's namespace dies with it, and nobody says DEL.
  bed.removePod('with-gateway');
  await engine.collect({ network: 'pods', valid: [], subnetIds: BED_VXNETS }, bed.timing());
  await bed.detach('nobody');
  expect(leftovers(bed)).to.deep.equal([]);
}

/** Detaches and deletes a NIC behind the host's back. */
async function takeAway(bed: EmulatedBed, nicId: string): Promise<void> {
  const host = `${bed.emulator.host}:${bed.emulator.port}`;
  for (const action of ['DetachNics', 'DeleteNics']) {
    const reply = await rawCall({ host, now: () => bed.clock.now() }, action, { 'nics.1': nicId });
    expect(JSON.parse(reply.text), action).to.deep.include({ ret_code: 0 });
    await bed.clock.sleep(10_000);
  }
}
