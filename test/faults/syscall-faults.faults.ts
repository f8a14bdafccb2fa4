import { expect } from 'chai';
import { seededRandom } from '../support/random.js';
import { builds } from './builds.js';
import { commands } from './crash/commands.js';
import { HostPool } from './crash/host-pool.js';
import { requireCrashTools } from './crash/require-tools.js';
import { runCommandFaults } from './fault/command-faults.js';
import { FaultFigures, pick } from './fault/figures.js';
import { listSyscallFaults } from './fault/syscall-faults.js';
import { mostOf, printFigures, scaled } from './scale.js';

// The one whose calls are all its first thread's, sockets to the cloud too.
const build = builds.at(-1);

describe('fault matrix of system calls', () => {
  const hosts = new HostPool(async () => (await build?.path()) ?? '', { live: false });

  before(requireCrashTools);
  after(() => hosts.close());

  for (const command of commands) {
    it(`${command.name} by the ${build?.name}: whichever system call fails, host, pod and cloud are the same as before`, async function () {
      this.timeout(scaled({ short: 120_000, full: 7_200_000 }));
      const figures = new FaultFigures();
      const { next: random } = seededRandom();
      const list = async (...args: Parameters<typeof listSyscallFaults>) => {
        const all = await listSyscallFaults(...args);
        return pick(all, mostOf(1), random);
      };
      await runCommandFaults(hosts, command, (host) => list(host, command), figures);
      printFigures(`${command.name}, ${build?.name}`, figures.toFigures());
      expect(figures.failures.slice(0, 5).join('\n')).to.equal('');
      expect(figures.struck.size).to.be.greaterThan(0);
    });
  }
});
