import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectOneAnswer } from '../support/cni-answer.js';
import { type FuzzKind, fuzzedCall, fuzzKinds, goodEnvironment } from '../support/fuzzed-call.js';
import { requireLive } from '../support/live.js';
import { createDice, damageText } from '../support/mutations.js';
import { type PluginWorld, startPluginWorld } from '../support/plugin-world.js';
import { seededRandom } from '../support/random.js';
import { builds } from './builds.js';
import { printFigures, scaled } from './scale.js';

const POD = '/run/netns/c1';
const namespaces = [POD, '/run/netns/c9', '', '/proc/self/ns/net', '/run/netns/nowhere'];

/** A damaged path leads anywhere: on this machine nothing but the world's own folder can be written. */
const readOnly = (folder: string): string => `mount --bind ${folder} ${folder}
awk '{print $5}' /proc/self/mountinfo | while read -r m; do
  case "$m" in /proc*|/sys*|/dev*|/run*|${folder}*) ;; *) mount -o remount,bind,ro "$m" ;; esac
done`;

for (const build of builds) {
  describe(`bad input to the ${build.name}`, function () {
    this.timeout(scaled({ short: 120_000, full: 3_600_000 }));
    const random = seededRandom();
    const dice = createDice(random);
    const cases = scaled({ short: 1, full: 40 });
    let world: PluginWorld;
    let conf: Record<string, unknown>;

    before(async function () {
      requireLive(this, ['ip', 'nsenter', 'unshare', 'mount', 'awk']);
      world = await startPluginWorld({ executable: await build.path(), setup: readOnly });
      for (const pod of ['c1', 'c9']) await world.addPod(pod);
      conf = world.conf({ ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] }, gatewayIdleSeconds: 0 });
      const bystander = {
        command: 'ADD',
        pod: 'c9',
        stdin: { ...conf, name: 'bystanders', ipam: undefined, dataDir: join(world.folder, 'other') },
      };
      expect((await world.call(bystander)).code).to.equal(0);
      expect((await world.machine.run('touch', ['/bin/x'])).code, 'the machine can be written to').not.to.equal(0);
    });
    after(() => world?.close());

    async function answerTo(
      env: Readonly<Record<string, string>>,
      stdin: string,
    ): Promise<{ readonly code: number; readonly text: string }> {
      const end = await world.call({ command: '', stdin, env });
      expect(end.signal, end.stderr).to.equal(undefined);
      return { code: expectOneAnswer(env['CNI_COMMAND'] ?? '', end.code, end.stdout), text: end.stdout };
    }

    const serve = async (env: Readonly<Record<string, string>>, stdin: string): Promise<number> => (await answerTo(env, stdin)).code;

    async function must(env: Readonly<Record<string, string>>, stdin: string, label: string): Promise<void> {
      const { code, text } = await answerTo(env, stdin);
      expect(code, `${label}: ${env['CNI_COMMAND']}: ${text}`).to.equal(0);
    }

    const own = (): readonly string[] => {
      const [first] = world.emulator.nics();
      return world.emulator.nics().flatMap(({ id }) => (id === first?.id ? [] : [id]));
    };

    function damageJournal(): void {
      for (const name of ['data/attachments', 'host/gateways', 'host/cache', 'host/journals']) {
        const directory = join(world.folder, name);
        for (const file of fs.existsSync(directory) ? fs.readdirSync(directory) : []) {
          const path = join(directory, file);
          if (dice.oneIn(2)) fs.writeFileSync(path, damageText(dice, fs.readFileSync(path, 'utf8')));
        }
      }
    }

    async function letGo(label: string): Promise<void> {
      const stdin = JSON.stringify({ ...conf, 'cni.dev/valid-attachments': [] });
      for (let tries = 0; tries < 4 && own().length > 0; tries++) {
        await serve(goodEnvironment(tries === 0 ? 'DEL' : 'GC', 'c1', POD), stdin);
        // A person removes what cannot be read; what it was about has names in the cloud.
        if (tries === 1) for (const name of ['data', 'host']) fs.rmSync(join(world.folder, name), { recursive: true, force: true });
        if (tries === 1) await serve(goodEnvironment('DEL', 'c1', POD), stdin);
      }
      expect(own(), label).to.deep.equal([]);
    }

    for (const kind of fuzzKinds) {
      it(`gets one valid answer and touches nothing else: ${kind}`, async () => {
        const codes = new Map<number, number>();
        for (let i = 0; i < cases; i++) {
          const label = `${kind} ${i}, ${random.label}`;
          const code = await one(kind, label);
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }
        const seen = [...codes].sort(([a], [b]) => a - b).map(([code, times]) => [`code ${code}`, times] as const);
        printFigures(`${kind}, ${random.label}`, { cases, ...Object.fromEntries(seen) });
        const link = await world.machine.run('ip', ['-n', 'c9', '-br', 'link', 'show', 'dev', 'eth0']);
        expect(link.stdout, 'the container that lives all the time').to.match(/UP/);
      });
    }

    async function one(kind: FuzzKind, label: string): Promise<number> {
      if (kind === 'journal') {
        await must(goodEnvironment('ADD', 'c1', POD), JSON.stringify(conf), label);
        damageJournal();
      }
      const files = [world.providerFile, join(world.folder, 'instance-id')].map((path) => ({ path, text: fs.readFileSync(path, 'utf8') }));
      if (kind === 'provider file') {
        const { path, text } = dice.pick(files);
        fs.writeFileSync(path, damageText(dice, text));
      }
      // A damaged provider file may name a host that never answers.
      const fuzzed = kind === 'provider file' ? { ...conf, deadlineSeconds: 5 } : conf;
      const { env, stdin } = fuzzedCall(dice, kind, { conf: fuzzed, containerId: 'c1', namespaces });
      const code = await serve(env, stdin);
      for (const { path, text } of files) fs.writeFileSync(path, text);
      if (env['CNI_COMMAND'] === 'ADD' && code === 0) await must({ ...env, CNI_COMMAND: 'DEL' }, stdin, label);
      await letGo(label);
      return code;
    }
  });
}
