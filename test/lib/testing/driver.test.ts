import { expect } from 'chai';
import type { LinkWatch, NetworkDriver, NetworkNamespace } from '../../../lib/driver.js';
import { NetlinkError, NicError } from '../../../lib/errors.js';
import { describeDriver } from '../../../lib/testing/index.js';
import { createMemoryDriverBed } from '../../support/memory-driver-bed.js';

async function failuresOf(wrap?: (driver: NetworkDriver) => NetworkDriver): Promise<readonly string[]> {
  const cases: { readonly title: string; readonly body: () => Promise<void> }[] = [];
  describeDriver({
    name: 'mutant',
    describe: (_title, body) => body(),
    it: (title, body) => cases.push({ title, body }),
    setup: async () => createMemoryDriverBed(wrap),
    patienceMs: 200,
  });
  const failed: string[] = [];
  for (const { title, body } of cases) {
    await body().catch(() => failed.push(title));
  }
  return failed;
}

type Mutation = (whole: NetworkNamespace, reopen: () => Promise<NetworkNamespace>) => Partial<NetworkNamespace>;

/** A driver whose namespaces behave as `mutate` says and otherwise as they should. */
function mutant(mutate: Mutation): (driver: NetworkDriver) => NetworkDriver {
  const wholes = new WeakMap<NetworkNamespace, NetworkNamespace>();
  return (driver) => ({
    open: async (ref, options) => {
      const whole = await driver.open(ref, options);
      const plain: NetworkNamespace = {
        label: whole.label,
        cookie: whole.cookie,
        listLinks: (o) => whole.listLinks(o),
        watchLinks: (o) => whole.watchLinks(o),
        changeLink: (index, change, o) => whole.changeLink(index, change, o),
        moveLink: (index, target, name, o) => whole.moveLink(index, wholes.get(target) ?? target, name, o),
        listAddresses: (index, o) => whole.listAddresses(index, o),
        addAddress: (index, address, o) => whole.addAddress(index, address, o),
        removeAddress: (index, address, o) => whole.removeAddress(index, address, o),
        listRoutes: (o) => whole.listRoutes(o),
        addRoute: (route, o) => whole.addRoute(route, o),
        replaceRoute: (route, o) => whole.replaceRoute(route, o),
        removeRoute: (route, o) => whole.removeRoute(route, o),
        readSysctl: (name) => whole.readSysctl(name),
        writeSysctl: (name, value) => whole.writeSysctl(name, value),
        announce: (index, address) => whole.announce(index, address),
        close: () => whole.close(),
      };
      const mutated = { ...plain, ...mutate(plain, () => driver.open(ref)) };
      wholes.set(mutated, whole);
      return mutated;
    },
  });
}

function mutantWatch(mutate: (watch: LinkWatch) => Partial<LinkWatch>): Mutation {
  return (n) => ({
    watchLinks: async (o) => {
      const watch = await n.watchLinks(o);
      return { waitFor: (match, options) => watch.waitFor(match, options), close: () => watch.close(), ...mutate(watch) };
    },
  });
}

const swallow = (): undefined => undefined;

