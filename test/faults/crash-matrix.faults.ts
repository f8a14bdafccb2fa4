import { expect } from 'chai';
import { seededRandom } from '../support/random.js';
import { builds, type PluginBuild } from './builds.js';
import { commands, type DoomedCommand } from './crash/commands.js';
import { SUBJECT, THROUGH_HOST } from './crash/crash-host.js';
import { HostPool } from './crash/host-pool.js';
import { type MatrixFigures, type Pair, runMatrix } from './crash/matrix.js';
import { effectsOfOtherThreads } from './crash/points.js';
import { recoveries } from './crash/recoveries.js';
import { requireCrashTools } from './crash/require-tools.js';
import { printFigures, scale } from './scale.js';

type Choose = (pairs: readonly Pair[]) => readonly Pair[];

/** Any one pair. */
function one(random: () => number): Choose {
  return (pairs) => pairs.slice(Math.floor(random() * pairs.length)).slice(0, 1);
}

/** All points, each with one of the recoveries in turn. */
const inTurn: Choose = (pairs) => pairs.filter((_, i) => i % recoveries.length === Math.floor(i / recoveries.length) % recoveries.length);

/**
 * All points with all recoveries for the standalone build, an hour on an idle machine; all points with one recovery each for the build that is
 * slow to start, and with `FAULTS_RECOVERIES=in-turn` for both.
 */
function chooseFor(build: PluginBuild, random: () => number): Choose {
  if (scale === 'short') return one(random);
  return build.name === 'standalone build' && process.env['FAULTS_RECOVERIES'] !== 'in-turn' ? (pairs) => pairs : inTurn;
}

function print(command: DoomedCommand, build: PluginBuild, figures: MatrixFigures): void {
  printFigures(`${command.name}, ${build.name}`, {
    points: [...figures.points.values()].reduce((sum, n) => sum + n, 0),
    ...Object.fromEntries(figures.points),
    recoveries: figures.recoveries,
    'ended before their point': figures.missed,
    'most commands of other containers': figures.mostOthers,
    failures: figures.failures.length,
  });
  if (figures.steps.size > 0) printFigures('  kills while a record showed the step', Object.fromEntries(figures.steps));
}

describe('crash matrix', () => {
  before(requireCrashTools);

  for (const build of builds) {
    describe(`of the ${build.name}`, () => {
      const hosts = new HostPool(build.path);
      const { next: random } = seededRandom();
      after(() => hosts.close());

      it('has all its effects in its first thread, whose calls are counted', async function () {
        this.timeout(120_000);
        const host = await hosts.take();
        try {
          for (const command of ['ADD', 'DEL'] as const) {
            expect(await effectsOfOtherThreads(host, { command, pod: SUBJECT, keys: THROUGH_HOST })).to.deep.equal([]);
          }
          await host.renewSubject();
        } catch (error) {
          await host.close();
          throw error;
        }
        hosts.give(host);
      });

      for (const command of commands) {
        it(`${command.name}, killed at ${scale === 'full' ? 'every point' : 'some point'}, loses nothing`, async function () {
          this.timeout(scale === 'full' ? 7_200_000 : 120_000);
          const figures = await runMatrix({ hosts, command, lanes: scale === 'full' ? 2 : 1, choose: chooseFor(build, random) });
          print(command, build, figures);
          expect(figures.failures.slice(0, 5).join('\n')).to.equal('');
          expect(figures.recoveries).to.be.greaterThan(0);
          // Every step of the engine lies between points: there are kills that found it recorded, which is before its effect or after it.
          if (scale === 'full') expect([...figures.steps.keys()]).to.include.members(command.steps);
        });
      }
    });
  }
});
