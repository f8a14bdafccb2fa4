import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { requireLive } from '../../support/live.js';
import { pluginExecutable } from '../../support/plugin-executable.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const TSX = fileURLToPath(import.meta.resolve('tsx'));

/** Shows what is in the folder $1 at $2 too, for this process alone, and goes on there as a user without rights. */
const AS_NOBODY = `
mount -t tmpfs -o mode=755 checkout "$2"
for from in "$1"/* "$1"/.cache; do
  to="$2/\${from##*/}"
  if [ -d "$from" ]; then mkdir "$to"; else : >"$to"; fi
  mount --bind "$from" "$to"
done
cd "$2"
shift 2
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"`;

/** The demo as a process, with a temporary folder of its own so that what it leaves there is seen. */
class Demo {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<number | null>;
  output = '';
  #told = (): void => {};

  constructor(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, wrapper: readonly string[] = [], root = ROOT) {
    const program = [process.execPath, '--import', TSX.replace(ROOT, root), join(root, 'examples/demo/main.ts')];
    const [command = process.execPath, ...rest] = [...wrapper, ...program, ...args];
    this.child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: folder, ...env } });
    const onText = (text: string): void => {
      this.output += text;
      this.#told();
    };
    this.child.stdout.setEncoding('utf8').on('data', onText);
    this.child.stderr.setEncoding('utf8').on('data', onText);
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#told();
      return code;
    });
  }

  async until(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`it ended before "${text}":\n${this.output}`);
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }
}

/** What a run could leave on this machine: links, named namespaces, mounts of its own. */
function machineState(): unknown {
  const names = (path: string): string[] => {
    try {
      return readdirSync(path).sort();
    } catch {
      return [];
    }
  };
  return { links: names('/sys/class/net'), namespaces: names('/run/netns').filter((name) => name.includes('demo')) };
}

/** Processes that were started with the temporary folder of a test. */
function processesWith(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${folder}`);
      } catch {
        return false;
      }
    });
}

describe('the demo', function () {
  this.timeout(180_000);
  let folder: string;
  let plugin: string;
  let demo: Demo | undefined;
  let stateBefore: unknown;

  before(async function () {
    requireLive(this);
    plugin = await pluginExecutable();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hn-demo-test-'));
    stateBefore = machineState();
  });
  afterEach(async () => {
    if (demo?.child.exitCode === null && demo.child.signalCode === null) demo.child.kill('SIGTERM');
    await demo?.ended;
    demo = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  function expectNothingLeft(): void {
    expect(readdirSync(folder).filter((name) => name.startsWith('hostnic-demo'))).to.deep.equal([]);
    expect(machineState()).to.deep.equal(stateBefore);
    expect(processesWith(folder)).to.deep.equal([]);
  }

  it('plays ADD, traffic, CHECK, DEL and GC, tells each step, and leaves nothing', async () => {
    demo = new Demo(folder, ['--plugin', plugin, '--rounds', '1']);
    expect(await demo.ended, demo.output).to.equal(0);
    for (const step of [
      'ADD pod-1',
      'ADD pod-2',
      'pod-1 to the router',
      'pod-1 to pod-2',
      'pod-1 to the service',
      'CHECK pod-1',
      'DEL pod-2',
      'GC, no pod is valid',
    ]) {
      expect(demo.output).to.match(new RegExp(`^ +[0-9.]+ s {2}${step}: .* \\([0-9]+ ms\\)$`, 'm'));
    }
    expect(demo.output).to.match(/pod-1 to the service: HTTP: pod-2 was asked by 192\.168\.100\.3 /);
    expect(demo.output).to.match(/^ +job of 2000 ms .* 2000 /m);
    expect(demo.output).to.include('the cloud has: 192.168.0.2 primary\n');
    expectNothingLeft();
  });

  it('does without ping, nft and iptables', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    demo = new Demo(folder, ['--plugin', plugin, '--rounds', '1', '--job-ms', '10'], { PATH: bin });
    expect(await demo.ended, demo.output).to.equal(0);
    expect(demo.output).to.include('a proxy, as there is no working nft or iptables');
    expect(demo.output).to.match(/pod-1 to the router: TCP port 9: refused, so it is there/);
    expect(demo.output).to.match(/pod-1 to pod-2: TCP port 8080: accepted/);
    expect(demo.output).to.match(/pod-1 to the service: HTTP: pod-2 was asked by 192\.168\.100\.3 /);
    expectNothingLeft();
  });

  it('works without root, in a user namespace that it makes for itself', async function () {
    requireLive(this, ['setpriv', 'unshare', 'mount']);
    if (spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'true']).status !== 0) {
      console.log('    skipped: there is no other user in this user namespace; it is one without root already');
      this.skip();
    }
    // The checkout may lie in a folder that only its owner enters.
    const checkout = join(folder, 'checkout');
    mkdirSync(checkout);
    chmodSync(folder, 0o777);
    const nobody = ['unshare', '--mount', 'sh', '-euc', AS_NOBODY, 'sh', ROOT, checkout];
    const args = ['--plugin', plugin.replace(ROOT, checkout), '--rounds', '1', '--job-ms', '10'];
    demo = new Demo(folder, args, { HOME: folder }, nobody, checkout);
    expect(await demo.ended, demo.output).to.equal(0);
    expect(demo.output).to.include('All went well, and nothing is left behind.');
    expectNothingLeft();
  });

  for (const [signal, moment] of [
    ['SIGINT', 'Two pods get NICs'],
    ['SIGTERM', 'ADD pod-2'],
    ['SIGINT', 'What an ADD costs'],
  ] as const) {
    it(`stops at ${signal} after "${moment}" with exit code 130, and leaves nothing`, async () => {
      demo = new Demo(folder, ['--plugin', plugin, '--rounds', '99']);
      await demo.until(moment);
      demo.child.kill(signal);
      expect(await demo.ended, demo.output).to.equal(130);
      expect(demo.output).to.include('Stopped; nothing is left behind.');
      expectNothingLeft();
    });
  }

  it('takes everything down when nobody reads what it tells any more', async () => {
    demo = new Demo(folder, ['--plugin', plugin, '--rounds', '99']);
    await demo.until('the network configuration');
    demo.child.stdout.destroy();
    expect(await demo.ended, demo.output).not.to.equal(0);
    expect(demo.output).not.to.include('EPIPE');
    expectNothingLeft();
  });

  it('shows the words of a plugin that fails, ends with 1, and leaves nothing', async () => {
    const broken = join(folder, 'broken');
    writeFileSync(broken, '#!/bin/sh\ncat > /dev/null\necho \'{"code": 7, "msg": "not in the mood"}\'\nexit 1\n');
    chmodSync(broken, 0o755);
    demo = new Demo(folder, ['--plugin', broken]);
    expect(await demo.ended).to.equal(1);
    expect(demo.output)
      .to.match(/ADD pod-1: FAILED/)
      .and.include('not in the mood');
    expectNothingLeft();
  });

  it('says what to do about a plugin that is not there', async () => {
    demo = new Demo(folder, ['--plugin', '/nowhere/hostnic']);
    expect(await demo.ended).to.equal(1);
    expect(demo.output).to.include('/nowhere/hostnic does not exist');
    expectNothingLeft();
  });
});
