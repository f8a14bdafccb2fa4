import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createNamespace, type NamespaceHandle } from '../../netlink/namespace.js';
import { openRtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive, requireOpenToOthers } from '../support/live.js';

const program = fileURLToPath(new URL('../support/try-everything.ts', import.meta.url));

/** What everybody may do. */
const FREE = [
  'list links',
  'list addresses',
  'list routes',
  'list rules',
  'list neighbours',
  'look up a route',
  'monitor links',
  'read a sysctl',
  'listen on a high port',
];
/** What each capability is needed for, with what the refusal says. */
const ADMIN = [
  'add a link',
  'change a link',
  'add an address',
  'delete an address',
  'add a route',
  'add a route in a batch',
  'add a rule',
  'add a neighbour',
];
const SYSCTL = ['write a sysctl', 'write a sysctl by the driver'];
const ENTER = ['open another namespace by descriptor', 'make a namespace', 'make a named namespace'];
const PACKET = ['open a packet socket', 'announce an IPv6 address'];
const TRACE = ['open a namespace by process'];
const PORT = ['listen on a low port'];
const ALL = [...FREE, ...TRACE, ...ENTER, ...ADMIN, ...SYSCTL, ...PACKET, ...PORT];

interface Case {
  readonly who: string;
  /** The command that takes the rights away from what follows it. */
  readonly without: readonly string[];
  /** Each operation that is refused, with the capability that the message names. */
  readonly refused: Readonly<Record<string, string>>;
  /** It takes another user, and thus more than one in the user namespace. */
  readonly otherUser?: boolean;
}

const named = (operations: readonly string[], capability: string): Readonly<Record<string, string>> =>
  Object.fromEntries(operations.map((operation) => [operation, capability]));
const drop = (capability: string): readonly string[] => ['setpriv', `--bounding-set=-${capability}`, '--inh-caps=-all'];
const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];

const CASES: readonly Case[] = [
  { who: 'root with all of them', without: [], refused: {} },
  // Root owns the files of sysctls, and may write them for that.
  { who: 'root without CAP_NET_ADMIN', without: drop('net_admin'), refused: named(ADMIN, 'CAP_NET_ADMIN') },
  { who: 'root without CAP_SYS_ADMIN', without: drop('sys_admin'), refused: named(ENTER, 'CAP_SYS_ADMIN') },
  { who: 'root without CAP_NET_RAW', without: drop('net_raw'), refused: named(PACKET, 'CAP_NET_RAW') },
  { who: 'root without CAP_SYS_PTRACE', without: drop('sys_ptrace'), refused: named(TRACE, 'CAP_SYS_PTRACE') },
  { who: 'root without CAP_NET_BIND_SERVICE', without: drop('net_bind_service'), refused: named(PORT, 'CAP_NET_BIND_SERVICE') },
  {
    who: 'another user',
    without: nobody,
    otherUser: true,
    refused: {
      ...named(ADMIN, 'CAP_NET_ADMIN'),
      ...named(SYSCTL, 'CAP_NET_ADMIN'),
      ...named(ENTER, 'CAP_SYS_ADMIN'),
      ...named(PACKET, 'CAP_NET_RAW'),
      ...named(TRACE, 'CAP_SYS_PTRACE'),
      ...named(PORT, 'CAP_NET_BIND_SERVICE'),
    },
  },
];

describe('netlink without some capability', () => {
  let here: NamespaceHandle;
  let other: NamespaceHandle;
  let neighbour: ChildProcess;

  before(async function () {
    requireLive(this, ['setpriv', 'nsenter', 'unshare', 'mount']);
  });
  beforeEach(async () => {
    here = await createNamespace();
    other = await createNamespace();
    using rtnetlink = openRtnetlink(here);
    await rtnetlink.link.set(1, { up: true });
    await rtnetlink.link.add({ kind: 'veth', name: 'eth1', up: false, peer: { name: 'eth0' } });
    for (const name of ['eth0', 'eth1']) await rtnetlink.link.set((await rtnetlink.link.get({ name })).index, { up: true });
    await rtnetlink.address.add({ linkIndex: (await rtnetlink.link.get({ name: 'eth0' })).index, address: '192.0.2.1/24' });
    neighbour = spawn('nsenter', [`--net=/proc/${process.pid}/fd/${here.fd}`, 'sh', '-c', 'echo up; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (neighbour.stdout !== null) await once(neighbour.stdout, 'data');
  });
  afterEach(async () => {
    neighbour.kill('SIGKILL');
    here.close();
    other.close();
  });

  async function tryEverything(without: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const place = ['--mount', '--propagation', 'private', 'sh', '-c', 'mount -t tmpfs tmpfs /run; exec "$@"', 'sh'];
    const node = [process.execPath, '--import', 'tsx', program, String(neighbour.pid)];
    const child = spawn('nsenter', [`--net=/proc/${process.pid}/fd/${here.fd}`, 'unshare', ...place, ...without, ...node], {
      // The loader of the test keeps a cache of its own for each user.
      env: { PATH: process.env['PATH'], TMPDIR: '/tmp', HOME: '/nonexistent' },
      stdio: ['ignore', 'pipe', 'pipe', other.fd],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await once(child, 'close');
    expect(stderr).to.equal('');
    return JSON.parse(stdout) as Readonly<Record<string, string>>;
  }

  for (const { who, without, refused, otherUser } of CASES) {
    const count = Object.keys(refused).length;
    it(`lets ${who} do ${ALL.length - count} things and names what is missing for ${count}`, async function () {
      const alone = !/^\s*0\s+0\s+4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8'));
      if (otherUser === true && alone) this.skip();
      if (otherUser === true) requireOpenToOthers(this);
      const said = await tryEverything(without);
      expect(Object.keys(said).sort()).to.deep.equal([...ALL].sort());
      for (const [operation, outcome] of Object.entries(said)) {
        const capability = refused[operation];
        if (capability === undefined) expect(outcome, operation).to.equal('done');
        else expect(outcome, operation).to.match(new RegExp(`(EPERM|EACCES).*; .*\\b${capability}\\b`));
      }
    }).timeout(60_000);
  }
});
