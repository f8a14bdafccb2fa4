import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { NetlinkError } from '../../lib/errors.js';
import * as netlink from '../../netlink/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const page = readFileSync(join(import.meta.dirname, '../../netlink/README.md'), 'utf8');
const rows = [...page.matchAll(/^\| `(ip [^`]+)` \| `([^`]+)` \|$/gm)].map(([, command = '', code = '']) => ({ command, code }));
const setup = /^```sh\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '';

/** What is to be seen of a namespace and of the one beside it, as far as `ip` tells. */
const LOOK = `
look='for what in link address "route show table all" rule "-6 rule" neigh "neigh show proxy"; do ip -d -j $what; done'
eval "$look"
nsenter --net=/run/there sh -c "$look; sysctl -n net.ipv4.ip_forward"
ip netns list-id | grep -o 'nsid [0-9]*' || :`;

interface Printed {
  readonly [key: string]: unknown;
}

/** Shell lines that leave `ip netns` one name, `there`. The namespace itself is at `/run/there` too, whatever becomes of the name. */
function prelude(there: netlink.NamespaceHandle): string {
  return `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/netns
touch /run/there /run/netns/there
mount --bind /proc/${process.pid}/fd/${there.fd} /run/there
mount --bind /run/there /run/netns/there`;
}

/** Lets nothing change by itself that a look would see. */
const QUIET = 'sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.router_solicitations=0';

/** The same for both sides but for what differs from run to run: addresses made up by the kernel, identities of such bridges, timers. */
function normalise(text: string): string {
  return text
    .replace(/"(?!02:00:00:00:00:|ff:ff:|00:00:00:00:00:00|01:)(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"/g, '"(made up)"')
    .replace(/"(bridge_id|root_id|designated_bridge|designated_root)":"[^"]*"/g, '"$1":"…"')
    .replace(/"(\w*_timer)":[0-9.]+/g, '"$1":0')
    .replace(/"(valid|preferred)_life_time":(59|29)\d\b/g, '"$1_life_time":"$20 or so"');
}

/**
 * True for a proxy entry without a link. The kernel keeps such beyond the end of their namespace, and shows them in a later one that
 * happens to get the same memory (pneigh entries, net/core/neighbour.c), so they may be left from anybody on this machine.
 */
const isStray = (one: Printed): boolean => 'proxy' in one && !('dev' in one);

function parse(line: string): readonly Printed[] {
  const found = (JSON.parse(line) as readonly Printed[]).filter((one) => !isStray(one));
  // Neighbours come in the order of a hash whose key is another for each boot and growth of the table.
  const orderOf = (one: Printed): string => ('state' in one ? String(one['dst']) : '');
  return found.sort((a, b) => orderOf(a).localeCompare(orderOf(b)));
}

/** The objects that `ip` printed, or the line as it is. */
function toObjects(text: string): readonly unknown[] {
  return normalise(text)
    .split('\n')
    .map((line): unknown => (line.startsWith('[') ? parse(line) : line));
}

/** How often both sides are looked at until they agree. */
const LOOKS = 50;

/** True for addresses and ranges that a link makes by itself once it has carrier, which is a moment after it was set up. */
const isOwnOfLink = (identity: string): boolean => /^(fe80|ff00):/.test(identity);

/** By what one can tell the printed objects apart. */
function identitiesOf(text: string): readonly string[] {
  // Names of namespaces, a setting, and what `ip neigh get` prints: text whatever is asked for.
  if (!text.startsWith('[')) return text.split('\n').flatMap((line) => line.split(' ')[0] || []);
  const idOf = (one: Printed): string | undefined => {
    if (one['priority'] !== undefined) return `${one['priority']}`;
    if (one['dst'] !== undefined) return `${one['dst']}`;
    if (one['local'] !== undefined) return `${one['local']}/${one['prefixlen']}`;
    return one['ifindex'] === undefined ? undefined : `${one['ifindex']}`;
  };
  return parse(text)
    .flatMap((one) => (Array.isArray(one['addr_info']) ? (one['addr_info'] as readonly Printed[]) : [one]))
    .flatMap((one) => idOf(one) ?? [])
    .filter((one) => !isOwnOfLink(one))
    .sort();
}

/** The same of ours. */
function ownIdentities(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  const short = (dst: unknown): string =>
    String(dst)
      .replace(/^(0\.0\.0\.0|::)\/0$/, 'default')
      .replace(/^([^:]+)\/32$|^(.*:.*)\/128$/, '$1$2');
  const idOf = (one: Printed): string => {
    if ('action' in one) return `${one['priority'] ?? 0}`;
    if ('dst' in one) return short(one['dst']);
    if ('prefix' in one) return `${one['local'] ?? one['address']}/${one['prefix']}`;
    return `${one['index'] ?? one['address'] ?? one['name']}`;
  };
  return ((Array.isArray(value) ? value : [value]) as readonly Printed[])
    .filter((one) => one['linkIndex'] !== 0)
    .map(idOf)
    .filter((one) => !isOwnOfLink(one))
    .sort();
}

describe('netlink/README.md', function () {
  this.timeout(120_000);

  it('has a row for each of the usual commands', () => {
    expect(rows).to.have.length.at.least(50);
    for (const object of ['link', 'address', 'route', 'rule', 'neigh', 'netns']) {
      for (const verb of ['show', 'list', 'add', 'delete'].filter((one) => (object === 'netns' ? one !== 'show' : one !== 'list'))) {
        expect(
          rows.map(({ command }) => command.replace(/^ip (-\w+ )*/, '')).filter((text) => text.startsWith(`${object} ${verb}`)),
          `${object} ${verb}`,
        ).not.to.have.length(0);
      }
    }
  });

  describe('its rows', () => {
    let lab: NetlinkLab;
    let folder: TemporaryFolder;

    before(function () {
      requireLive(this, ['ip', 'nsenter', 'unshare', 'mount', 'sysctl', 'grep', 'mountpoint', 'umount']);
    });
    beforeEach(async () => {
      lab = createNetlinkLab();
      folder = await makeTemporaryFolder('names');
    });
    afterEach(async () => {
      lab?.close();
      if (folder === undefined) return;
      const namespaces = new netlink.NamespaceService({ folder: folder.path });
      for (const { name } of await namespaces.list()) await namespaces.remove(name);
      // The first name made the folder a mount of its own, as `ip netns add` does.
      if (spawnSync('mountpoint', ['-q', folder.path]).status === 0) execFileSync('umount', [folder.path]);
      await folder.remove();
    });

    /** Runs shell lines inside a namespace, with `there` as the one name that `ip netns` knows. */
    function shell(here: netlink.NamespaceHandle, there: netlink.NamespaceHandle, lines: string): string {
      return lab.run(here, 'unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${prelude(there)}\n${lines}`);
    }

    /** Runs a command in namespaces like those of the page; undefined when it makes a kind of link that this kernel was built without. */
    function runCommand(command: string, here: netlink.NamespaceHandle, there: netlink.NamespaceHandle): string | undefined {
      try {
        return shell(here, there, `${QUIET}\n${setup}\n${command}\necho @\nls /run/netns`);
      } catch (error) {
        if (String(error).includes('Unknown device type')) return undefined;
        throw error;
      }
    }

    it('the plan of the page prints what stands below it, and is undone', async () => {
      const [, code = '', printed = ''] = /```ts\n([^`]*planChanges[\s\S]*?)^```\n\n```\n([\s\S]*?)^```/m.exec(page) ?? [];
      const { link, namespace } = await lab.open('blue');
      await link.add({ kind: 'ifb', name: 'eth0' });
      const { index } = await link.get({ name: 'eth0' });
      // The first time a link comes up it gets its queueing discipline, for good.
      for (const up of [true, false]) await link.set(index, { up });
      const look = (): string =>
        lab.run(namespace, 'sh', '-c', 'ip -d -j address; ip -d -j route show table all; sysctl net.ipv4.conf.eth0');
      const before = look();
      const lines: string[] = [];
      const scope = { ...netlink, console: { log: (line: string) => lines.push(line) } };
      const body = code.replace(/^import .*$/m, '').replace('/run/netns/blue', `/proc/${process.pid}/fd/${namespace.fd}`);
      await new Function(...Object.keys(scope), `return (async () => {${body}})();`)(...Object.values(scope));
      expect(lines.map((line) => `${line}\n`).join(''))
        .to.equal(printed)
        .and.to.not.equal('');
      expect(look()).to.equal(before);
    });

    for (const { command, code } of rows) {
      it(`${command} does what ${code} does`, async () => {
        const beside = (await lab.open('beside')).namespace;
        const besideThere = (await lab.open('there, beside')).namespace;
        const shows = / (show|get)\b|sysctl -n|netns list/.test(command);
        const theirs = runCommand(shows ? command.replace(/^ip (?!netns)/, 'ip -j ') : command, beside, besideThere);

        const namespaces = new netlink.NamespaceService({ folder: folder.path });
        const rtnetlink = await lab.open('here');
        const there = await namespaces.add('there');
        const inThere = netlink.openRtnetlink(there);
        try {
          shell(rtnetlink.namespace, there, `${QUIET}\n${setup}`);
          const { index: eth0 } = await rtnetlink.link.get({ name: 'eth0' });
          const { index: br0 } = await rtnetlink.link.get({ name: 'br0' });
          const scope = { ...netlink, ...rtnetlink, namespaces, there, inThere, eth0, br0 };
          const line = new Function(...Object.keys(scope), `return (async () => (${code}))();`);
          const value: unknown = await line(...Object.values(scope)).catch((error: unknown) => error);
          if (theirs === undefined) {
            expect(value).to.be.instanceOf(NetlinkError).and.have.property('kernelMessage', 'Unknown device type');
            return;
          }
          if (value instanceof Error) throw value;
          const [printed = '', names = ''] = theirs.split('@\n');
          if (shows) {
            expect(ownIdentities(value)).to.deep.equal(identitiesOf(printed));
            expect(printed.trim()).not.to.equal('');
          }
          if (value instanceof Object && Symbol.dispose in value) (value as Disposable)[Symbol.dispose]();
          expect((await namespaces.list()).map(({ name }) => `${name}\n`).join('')).to.equal(names);
          // Carriers and automatic addresses take the kernel a moment on either side.
          for (let tries = 1; ; tries++) {
            const ours = toObjects(shell(rtnetlink.namespace, there, LOOK));
            const wanted = toObjects(shell(beside, besideThere, LOOK));
            const at = ours.findIndex((one, i) => JSON.stringify(one) !== JSON.stringify(wanted[i]));
            if (at < 0 && ours.length === wanted.length) break;
            if (tries === LOOKS) expect(ours[at]).to.deep.equal(wanted[at]);
          }
        } finally {
          inThere.close();
          there.close();
        }
      });
    }
  });
});
