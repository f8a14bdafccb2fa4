import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { emulatorChoices } from '../../providers/qingcloud/emulator/index.js';
import { expectAttached } from '../support/cloud-story.js';
import { type EmulatedBed, leftovers, lostNics, openEmulatedBed, secondaryNics } from '../support/emulated-bed.js';
import { seededRandom } from '../support/random.js';
import { rawCall } from '../support/raw-qingcloud.js';
import { atOnce } from './host.js';
import { printFigures, scale, scaled } from './scale.js';

const LANES = 8;
/** Free addresses of the three vxnets. Others take some of the second meanwhile. */
const ROOM = scaled({ short: { 'vxnet-a': 4, 'vxnet-b': 8, 'vxnet-c': 12 }, full: { 'vxnet-a': 20, 'vxnet-b': 40, 'vxnet-c': 120 } });
const TAKEN_BY_OTHERS = ROOM['vxnet-b'] / 4;
const CONTAINERS = ROOM['vxnet-a'] + ROOM['vxnet-b'] + ROOM['vxnet-c'] - TAKEN_BY_OTHERS;
const VXNETS = Object.keys(ROOM);

function vxnet(id: keyof typeof ROOM, net: number) {
  const start = `192.168.${net}.2`;
  return { id, routerId: 'rtr-bed00001', cidr: `192.168.${net}.0/24`, dynRange: { start, end: `192.168.${net}.${ROOM[id] + 1}` } };
}

/** Another host of the account takes addresses. */
async function takeAddresses(bed: EmulatedBed, count: number): Promise<void> {
  const host = `${bed.emulator.host}:${bed.emulator.port}`;
  const params = { vxnet: 'vxnet-b', count: String(count), nic_name: 'of another host' };
  const reply = await rawCall({ host, now: () => bed.clock.now() }, 'CreateNics', params);
  expect(JSON.parse(reply.text)).to.deep.include({ ret_code: 0 });
}

const ours = (bed: EmulatedBed): ReturnType<typeof secondaryNics> => secondaryNics(bed).filter(({ name }) => name !== 'of another host');

/** Runs ADDs until the last free address is taken, then one too many. */
async function fill(bed: EmulatedBed, label: string): Promise<Record<string, number>> {
  const names = Array.from({ length: CONTAINERS }, (_, i) => `c${i}`);
  await atOnce(names, LANES, async (name) => {
    if (name === `c${Math.floor(CONTAINERS / 3)}`) await takeAddresses(bed, TAKEN_BY_OTHERS);
    bed.pod(name);
    const { nicId } = await bed.attach(name, { subnetIds: VXNETS });
    expectAttached(bed, name, nicId);
  });
  expect(ours(bed), label).to.have.length(CONTAINERS);
  const served = Object.fromEntries(VXNETS.map((id) => [id, ours(bed).filter(({ vxnetId }) => vxnetId === id).length]));
  bed.pod('one too many');
  const refusal = await bed.attach('one too many', { subnetIds: VXNETS }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(isNicError(refusal), `${label}: ${String(refusal)}`).to.equal(true);
  expect(ours(bed), label).to.have.length(CONTAINERS);
  expect(
    lostNics(bed).filter((nic) => !nic.endsWith('of another host')),
    label,
  ).to.deep.equal([]);
  // A place that comes free is used again.
  await bed.detach('c0');
  const again = await bed.attach('one too many', { subnetIds: VXNETS });
  expectAttached(bed, 'one too many', again.nicId);
  await atOnce([...names, 'one too many'], LANES, (name) => bed.detach(name));
  expect(
    leftovers(bed).filter((left) => !left.endsWith('of another host')),
    label,
  ).to.deep.equal([]);
  return served;
}

describe('three vxnets of which two fill up', () => {
  for (const [i, availableIpCount] of emulatorChoices.availableIpCount.values.entries()) {
    for (const [j, vxnetFullCode] of emulatorChoices.vxnetFullCode.values.entries()) {
      // In short each value once.
      if (scale === 'short' && i !== j) continue;
      it(`serves ADD while there is room: available_ip_count ${availableIpCount}, a full vxnet answers ${vxnetFullCode}`, async function () {
        this.timeout(3_600_000);
        const { next, label } = seededRandom();
        const bed = await openEmulatedBed({
          emulator: {
            vxnets: [
              vxnet('vxnet-a', 100),
              vxnet('vxnet-b', 101),
              vxnet('vxnet-c', 102),
              { id: 'vxnet-host', routerId: 'rtr-bed00001', cidr: '192.168.0.0/24' },
            ],
            limits: { nicsPerInstance: 1_000 },
            choices: { availableIpCount, vxnetFullCode },
          },
          nicsPerInstance: 1_000,
          random: next,
        });
        try {
          const served = await fill(bed, label);
          printFigures(`${CONTAINERS} ADDs, ${LANES} at once, as many as there is room for`, {
            ...served,
            'taken by another host': TAKEN_BY_OTHERS,
            'CreateNics calls': bed.emulator.callCounts()['CreateNics'] ?? 0,
          });
        } finally {
          await bed.close();
        }
      });
    }
  }
});
