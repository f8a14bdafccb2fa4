import { expect } from 'chai';
import { CLOUD_ACTIONS, CLOUD_FAULTS } from '../support/cloud-faults.js';
import { liveThrough } from '../support/cloud-life.js';
import { ENDINGS, runStory, type Story, type StoryMoment } from '../support/cloud-story.js';
import { openEmulatedBed } from '../support/emulated-bed.js';
import { seededRandom } from '../support/random.js';
import { ROWS, TRIED } from './choice-rows.js';
import { Model } from './model.js';
import { EmulatedSubject } from './model-emulated.js';
import { planModel } from './model-plan.js';
import { printFigures, scaled } from './scale.js';

const STORIES = scaled({ short: 4, full: 60 });
const STEPS = scaled({ short: 20, full: 300 });

const MOMENTS: readonly StoryMoment[] = [
  { kind: 'call', n: 0 },
  { kind: 'call', n: 1 },
  { kind: 'whole', command: 'ADD' },
  { kind: 'whole', command: 'DEL' },
];

/** Every action with every fault that can strike it, at every moment, with every ending. */
const STORIES_THERE_ARE: readonly Story[] = CLOUD_ACTIONS.flatMap((action) =>
  CLOUD_FAULTS.filter((fault) => fault.strikes(action)).flatMap((fault) =>
    ENDINGS.flatMap((ending) => MOMENTS.map((moment) => ({ action, fault, ending, moment }))),
  ),
);

describe(`what nobody knows of the service, chosen in ${ROWS} ways that have every two choices together`, () => {
  for (const { index, choices, title } of TRIED) {
    it(title, async function () {
      this.timeout(3_600_000);
      const { seed } = seededRandom();
      const { next, label } = seededRandom(seed + index);

      const bed = await openEmulatedBed({ emulator: { choices, random: next }, random: next });
      try {
        await liveThrough(bed);
      } finally {
        await bed.close();
      }

      let struck = 0;
      for (let i = 0; i < STORIES; i++) {
        const story = STORIES_THERE_ARE[Math.floor(next() * STORIES_THERE_ARE.length)];
        if (story === undefined) throw new Error('there is nothing to choose from');
        struck += (await runStory(story, { emulator: { choices, random: next }, random: next })).struck;
      }

      const subject = await EmulatedSubject.create({ emulator: { choices, random: next }, random: next });
      const model = new Model(subject);
      try {
        await model.run(planModel(seed + index, STEPS), label);
        await model.end();
        await subject.expectNothingLeft();
      } finally {
        await subject.close();
      }
      const { steps, ADD, DEL, GC, faults } = model.figures;
      printFigures(`row ${index} (${label})`, {
        [`stories of the matrix's ${STORIES_THERE_ARE.length}`]: STORIES,
        'calls struck': struck,
        'steps of the model': steps,
        ADD,
        DEL,
        GC,
        'with faults': faults,
      });
      expect(struck).to.be.at.least(1);
    });
  }
});
