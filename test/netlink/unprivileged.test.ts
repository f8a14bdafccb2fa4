import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { requireLive, requireOpenToOthers } from '../support/live.js';

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
  before(function () {
    requireLive(this, ['unshare', 'setpriv']);
  });
  /** Makes another user of root. Inside a user namespace, where there is no other user, whoever runs this has no rights to lose. */
  const asNobody = /^\s*0\s+0\s+4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8'))
    ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all']
    : [];
  const run = (...command: readonly string[]) =>
    // The loader of the test keeps a cache of its own for each user.
    spawnSync('env', command, { encoding: 'utf8', env: { PATH: process.env['PATH'], TMPDIR: '/tmp', HOME: '/nonexistent' } });
  const node = [process.execPath, '--import', 'tsx'];

  it('does everything inside "unshare -Urnm", as a user without rights', function () {
    if (asNobody.length > 0) requireOpenToOthers(this);
    const { stdout, stderr } = run(...asNobody, 'unshare', '-Urnm', ...node, program('netlink-tour.ts'));
    expect(stderr).to.equal('');
    expect(JSON.parse(stdout)).to.deep.equal(TOUR);
  });

  it('does the same with all rights', () => {
    const { stdout, stderr } = run(...node, program('netlink-tour.ts'));
    expect(stderr).to.equal('');
    expect(JSON.parse(stdout)).to.deep.equal(TOUR);
  });

  it('names the missing capability of whoever may look but not touch', () => {
    const { stdout, stderr } = run(
      'unshare',
      '-n',
      'setpriv',
      '--bounding-set=-all',
      '--inh-caps=-all',
      ...node,
      program('netlink-without-rights.ts'),
    );
    expect(stderr).to.equal('');
    const said = JSON.parse(stdout) as Record<string, string>;
    expect(said['list']).to.equal('lo');
    expect(said['add']).to.match(/^link\.add br0 type bridge: EPERM.*; it needs CAP_NET_ADMIN/);
    expect(said['create']).to.match(/^unshare CLONE_NEWNET: EPERM; .*CAP_SYS_ADMIN/);
    expect(said['packet']).to.match(/^socket in own namespace: EPERM; .*CAP_NET_RAW/);
    expect(said['open']).to.match(/^namespace of process 1: cannot be opened \(EACCES\); .*CAP_SYS_PTRACE/);
  });
});
