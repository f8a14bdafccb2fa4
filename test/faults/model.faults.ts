import { expect } from 'chai';
import { seededRandom } from '../support/random.js';
import { Model } from './model.js';
import { MemorySubject } from './model-memory.js';
import { formatStep, planModel } from './model-plan.js';
import { printFigures, scaled } from './scale.js';

describe('A host on which everything happens', function () {
  this.timeout(3_600_000);

  it('does the same again with the same seed, and something else with another', () => {
    const inWords = (seed: number): readonly string[] => planModel(seed, 200).map(formatStep);
    expect(inWords(7)).to.deep.equal(inWords(7));
    expect(inWords(7)).not.to.deep.equal(inWords(8));
  });

  const STEPS = scaled({ short: 300, full: 9000 });
  it(`loses no NIC in ${STEPS} random steps in one process`, async () => {
    const { seed, label } = seededRandom();
    const subject = await MemorySubject.create();
    const model = new Model(subject);
    await model.run(planModel(seed, STEPS), label);
    await model.end();
    await subject.expectNothingLeft();
    printFigures(`model in memory (${label})`, { ...model.figures });
  });
});
