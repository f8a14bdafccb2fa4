import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import { seededRandom } from '../support/random.js';
import { builds } from './builds.js';
import { Model } from './model.js';
import { MemorySubject } from './model-memory.js';
import { formatStep, planModel } from './model-plan.js';
import { ProcessSubject } from './model-processes.js';
import { printFigures, scaled } from './scale.js';

/** Added to the seed of the model with processes: from here a short run has nearly everything in it. */
const VARIED = 3023;

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

  const PROCESSES = scaled({ short: 12, full: 1000 });
  it(`loses no NIC in ${PROCESSES} random steps with processes, the emulated cloud and the kernel`, async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    const build = builds.at(-1);
    if (build === undefined) throw new Error('there is a build in every scale');
    const { seed, label } = seededRandom();
    const subject = await ProcessSubject.start(await build.path());
    try {
      const model = new Model(subject);
      await model.run(planModel(seed + VARIED, PROCESSES), label);
      await model.end();
      await subject.expectNothingLeft(scaled({ short: 0, full: 180_000 }));
      const { commands, slowestMs } = subject.host;
      printFigures(`model with processes (${build.name}, ${label})`, {
        ...model.figures,
        processes: commands,
        'slowest command in ms': Math.round(slowestMs),
      });
    } finally {
      await subject.close();
    }
  });
});
