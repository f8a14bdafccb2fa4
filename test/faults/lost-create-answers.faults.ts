import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { expectAttached } from '../support/cloud-story.js';
import { type EmulatedBed, leftovers, lostNics, openEmulatedBed, secondaryNics } from '../support/emulated-bed.js';
import { seededRandom } from '../support/random.js';
import { atOnce } from './host.js';
import { printFigures, scaled } from './scale.js';

const CONTAINERS = scaled({ short: 40, full: 500 });
const LANES = 20;
/** A real instance holds 64 NICs and a real vxnet 252: both are raised here, for the number is the point. */
const RAISED = 1_000;

const names = Array.from({ length: CONTAINERS }, (_, i) => `c${i}`);

/** Containers come and go until what was uncertain is certain and settled. */
async function settle(bed: EmulatedBed): Promise<void> {
  for (let round = 0; round < CONTAINERS; round++) {
    bed.clock.skip(61_000);
    await bed.detach(`nobody${round}`);
    const uncertain = bed.folder
      .list('attachments')
      .filter((file) => /uncertainAt|"create"/.test(bed.folder.read('attachments', file) ?? ''));
    if (uncertain.length === 0) return;
  }
}

describe('half of the answers to CreateNics lost', () => {
  it(`leaves as many NICs as containers after ${CONTAINERS} ADDs (limits raised to ${RAISED} NICs per instance and vxnet)`, async function () {
    this.timeout(3_600_000);
    const { next, label } = seededRandom();
    const bed = await openEmulatedBed({
      emulator: {
        vxnets: [
          { id: 'vxnet-a', routerId: 'rtr-bed00001', cidr: '10.1.0.0/22' },
          { id: 'vxnet-b', routerId: 'rtr-bed00001', cidr: '10.1.4.0/22' },
          { id: 'vxnet-host', routerId: 'rtr-bed00001', cidr: '10.1.8.0/24' },
        ],
        limits: { nicsPerInstance: RAISED, nicsPerVxnet: RAISED },
        random: next,
      },
      nicsPerInstance: RAISED,
      random: next,
    });
    try {
      const fault = bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'cut' }, probability: 0.5, times: 'always' });
      const refused = new Map<string, string>();
      await atOnce(names, LANES, async (name) => {
        bed.pod(name);
        try {
          const { nicId } = await bed.attach(name);
          expectAttached(bed, name, nicId);
        } catch (error) {
          if (!isNicError(error)) throw error;
          refused.set(name, error.message);
        }
      });
      const lost = bed.emulator.faults().find(({ id }) => id === fault)?.struck ?? 0;
      const created = bed.emulator.callCounts()['CreateNics'] ?? 0;
      expect(lostNics(bed), label).to.deep.equal([]);
      const soon = secondaryNics(bed).length;
      bed.emulator.clearFaults();
      await settle(bed);
      const nics = secondaryNics(bed).length;
      printFigures(`${CONTAINERS} ADDs, ${LANES} at once (${label})`, {
        'CreateNics calls': created,
        'answers lost': lost,
        'ADDs served': CONTAINERS - refused.size,
        'NICs before all is certain': soon,
        'NICs once all is certain': nics,
      });
      expect([...refused.values()], label).to.deep.equal([]);
      expect(lost, 'answers lost').to.be.at.least(CONTAINERS / 5);
      expect(nics, label).to.equal(CONTAINERS);
      expect(new Set(secondaryNics(bed).map(({ name }) => name)).size, label).to.equal(CONTAINERS);
      await atOnce(names, LANES, (name) => bed.detach(name));
      expect(leftovers(bed), label).to.deep.equal([]);
    } finally {
      await bed.close();
    }
  });
});
