import { expect } from 'chai';
import { CLOUD_ACTIONS, CLOUD_FAULTS, type CloudAction, type NamedFault } from '../support/cloud-faults.js';
import { ENDINGS, type Ending, runStory, type Story } from '../support/cloud-story.js';
import { printFigures, scale, scaled } from './scale.js';

/** The calls of an action within one story that are struck in turn. A story polls its jobs more often, and one poll is like another. */
const MOST_CALLS = 12;
/** In short, one fault of so many is tried. */
const SAMPLED = 6;
/** Failures are told in full up to this many. */
const MOST_TOLD = 5;

interface Tally {
  stories: number;
  struck: number;
  served: number;
  left: number;
  failures: string[];
}

/** Runs a story and takes down what came of it. False when its fault was never met. */
async function tell(story: Story, tally: Tally): Promise<boolean> {
  try {
    const { struck, addError, delError } = await runStory(story);
    if (struck === 0) return false;
    tally.struck += struck;
    if (addError === undefined) tally.served++;
    if (delError !== undefined) tally.left++;
  } catch (error) {
    tally.failures.push(error instanceof Error ? error.message : String(error));
  }
  tally.stories++;
  return true;
}

/** Every call in turn, then all calls of a command at once. */
async function everyMoment(action: CloudAction, fault: NamedFault, ending: Ending, tally: Tally): Promise<void> {
  for (let n = 0; n < MOST_CALLS; n++) if (!(await tell({ action, fault, ending, moment: { kind: 'call', n } }, tally))) break;
  for (const command of ['ADD', 'DEL'] as const) await tell({ action, fault, ending, moment: { kind: 'whole', command } }, tally);
}

/** A few faults at the first call, the endings in turn. */
async function sample(action: CloudAction, faults: readonly NamedFault[], tally: Tally): Promise<void> {
  for (const [i, fault] of faults.entries()) {
    if (i % SAMPLED !== 0) continue;
    await tell({ action, fault, ending: ENDINGS[(i / SAMPLED) % ENDINGS.length] ?? 'DEL', moment: { kind: 'call', n: 0 } }, tally);
  }
}

describe('each action of the cloud with each fault', () => {
  for (const action of CLOUD_ACTIONS) {
    it(`${action}: no NIC is lost or doubled`, async function () {
      this.timeout(3_600_000);
      const faults = CLOUD_FAULTS.filter((fault) => fault.strikes(action));
      const tally: Tally = { stories: 0, struck: 0, served: 0, left: 0, failures: [] };
      if (scale === 'short') await sample(action, faults, tally);
      else for (const fault of faults) for (const ending of ENDINGS) await everyMoment(action, fault, ending, tally);
      printFigures(`${action} x ${faults.length} faults`, {
        stories: tally.stories,
        'calls struck': tally.struck,
        'ADDs served': tally.served,
        'DELs that left work recorded': tally.left,
        'stories with a NIC lost or doubled': tally.failures.length,
      });
      expect(tally.failures.length, tally.failures.slice(0, MOST_TOLD).join('\n\n')).to.equal(0);
      expect(tally.stories).to.be.at.least(scaled({ short: 3, full: 50 }));
    });
  }
});
