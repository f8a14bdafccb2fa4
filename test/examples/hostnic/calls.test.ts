import { join } from 'node:path';
import { expect } from 'chai';
import { requireLive } from '../../support/live.js';
import { type PluginWorld, startPluginWorld } from '../../support/plugin-world.js';

describe('API calls of hostnic', () => {
  let world: PluginWorld;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    world = await startPluginWorld({
      emulator: {
        vxnets: [{ id: 'vxnet-a', routerId: 'rtr-1', cidr: '192.168.100.0/24' }],
        jobs: { attachMs: 0, detachMs: 0 },
      },
    });
  });

  after(() => world?.close());

  /** Runs a command and gives the actions that the cloud saw of it, with how often; but for looks at a job, which are more where all is slow. */
  async function callsOf(command: string, pod: string, stdin: object): Promise<Readonly<Record<string, number>>> {
    const before = world.emulator.calls().length;
    const end = await world.call({ command, pod, stdin });
    expect(end.code, end.stdout).to.equal(0);
    const counts: Record<string, number> = {};
    for (const { action } of world.emulator.calls().slice(before))
      if (action !== 'DescribeJobs') counts[action] = (counts[action] ?? 0) + 1;
    return counts;
  }

  it('of ADD and DEL are few, each change is asked for once, and what is known of a vxnet is not asked again', async () => {
    const stdin = world.conf({ apiCallsPerHour: 500, hostDir: join(world.folder, 'host-calls') });
    for (const pod of ['calls-1', 'calls-2']) await world.addPod(pod);
    expect(await callsOf('ADD', 'calls-1', stdin)).to.deep.equal({ DescribeVxnets: 1, CreateNics: 1, AttachNics: 1 });
    expect(await callsOf('ADD', 'calls-2', stdin)).to.deep.equal({ CreateNics: 1, AttachNics: 1 });
    for (const pod of ['calls-1', 'calls-2']) {
      expect(await callsOf('DEL', pod, stdin)).to.deep.equal({ DetachNics: 1, DeleteNics: 1 });
    }
    // What is gone is only looked for by its name: among the attached and among the available ones.
    expect(await callsOf('DEL', 'calls-1', stdin)).to.deep.equal({ DescribeNics: 2 });
  });

  it('of STATUS are one in five minutes, however often it is called', async () => {
    const stdin = world.conf({ apiCallsPerHour: 500, hostDir: join(world.folder, 'host-status') });
    const counts = [];
    for (let call = 0; call < 4; call++) counts.push(await callsOf('STATUS', '', stdin));
    expect(counts).to.deep.equal([{ DescribeNics: 1 }, {}, {}, {}]);
  });
});
