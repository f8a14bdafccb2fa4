import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { bunReleases, hostArchitecture } from '../../examples/hostnic/build/bun-release.js';
import { fetchExecutable } from '../../examples/hostnic/build/fetch-executable.js';
import { requireLive } from '../support/live.js';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const tour = join(root, 'test/support/netlink-tour.ts');

describe('netlink under Bun', () => {
  let folder: string;
  let bun: string;

  before(async function () {
    requireLive(this);
    folder = await mkdtemp(join(tmpdir(), 'hostnic-bun-'));
    bun = await fetchExecutable(bunReleases[hostArchitecture()], join(root, '.cache'), folder);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('does what it does under Node.js, through the other binding to libc', async () => {
    const [byBun, byNode] = await Promise.all([run(bun, [tour]), run(process.execPath, ['--import', import.meta.resolve('tsx'), tour])]);
    expect(byBun.stderr).to.equal('');
    expect(JSON.parse(byBun.stdout)).to.deep.equal(JSON.parse(byNode.stdout));
  });
});
