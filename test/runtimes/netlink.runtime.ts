import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { bunReleases, hostArchitecture } from '../../examples/hostnic/build/bun-release.js';
import { fetchExecutable } from '../../examples/hostnic/build/fetch-executable.js';
import { runByBun } from '../../examples/hostnic/build/run-by-bun.js';
import { requireLive } from '../support/live.js';
import { type NetlinkTestRun, runNetlinkTests, runNetlinkTestsByNode, testTimeoutMs } from './support/netlink-test-run.js';
import { nodeExecutable, nodeVersions } from './support/node-releases.js';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache');

interface Runtime {
  readonly name: string;
  /** @param folder its own, for what it needs and leaves */
  run(folder: string): Promise<NetlinkTestRun>;
}

const executable: Runtime = {
  name: 'Bun, compiled to one executable',
  async run(folder) {
    const release = bunReleases[hostArchitecture()];
    const bun = await fetchExecutable(release, cache, folder);
    const [outfile, report] = [join(folder, 'netlink-tests'), join(folder, 'report.json')];
    await runByBun(bun, join(root, 'test/runtimes/support/compile-tests.ts'), [outfile, release.target, String(testTimeoutMs)]);
    return runNetlinkTests(outfile, ['--report', report], report);
  },
};

const nodes = nodeVersions.map(
  (version): Runtime => ({
    name: `Node.js ${version}`,
    async run(folder) {
      const node = await fetchExecutable(nodeExecutable(version), cache, folder);
      return runNetlinkTestsByNode(node, join(folder, 'report.json'));
    },
  }),
);

const runtimes: readonly Runtime[] = [executable, ...nodes];

describe('the netlink tests', function () {
  this.timeout(1_800_000);
  let folder: string;
  let expected: NetlinkTestRun;
  let runs: ReadonlyMap<Runtime, Promise<NetlinkTestRun>>;

  /** Starts all runs, as many at a time as there are processors. */
  function startRuns(): ReadonlyMap<Runtime, Promise<NetlinkTestRun>> {
    const lanes = Array.from({ length: availableParallelism() }, (): Promise<unknown> => Promise.resolve());
    return new Map(
      runtimes.map((runtime, i) => {
        const started = (lanes[i % lanes.length] ?? Promise.resolve()).then(async () => {
          const own = await mkdtemp(join(folder, 'run-'));
          // Some tests start their runtime as another user.
          await chmod(own, 0o755);
          return runtime.run(own);
        });
        lanes[i % lanes.length] = started.catch(() => undefined);
        return [runtime, started];
      }),
    );
  }

  before(async function () {
    requireLive(this);
    folder = await mkdtemp(join(tmpdir(), 'hostnic-runtimes-'));
    await chmod(folder, 0o755);
    expected = await runNetlinkTestsByNode(process.execPath, join(folder, 'expected.json'), '--dry-run');
    runs = startRuns();
  });

  after(async () => {
    await Promise.allSettled(runs?.values() ?? []);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  for (const runtime of runtimes) {
    it(`pass under ${runtime.name}, all that there are under the Node.js that runs this`, async () => {
      const { titles, skipped, failures, seconds } = (await runs.get(runtime)) ?? expect.fail('not started');
      console.log(`      ${titles.length} tests in ${seconds.toFixed(0)} s`);
      expect(failures.join('\n')).to.equal('');
      expect(skipped).to.deep.equal([]);
      expect(expected.titles.filter((title) => !titles.includes(title))).to.deep.equal([]);
      expect(titles).to.have.length(expected.titles.length);
    });
  }
});
