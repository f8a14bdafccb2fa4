import { expect } from 'chai';
import { toBucketSize } from '../../lib/call-budget/bucket.js';
import { requireLive } from '../support/live.js';
import { type PluginWorld, startPluginWorld } from '../support/plugin-world.js';
import { builds } from './builds.js';
import { atOnce } from './host.js';
import { printFigures, scale, scaled } from './scale.js';

const PROCESSES = scaled({ short: 5, full: 50 });
const STORM_MS = scaled({ short: 3_000, full: 30_000 });
/** So few that the budget is felt: one ADD needs about five calls. */
const CALLS_PER_HOUR = scaled({ short: 40, full: 600 });
/** Nobody is kept for longer than this; in full it is what holds without configuration. */
const DEADLINE_SECONDS = scaled({ short: 12, full: 55 });
/** "Try again later" of the CNI specification. */
const TRY_AGAIN_LATER = 11;

interface Tally {
  served: number;
  later: number;
  /** Answers that are neither. */
  others: string[];
}

function codeOf(stdout: string): unknown {
  try {
    return JSON.parse(stdout).code;
  } catch {
    return undefined;
  }
}

/** One place for a pod on the host: ADD is sent until it is served or the storm is over, as a kubelet does, always to a new process. */
async function insist(world: PluginWorld, pod: string, stdin: object, endsAt: number, tally: Tally): Promise<void> {
  do {
    const { code, stdout, stderr } = await world.call({ command: 'ADD', stdin, pod, options: { limitMs: 300_000 } });
    if (code === 0) {
      tally.served++;
      return;
    }
    if (codeOf(stdout) === TRY_AGAIN_LATER) tally.later++;
    else tally.others.push(`exit ${code}: ${stdout}${stderr}`);
  } while (performance.now() < endsAt);
}

/** The most by which calls since the start were ever beyond what the budget gives by then; 0 or less when it was kept. */
function excess(calls: readonly { readonly at: number }[], startedAt: number): number {
  const { capacity, perHour } = toBucketSize(CALLS_PER_HOUR);
  // What has come was counted before it was sent, so nothing can come sooner than the budget gives it.
  const over = calls.map(({ at }, i) => i + 1 - (capacity + (perHour * (at - startedAt)) / 3_600_000));
  return Math.ceil(Math.max(...over));
}

/** How long the provider watches for what a lost answer may still bring, and a little more. */
const CERTAIN_AFTER_MS = 95_000;

/** Takes everything back without a budget. @returns what the DELs say that did not end: work that is recorded and waits for its time */
async function clear(world: PluginWorld, pods: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const stdin = world.conf({ apiCallsPerHour: 0 });
  const pending = new Map(pods.map((pod) => [pod, '']));
  for (let tries = 0; tries < 5 && pending.size > 0; tries++) {
    await atOnce([...pending.keys()], 8, async (pod) => {
      const { code, stdout } = await world.call({ command: 'DEL', stdin, pod, options: { limitMs: 300_000 } });
      if (code !== 0) expect(codeOf(stdout), stdout).to.equal(TRY_AGAIN_LATER);
      if (code === 0) pending.delete(pod);
      else pending.set(pod, stdout);
    });
  }
  return pending;
}

describe('a storm of ADDs whose calls the cloud throttles', () => {
  for (const build of builds) {
    it(`keeps to the budget with ${PROCESSES} processes of the ${build.name} for ${STORM_MS / 1000} s, and loses nothing`, async function () {
      requireLive(this);
      this.timeout(3_600_000);
      const world = await startPluginWorld({ executable: await build.path(), emulator: { jobs: { attachMs: 500, detachMs: 100 } } });
      try {
        const pods = Array.from({ length: PROCESSES }, (_, i) => `storm${i}`);
        for (const pod of pods) await world.addPod(pod);
        // A host that has been at work knows its vxnets.
        await world.addPod('before');
        for (const command of ['ADD', 'DEL']) {
          const { code, stdout } = await world.call({ command, stdin: world.conf({ apiCallsPerHour: 0 }), pod: 'before' });
          expect(code, stdout).to.equal(0);
        }
        const before = world.emulator.calls().length;
        // Of all actions, as they come.
        const rule = world.emulator.addFault({ fault: { kind: 'error', error: 'rate-limit' }, probability: 0.3, times: 'always' });
        const tally: Tally = { served: 0, later: 0, others: [] };
        const stdin = world.conf({ apiCallsPerHour: CALLS_PER_HOUR, deadlineSeconds: DEADLINE_SECONDS });
        const startedAt = Date.now();
        const endsAt = performance.now() + STORM_MS;
        await Promise.all(pods.map((pod) => insist(world, pod, stdin, endsAt, tally)));
        const took = Date.now() - startedAt;
        const throttled = world.emulator.faults().find(({ id }) => id === rule)?.struck ?? 0;
        const calls = world.emulator.calls().slice(before);
        const over = excess(calls, startedAt);
        world.emulator.clearFaults();
        const nics = world.emulator.nics().length;
        let pending = await clear(world, pods);
        const watched = pending.size;
        // The deadline of an ADD may have come while its create request was under way.
        for (const answer of pending.values()) expect(answer).to.include('may still appear');
        if (scale === 'full' && watched > 0) {
          await new Promise((resolve) => setTimeout(resolve, CERTAIN_AFTER_MS));
          pending = await clear(world, [...pending.keys()]);
          expect([...pending.values()]).to.deep.equal([]);
        }
        printFigures(`storm of ${PROCESSES} processes, ${build.name}, ${(took / 1000).toFixed(1)} s`, {
          'ADD processes': tally.served + tally.later + tally.others.length,
          served: tally.served,
          'told to try again (11)': tally.later,
          'answered otherwise': tally.others.length,
          'calls made': calls.length,
          'of them refused as too many': throttled,
          'budget of an hour': CALLS_PER_HOUR,
          'most calls beyond the budget': Math.max(0, over),
          'NICs after the storm': nics,
          'DELs that watch for a late NIC': watched,
          'NICs in the end': world.emulator.nics().length,
        });
        expect(tally.others).to.deep.equal([]);
        expect(over, 'calls beyond the budget').to.be.at.most(0);
        expect(throttled).to.be.at.least(1);
        expect(nics, 'NICs after the storm').to.be.at.least(tally.served);
        expect(world.emulator.nics()).to.deep.equal([]);
      } finally {
        await world.close();
      }
    });
  }
});