/** Namespaces that each break the contract in one way. */
const MUTANTS: Readonly<Record<string, Mutation>> = {
  'forgets alternative names': (n) => ({ listLinks: async (o) => (await n.listLinks(o)).map((link) => ({ ...link, altNames: [] })) }),
  'writes hardware addresses in capitals': (n) => ({
    listLinks: async (o) => (await n.listLinks(o)).map((link) => ({ ...link, mac: link.mac.toUpperCase() })),
  }),
  'hides the loopback': (n) => ({ listLinks: async (o) => (await n.listLinks(o)).filter((link) => !link.loopback) }),
  'names all namespaces alike': () => ({ cookie: '1' }),
  'has a cookie that is no number': (n) => ({ cookie: `net:${n.cookie}` }),
  'changes one thing at a time': (n) => ({
    changeLink: async (index, { name, ...rest }, o) => n.changeLink(index, name === undefined ? rest : { name }, o),
  }),
  'forgets the size': (n) => ({ changeLink: (index, { mtu: _, ...change }, o) => n.changeLink(index, change, o) }),
  'says nothing when a name is taken': (n) => ({ changeLink: (index, change, o) => n.changeLink(index, change, o).catch(swallow) }),
  'ignores the signal of a change': (n) => ({ changeLink: (index, change) => n.changeLink(index, change) }),
  'ignores the signal of a move': (n) => ({ moveLink: (index, target, name) => n.moveLink(index, target, name) }),
  'gives the link of before the move': (n) => ({
    moveLink: async (index, target, name, o) => {
      const before = (await n.listLinks(o)).find((link) => link.index === index);
      const after = await n.moveLink(index, target, name, o);
      return before === undefined ? after : { ...before, name };
    },
  }),
  'takes a moved link up': (n) => ({
    moveLink: async (index, target, name, o) => {
      const moved = await n.moveLink(index, target, name, o);
      await target.changeLink(moved.index, { up: true });
      return { ...moved, up: true, carrier: true };
    },
  }),
  'reports a taken name as something else': (n) => ({
    moveLink: (index, target, name, o) =>
      n.moveLink(index, target, name, o).catch((error: unknown) => {
        throw error instanceof NetlinkError ? new NicError('ERR_LINK_EXISTS', error.message, { cause: error }) : error;
      }),
  }),
  'moves back after a taken name': (n) => ({
    moveLink: async (index, target, name, o) => {
      const before = (await n.listLinks()).find((link) => link.index === index);
      try {
        return await n.moveLink(index, target, name, o);
      } catch (error) {
        const stray = (await target.listLinks().catch(() => [])).find((link) => link.mac === before?.mac);
        if (stray !== undefined && before !== undefined) await target.moveLink(stray.index, n, before.name);
        throw error;
      }
    },
  }),
  'says nothing when a move is refused': (n) => ({
    moveLink: async (index, target, name, o) => {
      const before = (await n.listLinks()).find((link) => link.index === index);
      return n.moveLink(index, target, name, o).catch((error: unknown) => {
        if (before?.loopback !== true) throw error;
        return before;
      });
    },
  }),
  'finds links to move by the name they had when it was opened': (n) => {
    const names = new Map<number, string>();
    return {
      listLinks: async (o) => {
        const links = await n.listLinks(o);
        for (const { index, name } of links) if (!names.has(index)) names.set(index, name);
        return links;
      },
      moveLink: async (index, target, name, o) => {
        const link = (await n.listLinks(o)).find((candidate) => candidate.name === names.get(index));
        return n.moveLink(link?.index ?? index, target, name, o);
      },
    };
  },
  'moves by way of the path that the namespace had': (n, reopen) => ({
    moveLink: async (index, target, name, o) => {
      (await reopen()).close();
      return n.moveLink(index, target, name, o);
    },
  }),
  'makes room for a name that is taken': (n) => ({
    moveLink: async (index, target, name, o) => {
      const rival = (await target.listLinks()).find((link) => link.name === name && !link.loopback);
      if (rival !== undefined) await target.changeLink(rival.index, { name: `old${rival.index}` });
      return n.moveLink(index, target, name, o);
    },
  }),
  'takes a link down to change it': (n) => ({
    changeLink: async (index, change, o) => {
      const was = (await n.listLinks(o)).find((link) => link.index === index);
      await n.changeLink(index, { up: false });
      return n.changeLink(index, was?.up === true ? { up: true, ...change } : change, o);
    },
  }),
  'keeps IPv6 addresses of a link that goes down': (n) => ({
    changeLink: async (index, change, o) => {
      const before = change.up === false ? await n.listAddresses(index) : [];
      await n.changeLink(index, change, o);
      for (const { address } of before) if (address.startsWith('fd')) await n.addAddress(index, address);
    },
  }),
  'keeps the settings of a link under its old name': (n) => {
    const old = new Map<string, string>();
    const mapped = (name: string): string => name.replace(/(?<=conf\/)[^/]+/, (link) => old.get(link) ?? link);
    return {
      changeLink: async (index, change, o) => {
        const was = (await n.listLinks()).find((link) => link.index === index);
        await n.changeLink(index, change, o);
        if (change.name !== undefined && was !== undefined) old.set(was.name, change.name);
      },
      readSysctl: (name) => n.readSysctl(mapped(name)),
    };
  },
  'has one watch for all': (n) => {
    let shared: Promise<LinkWatch> | undefined;
    return {
      watchLinks: (o) => {
        shared ??= n.watchLinks(o);
        return shared;
      },
    };
  },
  'watches show no link that moved in': (n) => ({
    watchLinks: async (o) => {
      const watch = await n.watchLinks(o);
      return {
        waitFor: (match, options) => watch.waitFor((links) => match(links.filter(({ name }) => name !== 'eth0')), patient(options)),
        close: () => watch.close(),
      };
    },
  }),
  'lists addresses of all links': (n) => ({
    listAddresses: async (index, o) => {
      const all = await Promise.all((await n.listLinks()).map((link) => n.listAddresses(link.index, o)));
      await n.listAddresses(index, o);
      return all.flat();
    },
  }),
  'lists addresses without length': (n) => ({
    listAddresses: async (index, o) =>
      (await n.listAddresses(index, o)).map((entry) => ({ ...entry, address: entry.address.replace(/\/.*/, '') })),
  }),
  'knows no IPv6 address': (n) => ({
    listAddresses: async (index, o) => (await n.listAddresses(index, o)).filter((entry) => !entry.address.includes(':')),
  }),
  'refuses an address twice': (n) => ({
    addAddress: async (index, address, o) => {
      const there = (await n.listAddresses(index).catch(() => [])).some((entry) => entry.address === address);
      if (there) throw new NetlinkError({ op: 'address.add', errno: 'EEXIST' });
      return n.addAddress(index, address, o);
    },
  }),
  'forgets the settings of an address': (n) => ({
    addAddress: (index, address, { signal } = {}) => n.addAddress(index, address, signal === undefined ? {} : { signal }),
  }),
  'shows no settings of an address': (n) => ({
    listAddresses: async (index, o) => (await n.listAddresses(index, o)).map(({ linkIndex, address }) => ({ linkIndex, address })),
  }),
  'lists addresses in alphabetical order': (n) => ({
    listAddresses: async (index, o) => [...(await n.listAddresses(index, o))].sort((a, b) => a.address.localeCompare(b.address)),
  }),
  'calls given addresses the own of the link': (n) => ({
    listAddresses: async (index, o) => (await n.listAddresses(index, o)).map((entry) => ({ ...entry, kernelMade: true as const })),
  }),
  'replaces when it shall add': (n) => ({ addRoute: (route, o) => n.replaceRoute(route, o) }),
  'forgets who makes a route': (n) => ({
    addRoute: ({ protocol: _, ...route }, o) => n.addRoute(route, o),
    removeRoute: ({ protocol: _, ...route }, o) => n.removeRoute(route, o),
  }),
  'forgets the source of a route': (n) => ({ addRoute: ({ preferredSource: _, ...route }, o) => n.addRoute(route, o) }),
  'forgets the MTU of a replaced route': (n) => ({ replaceRoute: ({ mtu: _, ...route }, o) => n.replaceRoute(route, o) }),
  'forgets the metrics of a route': (n) => ({ addRoute: ({ metrics: _, ...route }, o) => n.addRoute(route, o) }),
  'shows no scope of a route': (n) => ({
    listRoutes: async (o) => (await n.listRoutes(o)).map(({ scope: _, ...route }) => route),
  }),
  'removes routes of any maker': (n) => ({ removeRoute: ({ protocol: _, ...route }, o) => n.removeRoute(route, o) }),
  'says nothing when an address is refused': (n) => ({ addAddress: (index, address, o) => n.addAddress(index, address, o).catch(swallow) }),
  'removes an address of any length': (n) => ({
    removeAddress: async (index, address, o) => {
      await n.removeAddress(index, address, o);
      const same = (await n.listAddresses(index).catch(() => [])).filter((e) => e.address.startsWith(address.replace(/\/.*/, '/')));
      for (const entry of same) await n.removeAddress(index, entry.address, o);
    },
  }),
  'refuses to remove an address that is not there': (n) => ({
    removeAddress: async (index, address, o) => {
      const there = (await n.listAddresses(index).catch(() => [])).some((entry) => entry.address === address);
      if (!there) throw new NetlinkError({ op: 'address.remove', errno: 'EADDRNOTAVAIL' });
      return n.removeAddress(index, address, o);
    },
  }),
  'adds routes and never replaces': (n) => ({
    replaceRoute: async (route, o) => {
      if ((await n.listRoutes()).some((entry) => entry.dst === route.dst)) throw new NetlinkError({ op: 'route.add', errno: 'EEXIST' });
      return n.replaceRoute(route, o);
    },
  }),
  'replaces routes of any metric': (n) => ({ replaceRoute: ({ metric: _, ...route }, o) => n.replaceRoute(route, o) }),
  'knows the main table only': (n) => ({ replaceRoute: ({ table: _, ...route }, o) => n.replaceRoute(route, o) }),
  'forgets onlink': (n) => ({ replaceRoute: ({ onlink: _, ...route }, o) => n.replaceRoute(route, o) }),
  'lists metric 0 for none': (n) => ({
    listRoutes: async (o) => (await n.listRoutes(o)).map((route) => ({ ...route, metric: route.metric ?? 0 })),
  }),
  'lists routes of the local table': (n) => ({
    listRoutes: async (o) => {
      const routes = await n.listRoutes(o);
      const local = routes.map((route) => ({ ...route, dst: '192.168.100.20/32', gateway: undefined, table: 255, protocol: 2 }));
      return [...routes, ...local];
    },
  }),
  'removes routes through any next hop': (n) => ({ removeRoute: ({ gateway: _, ...route }, o) => n.removeRoute(route, o) }),
  'refuses to remove a route that is not there': (n) => ({
    removeRoute: async (route, o) => {
      const there = (await n.listRoutes()).some((entry) => entry.dst === route.dst);
      if (!there) throw new NetlinkError({ op: 'route.remove', errno: 'ESRCH' });
      return n.removeRoute(route, o);
    },
  }),
  'removes no route': () => ({ removeRoute: async () => undefined }),
  'reads settings with their line end': (n) => ({
    readSysctl: async (name) => {
      const value = await n.readSysctl(name);
      return value === undefined ? undefined : `${value}\n`;
    },
  }),
  'rejects for settings that are not there': (n) => ({
    readSysctl: async (name) => {
      const value = await n.readSysctl(name);
      if (value === undefined) throw new NetlinkError({ op: 'sysctl.read', errno: 'ENOENT' });
      return value;
    },
  }),
  'says nothing when a setting is refused': (n) => ({ writeSysctl: (name, value) => n.writeSysctl(name, value).catch(swallow) }),
  'announces for links that are not there': (n) => ({ announce: (index, address) => n.announce(index, address).catch(swallow) }),
  'announces IPv4 only': (n) => ({
    announce: async (index, address) => {
      if (address.includes(':')) throw new NicError('ERR_NOT_SUPPORTED', 'announce: IPv4 only');
      return n.announce(index, address);
    },
  }),
  'never closes': () => ({ close: () => undefined }),
  'watches see only what comes later': (n) => ({
    watchLinks: async (o) => {
      const known = new Set((await n.listLinks()).map((link) => link.mac));
      const watch = await n.watchLinks(o);
      return {
        waitFor: (match, options) => watch.waitFor((links) => match(links.filter((link) => !known.has(link.mac))), patient(options)),
        close: () => watch.close(),
      };
    },
  }),
  'watches look once': mutantWatch((watch) => ({
    waitFor: async (match) =>
      watch
        .waitFor((links) => ({ found: match(links) }))
        .then(({ found }) => {
          if (found === undefined) throw new NicError('ERR_LINK', 'not there');
          return found;
        }),
  })),
  'watches ignore their signal': mutantWatch((watch) => ({ waitFor: (match) => watch.waitFor(match, patient()) })),
  'watches swallow what a match throws': mutantWatch((watch) => ({
    waitFor: (match, options) =>
      watch.waitFor((links) => {
        try {
          return match(links);
        } catch {
          return undefined;
        }
      }, patient(options)),
  })),
  'watches stay open when closed': mutantWatch(() => ({ close: () => undefined })),
};

/** Ends waits that a mutant would let hang for as long as the suite has patience. */
function patient(options: { readonly signal?: AbortSignal } = {}): { readonly signal: AbortSignal } {
  const short = new AbortController();
  // The timer holds it. AbortSignal.any() does not hold an AbortSignal.timeout(), which then may be collected before it fires.
  setTimeout(() => short.abort(new DOMException('too late', 'TimeoutError')), 100);
  return { signal: options.signal === undefined ? short.signal : AbortSignal.any([short.signal, options.signal]) };
}

describe('describeDriver()', () => {
  it('passes a driver that keeps the contract', async () => {
    expect(await failuresOf()).to.deep.equal([]);
    expect(await failuresOf(mutant(() => ({})))).to.deep.equal([]);
  });

  for (const [title, mutation] of Object.entries(MUTANTS)) {
    it(`catches a driver that ${title}`, async () => {
      expect(await failuresOf(mutant(mutation))).to.not.deep.equal([]);
    });
  }
});
