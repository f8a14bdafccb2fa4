import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import { runCommand } from '../support/machine.js';
import type { Held } from '../support/spend-netlink.js';

const program = fileURLToPath(new URL('../support/spend-netlink.ts', import.meta.url));

describe('a connection in long use', () => {
  before(function () {
    requireLive(this);
  });

  it('holds no more memory and descriptors after 20,000 requests and listings than before', async function () {
    this.timeout(60_000);
    const { code, stdout, stderr } = await runCommand(process.execPath, ['--import', 'tsx', program, '20000']);
    expect(code, stderr).to.equal(0);
    const { before, after } = JSON.parse(stdout) as { before: Held; after: Held };
    expect(after.descriptors).to.equal(before.descriptors);
    // A hundred bytes kept of each request would be two million.
    expect(after.bytes - before.bytes).to.be.lessThan(1_000_000);
  });
});
