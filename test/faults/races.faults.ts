import { expect } from 'chai';
import { attachmentId } from '../../lib/attachment/names.js';
import { requireLive } from '../support/live.js';
import { startPluginWorld } from '../support/plugin-world.js';
import { seededRandom } from '../support/random.js';
import { builds } from './builds.js';
import { type Crossing, cross, expectGone, PHASES, type Phase, type Slot } from './crossing.js';
import { atOnce, Host, NETWORK } from './host.js';
import { JournalWatch } from './journal-watch.js';
import { printFigures, scaled } from './scale.js';

const PAIRS = scaled({ short: 10, full: 2000 });
const SLOTS = scaled({ short: 2, full: 4 });
const SHARE = 0.03;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Container ids whose locks no other slot uses: a DEL that waits for another container's lock meets no ADD of its own. */
function* containerIds(slot: number): Generator<string> {
  for (let i = 0; ; i++) {
    const containerId = `pair-${slot}-${i}`;
    const id = attachmentId({ network: NETWORK, containerId, ifname: 'eth0' });
    if (BASE32.indexOf(id[2] ?? '') % SLOTS === slot) yield containerId;
  }
}

describe('A DEL during an ADD, both processes of their own', function () {
  this.timeout(3_600_000);
  const build = builds.at(-1);

  before(function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
  });

  it(`leaves nothing behind in ${PAIRS} pairs, whatever the ADD was doing`, async () => {
    const random = seededRandom();
    const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random.next() * choices.length)] as T;
    const world = await startPluginWorld({
      ...(build === undefined ? {} : { executable: await build.path() }),
      emulator: { jobs: { attachMs: 30, detachMs: 20, pendingMs: 0 }, latencyMs: 5 },
    });
    const host = new Host(world);
    const watch = new JournalWatch(`${world.folder}/data`);
    const slots: Slot[] = [];
    try {
      for (let i = 0; i < SLOTS; i++) {
        const pod = `pod${i}`;
        await world.addPod(pod);
        slots.push({ pod, namespace: await host.openPod(pod) });
      }
      // The folders come into being, and with them what is left in the end.
      await host.succeed({ command: 'ADD', containerId: 'first', pod: 'pod0' });
      await host.succeed({ command: 'DEL', containerId: 'first', pod: 'pod0' });
      const before = await host.networkState();
      const met = new Map<Phase, number>(PHASES.map((phase) => [phase, 0]));
      const figures = { cancelled: 0, completed: 0, outlived: 0, held: 0 };
      const rarest = (): readonly Phase[] => {
        const least = Math.min(...met.values());
        return PHASES.filter((phase) => met.get(phase) === least);
      };
      let begun = 0;
      await atOnce(slots, SLOTS, async (slot, index) => {
        const ids = containerIds(index);
        while (begun < PAIRS) {
          const number = begun++;
          const containerId = ids.next().value as string;
          // Half of the moments go to what was met least, so that none is left to luck.
          const phase = random.next() < 0.5 ? pick(rarest()) : pick(PHASES);
          const moment = {
            phase,
            held: random.next() < 0.8 && phase !== 'before its lock' && phase !== 'complete',
            delayMs: random.next() * 8,
          };
          let crossing: Crossing | undefined;
          try {
            crossing = await cross(host, watch, slot, containerId, moment);
            const { add } = crossing;
            if (add.code === 0) figures.completed += 1;
            else {
              expect(add.code, add.message).to.equal(11);
              expect(add.message).to.include('the container was deleted while its NIC was being attached');
              figures.cancelled += 1;
            }
            if (crossing.met === 'before its lock') {
              // The DEL was of an earlier attachment, so this one lives.
              expect(add.code, add.message).to.equal(0);
              expect(host.nicsOf(containerId)).to.have.length(1);
              expect((await slot.namespace.listLinks()).map((link) => link.name)).to.include('eth0');
              await host.succeed({ command: 'DEL', containerId, pod: slot.pod });
              figures.outlived += 1;
            }
            await expectGone(host, slot, containerId);
            if (moment.held) figures.held += 1;
            met.set(crossing.met, (met.get(crossing.met) ?? 0) + 1);
          } catch (error) {
            const where = `${random.label}, pair ${number}, ${JSON.stringify(moment)}, met ${crossing?.met ?? 'nothing'}, ADD said ${crossing?.add.message ?? 'nothing'}`;
            throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
          }
        }
      });
      const shares = [...met].map(([phase, count]) => [phase, `${count} (${((100 * count) / PAIRS).toFixed(1)} %)`] as const);
      printFigures(`DELs by what they met of the ADD (${build?.name}, ${random.label})`, Object.fromEntries(shares));
      printFigures('pairs', { pairs: PAIRS, ...figures, 'slowest command in ms': Math.round(host.slowestMs) });
      for (const [phase, count] of met) expect(count, `DELs that met ${phase}`).to.be.at.least(PAIRS >= 1000 ? SHARE * PAIRS : 0);
      await host.expectAsBefore(before);
    } finally {
      watch.close();
      for (const { namespace } of slots) namespace.close();
      await world.close();
    }
  });
});
