import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { expect } from 'chai';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';

const root = resolve(import.meta.dirname, '../..');

/** An example as a process. */
class Program {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  output = '';
  errors = '';
  readonly ended: Promise<number | null>;
  #told = (): void => {};

  constructor(command: readonly string[]) {
    const [file = '', ...args] = command;
    this.child = spawn(file, args, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.#told();
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
      this.#told();
    });
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#told();
      return code as number | null;
    });
  }

  /** Waits until it has written something, at most until it ends. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output) ?? pattern.exec(this.errors);
      if (match !== null) return match;
      if (this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}: ${this.output}${this.errors}`);
      await new Promise<void>((tell) => {
        this.#told = tell;
      });
    }
  }
}

const node = (example: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  '--import',
  'tsx',
  join('examples', `${example}.ts`),
  ...args,
];
const without = (capability: string): readonly string[] => ['setpriv', `--bounding-set=-${capability}`, '--inh-caps=-all'];

describe('the examples of netlink', function () {
  this.timeout(60_000);
  let lab: NetlinkLab;
  let here: Rtnetlink;
  let path: string;
  let running: Program[] = [];

  before(function () {
    requireLive(this, ['ip', 'nsenter', 'setpriv']);
  });
  beforeEach(async () => {
    running = [];
    lab = createNetlinkLab();
    here = await lab.open('here');
    path = `/proc/${process.pid}/fd/${here.namespace.fd}`;
  });
  afterEach(async () => {
    for (const { child, ended } of running) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    }
    lab?.close();
  });

  function start(command: readonly string[]): Program {
    const program = new Program(command);
    running.push(program);
    return program;
  }

  async function run(
    command: readonly string[],
  ): Promise<{ readonly code: number | null; readonly output: string; readonly errors: string }> {
    const program = start(command);
    program.child.stdin.end();
    const code = await program.ended;
    return { code, output: program.output, errors: program.errors };
  }

  for (const example of ['list-links', 'watch-links', 'veth-pair']) {
    it(`${example} --help tells its options, and a wrong one is refused`, async () => {
      const help = await run(node(example, '--help'));
      expect({ code: help.code, errors: help.errors }).to.deep.equal({ code: 0, errors: '' });
      expect(help.output).to.contain(`Usage: ${example} [options]`);
      const wrong = await run(node(example, '--wrong'));
      expect(wrong).to.deep.equal({ code: 1, output: '', errors: "error: unknown option '--wrong'\n" });
    });
  }

  for (const example of ['list-links', 'watch-links']) {
    it(`${example} says in words that a namespace is not there, is none, or is out of reach`, async () => {
      const name = `hn-none-${process.pid}`;
      const absent = await run(node(example, '--netns', name));
      expect(absent.code).to.equal(1);
      expect(absent.errors).to.match(new RegExp(`^${example}: there is no namespace named ${name}; (there are: .*|none has a name)\\n$`));
      const none = await run(node(example, '--netns', '/etc/passwd'));
      expect(none).to.deep.equal({ code: 1, output: '', errors: `${example}: /etc/passwd: is no network namespace\n` });
      const denied = await run([...without('sys_admin'), ...node(example, '--netns', path)]);
      expect(denied.code).to.equal(1);
      expect(denied.errors).to.match(new RegExp(`^${example}: .*EPERM.*CAP_SYS_ADMIN.*\\n$`));
    });
  }

  it('list-links prints a table, and JSON when asked', async () => {
    await here.link.add({ kind: 'bridge', name: 'br0', mac: '02:00:00:00:00:01', up: true });
    const { index } = await here.link.get({ name: 'br0' });
    await here.link.add({
      kind: 'veth',
      name: 'v0',
      mac: '02:00:00:00:00:02',
      masterIndex: index,
      peer: { name: 'v1', mac: '02:00:00:00:00:03' },
    });
    const { index: v0 } = await here.link.get({ name: 'v0' });
    await here.link.addAltName(v0, 'enp0s3');
    await here.address.add({ linkIndex: index, address: '192.0.2.10/24' });
    const table = await run(node('list-links', '--netns', path));
    expect({ code: table.code, errors: table.errors }).to.deep.equal({ code: 0, errors: '' });
    expect(table.output.split('\n').map((line) => line.split(/ {2,}/))).to.deep.equal([
      ['#', 'NAME', 'KIND', 'STATE', 'MTU', 'MAC', 'MASTER', 'LOWER', 'ADDRESSES'],
      ['1', 'lo', 'down', '65536', '00:00:00:00:00:00'],
      [`${index}`, 'br0', 'bridge', 'up, no carrier', '1500', '02:00:00:00:00:01', '192.0.2.10/24'],
      [`${v0 - 1}`, 'v1', 'veth', 'down', '1500', '02:00:00:00:00:03', 'v0'],
      [`${v0}`, 'v0 = enp0s3', 'veth', 'down', '1500', '02:00:00:00:00:02', 'br0', 'v1'],
      [''],
    ]);
    // Each column begins where its title does.
    const [head = '', ...lines] = table.output.trimEnd().split('\n');
    expect(lines.map((line) => line.slice(head.indexOf('MAC'), head.indexOf('MAC') + 17))).to.include('02:00:00:00:00:02');
    const json = await run(node('list-links', '-n', path, '--json'));
    const found = JSON.parse(json.output) as readonly { readonly name: string }[];
    expect(found.find(({ name }) => name === 'br0')).to.deep.equal({
      index,
      name: 'br0',
      altNames: [],
      kind: 'bridge',
      state: 'up, no carrier',
      mtu: 1500,
      mac: '02:00:00:00:00:01',
      master: '',
      lower: '',
      addresses: ['192.0.2.10/24'],
    });
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`watch-links tells of every change until ${signal}`, async () => {
      const watch = start(node('watch-links', '--netns', path));
      await watch.until(/watching .*; Ctrl-C to stop\n/);
      expect(watch.output).to.match(/^added {4}1 lo {2}card {2}00:00:00:00:00:00 {2}mtu 65536 {2}down\n$/);
      await here.link.add({ kind: 'ifb', name: 'x0', index: 50, mac: '02:00:00:00:00:50' });
      await watch.until(/^added {4}50 x0 {2}ifb {2}02:00:00:00:00:50 {2}mtu 1500 {2}down$/m);
      await here.link.set(50, { mtu: 1400 });
      await watch.until(/^changed {2}50 x0 {2}mtu 1500 → 1400$/m);
      await here.link.set(50, { name: 'x1' });
      await watch.until(/^changed {2}50 x1 {2}name x0 → x1$/m);
      await here.link.delete({ index: 50 });
      await watch.until(/^removed {2}50 x1 /m);
      watch.child.kill(signal);
      expect(await watch.ended).to.equal(0);
    });
  }

  it('watch-links --json prints a document a line, and stops when nobody reads on', async () => {
    const watch = start(node('watch-links', '--netns', path, '--json'));
    await watch.until(/watching/);
    expect(JSON.parse(watch.output)).to.have.nested.property('link.name', 'lo');
    watch.child.stdout.destroy();
    for (let i = 0; i < 20 && watch.child.exitCode === null; i++) {
      await here.link.set(1, { mtu: 60_000 + i });
      await Promise.race([watch.ended, new Promise((wake) => setTimeout(wake, 100))]);
    }
    expect(await watch.ended).to.equal(0);
  });

  it('veth-pair sends a packet, and its namespaces are there as long as it holds them', async () => {
    const links = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' });
    const pair = start(node('veth-pair', '--hold'));
    await pair.until(/^192\.0\.2\.1 to 192\.0\.2\.2 and back: \d+\.\d\d ms$/m);
    for (const [label, own] of [
      ['left', '192.0.2.1'],
      ['right', '192.0.2.2'],
    ] as const) {
      const [, place = ''] = await pair.until(new RegExp(`^${label}: nsenter (--net=\\S+) ip address$`, 'm'));
      expect(execFileSync('nsenter', [place, 'ip', '-o', '-4', 'address'], { encoding: 'utf8' })).to.match(
        new RegExp(`eth0 +inet ${own}/24`),
      );
    }
    await pair.until(/press Enter/);
    pair.child.stdin.write('\n');
    expect(await pair.ended).to.equal(0);
    expect(pair.errors).to.equal('');
    expect(execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' })).to.equal(links);
  });

  it('veth-pair ends at a signal and at the end of its input, too', async () => {
    expect((await run(node('veth-pair', '--hold'))).code).to.equal(0);
    const pair = start(node('veth-pair', '--hold'));
    await pair.until(/press Enter/);
    pair.child.kill('SIGTERM');
    expect(await pair.ended).to.equal(0);
  });

  it('veth-pair says which right is missing', async () => {
    const denied = await run([...without('sys_admin'), ...node('veth-pair')]);
    expect({ code: denied.code, output: denied.output }).to.deep.equal({ code: 1, output: '' });
    expect(denied.errors).to.match(/^veth-pair: unshare CLONE_NEWNET: EPERM; .*CAP_SYS_ADMIN.*\n$/);
  });
});
