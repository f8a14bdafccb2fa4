import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { requireLive } from '../support/live.js';

const program = (name: string): string => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

/** What netlink-tour.ts must find, whoever runs it. */
const TOUR = {
  cookies: true,
  eth0: { mac: '02:00:00:00:00:01', kind: 'veth' },
  links: ['lo', 'eth0'],
  addresses: ['192.0.2.10/24'],
  routes: 61,
  batch: ['59 EEXIST'],
  way: '192.0.2.1',
  rules: 4,
  neighbour: '02:00:00:00:00:77',
  sysctl: '2',
  nsid: 0,
  locks: [true, false],
  port: 8080,
  refused: 'link.set eth0 mtu 1000000: EINVAL: mtu greater than device maximum',
};

describe('netlink without privileges', () => {
  let home: string;

  before(function () {
    requireLive(this, ['unshare', 'setpriv']);
    home = mkdtempSync(join(tmpdir(), 'hn-nobody-'));
  });
  after(() => {
    if (home !== undefined) rmSync(home, { recursive: true, force: true });
  });

  const run = (command: string, ...args: readonly string[]) =>
    // The loader of the test keeps a cache of its own for each user.
    spawnSync(command, args, { encoding: 'utf8', env: { PATH: process.env['PATH'], TMPDIR: '/tmp', HOME: '/nonexistent' } });
  const node = [process.execPath, '--import', 'tsx'];

  it('does everything inside "unshare -Urnm", as a user without rights', () => {
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];
    const { stdout, stderr } = run('setpriv', ...nobody, 'unshare', '-Urnm', ...node, program('netlink-tour.ts'));
    expect(stderr).to.equal('');
    expect(JSON.parse(stdout)).to.deep.equal(TOUR);
  });

  it('does the same as root', () => {
    const { stdout, stderr } = run(process.execPath, ...node.slice(1), program('netlink-tour.ts'));
    expect(stderr).to.equal('');
    expect(JSON.parse(stdout)).to.deep.equal(TOUR);
  });

  it('names the missing capability of whoever may look but not touch', () => {
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];
    const { stdout, stderr } = run('unshare', '-n', 'setpriv', ...nobody, ...node, program('netlink-without-rights.ts'));
    expect(stderr).to.equal('');
    const said = JSON.parse(stdout) as Record<string, string>;
    expect(said['list']).to.equal('lo');
    expect(said['add']).to.match(/^link\.add br0 type bridge: EPERM.*; it needs CAP_NET_ADMIN/);
    expect(said['create']).to.match(/^unshare CLONE_NEWNET: EPERM; .*CAP_SYS_ADMIN/);
    expect(said['packet']).to.match(/^socket in own namespace: EPERM; .*CAP_NET_RAW/);
    expect(said['open']).to.match(/^namespace of process 1: cannot be opened \(EACCES\); .*CAP_SYS_PTRACE/);
  });
});
