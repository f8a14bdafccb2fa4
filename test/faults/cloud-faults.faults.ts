import { expect } from 'chai';
import { seededRandom } from '../support/random.js';
import { builds } from './builds.js';
import { commands } from './crash/commands.js';
import { HostPool } from './crash/host-pool.js';
import { requireCrashTools } from './crash/require-tools.js';
import { listCloudFaults } from './fault/cloud-faults.js';
import { runCommandFaults } from './fault/command-faults.js';
import { FaultFigures, pick } from './fault/figures.js';
import { mostOf, printFigures, scaled } from './scale.js';

describe('fault matrix of the cloud', () => {
  before(requireCrashTools);

  for (const build of builds) {
    const hosts = new HostPool(build.path, { live: false });
    after(() => hosts.close());

    for (const command of commands) {
      it(`${command.name} by the ${build.name}: whatever a call of the cloud comes to, host, pod and cloud are the same as before`, async function () {
        this.timeout(scaled({ short: 120_000, full: 3_600_000 }));
        const figures = new FaultFigures();
        const { next: random } = seededRandom();
        const list = async (...args: Parameters<typeof listCloudFaults>) => {
          const all = await listCloudFaults(...args);
          return pick(all, mostOf(1), random);
        };
        await runCommandFaults(hosts, command, (host) => list(host, command), figures);
        printFigures(`${command.name}, ${build.name}`, figures.toFigures());
        expect(figures.failures.slice(0, 5).join('\n')).to.equal('');
        expect(figures.struck.size).to.be.greaterThan(0);
      });
    }
  }
});
