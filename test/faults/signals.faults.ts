import type { ChildProcess } from 'node:child_process';
import { expect } from 'chai';
import { expectOneAnswer } from '../support/cni-answer.js';
import { requireLive } from '../support/live.js';
import { type CommandEnd, childOf } from '../support/machine.js';
import { createDice } from '../support/mutations.js';
import { type PluginWorld, startPluginWorld } from '../support/plugin-world.js';
import { seededRandom } from '../support/random.js';
import { builds } from './builds.js';
import { printFigures, scaled } from './scale.js';

for (const build of builds) {
  describe(`the ${build.name} when it is told to end`, function () {
    this.timeout(scaled({ short: 120_000, full: 3_600_000 }));
    const random = seededRandom();
    const dice = createDice(random);
    const rounds = scaled({ short: 2, full: 60 });
    let world: PluginWorld;
    let untouched = '';
    let pods = 0;

    before(async function () {
      requireLive(this, ['ip', 'nsenter', 'unshare']);
      world = await startPluginWorld({ executable: await build.path(), emulator: { jobs: { attachMs: 100, detachMs: 100 } } });
      untouched = await world.networkState();
    });
    after(() => world?.close());

    const conf = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
      world.conf({
        ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] },
        gatewayIdleSeconds: 0,
        'cni.dev/valid-attachments': [],
        ...changes,
      });

    const newPod = async (): Promise<string> => {
      pods += 1;
      await world.addPod(`pod-${pods}`);
      return `pod-${pods}`;
    };

    const succeeded = ({ code, stdout, stderr }: CommandEnd): void => {
      expect(code, stdout + stderr).to.equal(0);
    };

    /** Whatever has become of the pod, DELs give everything back: the first may have to wait for what the cloud has under way. */
    async function letGo(pod: string, label: string): Promise<void> {
      for (let tries = 0; tries < 3 && (tries === 0 || world.emulator.nics().length > 0); tries++) {
        const end = await world.call({ command: 'DEL', pod, stdin: conf() });
        // A create request whose answer did not come in time is watched until its NIC cannot appear any more.
        if (end.code !== 0) expect(end.stdout, label).to.match(/"code": 11,.*may still appear/s);
      }
      // Gateways are seen to by any command that comes to its end, and one whose removal was broken off when its turn has come.
      for (let tries = 0; tries < 100 && world.emulator.nics().length > 0; tries++) {
        succeeded(await world.call({ command: 'DEL', pod: 'nobody', stdin: conf(), env: { CNI_NETNS: '' } }));
      }
      await world.removePod(pod);
      expect(
        world.emulator.nics().map(({ name }) => name),
        label,
      ).to.deep.equal([]);
      expect(await world.networkState(), label).to.equal(untouched);
    }

    /** Runs a command that gets a signal after a time. */
    async function stopped(command: string, pod: string, signal: NodeJS.Signals, ms: number): Promise<CommandEnd> {
      let sent: Promise<void> = Promise.resolve();
      const onSpawn = (outer: ChildProcess): void => {
        sent = (async () => {
          // The only child of nsenter is the plugin.
          const pid = await childOf(outer.pid ?? 0);
          await new Promise((resolve) => setTimeout(resolve, ms));
          if (outer.exitCode === null && outer.signalCode === null) process.kill(pid, signal);
        })().catch(() => {
          // It has ended before: there was nothing to stop any more.
        });
      };
      const end = await world.call({ command, pod, stdin: conf(), options: { onSpawn } });
      await sent;
      return end;
    }

    for (const command of ['ADD', 'DEL', 'GC'] as const) {
      it(`answers ${command} once at most, and nothing is lost: SIGTERM and SIGINT at any time`, async () => {
        const seen = { signals: 0, 'before it read': 0, refused: 0, done: 0 };
        let usual = 0;
        for (let i = 0; i <= rounds; i++) {
          const pod = await newPod();
          if (command !== 'ADD') succeeded(await world.call({ command: 'ADD', pod, stdin: conf() }));
          const before = performance.now();
          if (i === 0) {
            succeeded(await world.call({ command, pod, stdin: conf() }));
            usual = performance.now() - before;
            await letGo(pod, 'untouched');
            continue;
          }
          const signal = dice.pick(['SIGTERM', 'SIGINT'] as const);
          const ms = dice.number(Math.ceil(usual));
          const label = `${signal} after ${ms} of ${Math.round(usual)} ms, ${random.label}`;
          const end = await stopped(command, pod, signal, ms);
          seen.signals++;
          // Nothing is begun before standard input was read; until then a signal ends it as any program.
          if (end.signal !== undefined || (end.code ?? 0) >= 128) {
            expect(end.stdout, label).to.equal('');
            seen['before it read']++;
          } else {
            const code = expectOneAnswer(command, end.code, end.stdout);
            expect(code, label).to.be.oneOf([0, 11]);
            seen[code === 0 ? 'done' : 'refused']++;
          }
          await letGo(pod, label);
        }
        printFigures(`${command}, ${random.label}`, seen);
        expect(seen.refused + seen.done + seen['before it read']).to.equal(rounds);
      });
    }

    it('answers within a deadline that is too short, and nothing is lost', async () => {
      const seen = { commands: 0, late: 0, served: 0 };
      for (let i = 0; i < Math.ceil(rounds / 3); i++) {
        const pod = await newPod();
        // Without a gateway, whose lost create answer would be watched too.
        const stdin = conf({ deadlineSeconds: 1, ipam: { routes: [] } });
        const isHeld = i % 2 === 0;
        if (isHeld) world.emulator.holdJobs();
        const end = await world.call({ command: 'ADD', pod, stdin }).finally(() => world.emulator.releaseJobs());
        const code = expectOneAnswer('ADD', end.code, end.stdout);
        expect(code, end.stdout).to.be.oneOf(isHeld ? [11] : [0, 11]);
        seen.commands++;
        seen[code === 0 ? 'served' : 'late']++;
        await letGo(pod, random.label);
      }
      printFigures(`a deadline of one second, ${random.label}`, seen);
    });
  });
}
