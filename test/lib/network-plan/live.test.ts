import { expect } from 'chai';
import type { NetworkNamespace } from '../../../lib/driver.js';
import {
  applyOperations,
  formatIpCommands,
  invertOperations,
  isNicError,
  NetworkPlanError,
  type NetworkState,
  planChanges,
  readNetworkState,
} from '../../../lib/index.js';
import { createNetlinkDriver } from '../../../netlink/driver.js';
import { createNamespace, type NamespaceHandle } from '../../../netlink/namespace.js';
import { openRtnetlink } from '../../../netlink/rtnetlink.js';
import { requireLive } from '../../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../../support/netlink-lab.js';
import { PlanCases, planSysctls } from '../../support/network-plan-cases.js';
import { seededRandom } from '../../support/random.js';

const ROUNDS = 60;
const FAULT_ROUNDS = 15;

/** A namespace with a link to plan for and another one, both with carrier. */
class LivePlace {
  readonly #lab: NetlinkLab;
  readonly #far: NamespaceHandle;
  readonly handle: NamespaceHandle;
  readonly namespace: NetworkNamespace;
  readonly linkIndex = 11;
  readonly other = 12;

  private constructor(lab: NetlinkLab, far: NamespaceHandle, handle: NamespaceHandle, namespace: NetworkNamespace) {
    this.#lab = lab;
    this.#far = far;
    this.handle = handle;
    this.namespace = namespace;
  }

  static async open(lab: NetlinkLab): Promise<LivePlace> {
    const handle = await createNamespace();
    const far = await createNamespace();
    using rtnetlink = openRtnetlink(handle);
    const namespace = await createNetlinkDriver().open({ kind: 'path', path: `/proc/${process.pid}/fd/${handle.fd}` });
    // Duplicate detection would show its state for a while.
    await namespace.writeSysctl('ipv6/conf/default/accept_dad', '0');
    await namespace.writeSysctl('ipv6/conf/default/dad_transmits', '0');
    using farSide = openRtnetlink(far);
    for (const [n, mac] of ['52:54:00:00:00:0a', '52:54:00:00:00:0b'].entries()) {
      await rtnetlink.link.add({
        kind: 'veth',
        name: `eth${n}`,
        mac,
        index: 11 + n,
        peer: { name: `far${n}`, index: 21 + n, namespace: far },
      });
      await farSide.link.set(21 + n, { up: true });
    }
    await rtnetlink.link.set(12, { up: true });
    // The first time a link comes up it gets its queueing discipline, for good.
    await rtnetlink.link.set(11, { up: true });
    await rtnetlink.link.set(11, { up: false });
    return new LivePlace(lab, far, handle, namespace);
  }

  read(): Promise<NetworkState> {
    return readNetworkState(this.namespace, { linkIndex: this.linkIndex, sysctls: planSysctls });
  }

  /** All that `ip` shows, as text. */
  async view(): Promise<string> {
    const shown = (...args: readonly string[]): string => {
      return this.#lab.run(this.handle, 'ip', '-d', '-j', ...args);
    };
    const link = (await this.namespace.listLinks()).find(({ index }) => index === this.linkIndex);
    const sysctls: (string | undefined)[] = [];
    for (const name of planSysctls) sysctls.push(await this.namespace.readSysctl(name.replace('%', link?.name ?? '')));
    return [
      shown('link'),
      shown('address'),
      shown('-4', 'route', 'show', 'table', 'all'),
      shown('-6', 'route', 'show', 'table', 'all'),
      JSON.stringify(sysctls),
    ]
      .join('\n')
      .replaceAll('},{', '},\n{');
  }

  /** What `ip` shows once it is that, or at last. The kernel tells of carrier, and makes what hangs on it, a little later. */
  async settle(expected: string): Promise<string> {
    let seen = await this.view();
    for (let tries = 0; tries < 200 && seen !== expected; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen = await this.view();
    }
    return seen;
  }

  /** What `ip` shows once every link that is up has carrier and the address that it makes for itself, and may use it. */
  async calm(): Promise<string> {
    for (let tries = 0; tries < 500; tries++) {
      let calm = true;
      for (const { index, name, up, carrier, loopback } of await this.namespace.listLinks()) {
        if (loopback || !up) continue;
        const off = (await this.namespace.readSysctl(`ipv6/conf/${name}/disable_ipv6`)) !== '0';
        const made = (await this.namespace.listAddresses(index)).some(({ kernelMade }) => kernelMade === true);
        calm &&= carrier && (off || made);
      }
      const view = await this.view();
      if (calm && !/"UP"[^\n]*"operstate":"(?!UP)|"tentative":true/.test(view)) return view;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('the links do not come to rest');
  }

  close(): void {
    this.#far.close();
    this.namespace.close();
    this.handle.close();
  }
}

/** A namespace in which the n-th change fails, before or after it took effect. */
function failing(whole: NetworkNamespace, n: number, after: boolean, error: Error): NetworkNamespace {
  let left = n;
  const changes: ReadonlySet<PropertyKey> = new Set([
    'changeLink',
    'addAddress',
    'removeAddress',
    'addRoute',
    'replaceRoute',
    'removeRoute',
    'writeSysctl',
  ]);
  return new Proxy(whole, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        const hit = changes.has(key) && left-- === 0;
        if (hit && !after) throw error;
        try {
          const result: unknown = await Reflect.apply(value, target, args);
          if (hit) throw error;
          return result;
        } catch (reason) {
          // What follows is the undoing.
          left = -1;
          throw reason;
        }
      };
    },
  });
}

describe('a plan on the real kernel', () => {
  let lab: NetlinkLab;

  before(function () {
    requireLive(this, ['ip', 'sysctl', 'sh']);
  });
  beforeEach(() => {
    lab = createNetlinkLab();
  });
  afterEach(() => lab.close());

  it('leads there and back to the byte, for random wishes in random states', async function () {
    this.timeout(300_000);
    const random = seededRandom();
    const cases = new PlanCases(random);
    const seen = { applied: 0, refused: 0, failed: 0, operations: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const place = await LivePlace.open(lab);
      try {
        await cases.furnish(place.namespace, place.linkIndex, place.other);
        const before = await place.read();
        const view = await place.calm();
        const wish = cases.wish('net0');
        const where = `${random.label} round ${round}: ${JSON.stringify(wish)}\nfrom ${JSON.stringify(before)}\n${view}`;
        let operations: ReturnType<typeof planChanges>;
        try {
          operations = planChanges(before, wish);
        } catch (error) {
          expect(isNicError(error, 'ERR_CONFIG', 'ERR_NOT_SUPPORTED'), `${where}\n${String(error)}`).to.equal(true);
          seen.refused++;
          continue;
        }
        const plan = `${where}\nby ${JSON.stringify(operations, undefined, 1)}`;
        seen.operations += operations.length;
        try {
          await applyOperations(place.namespace, before, operations);
        } catch (error) {
          if (!(error instanceof NetworkPlanError)) throw error;
          expect(error.left, `${plan}\n${error.message}`).to.deep.equal([]);
          expect(await place.settle(view), `${plan}\n${error.message}`).to.equal(view);
          seen.failed++;
          continue;
        }
        seen.applied++;
        const after = await place.read();
        expect(planChanges(after, wish), `${plan}\nled to ${JSON.stringify(after)}`).to.deep.equal([]);
        const inverse = invertOperations(before, operations);
        try {
          await applyOperations(place.namespace, after, inverse, { undo: false });
        } catch (error) {
          throw new Error(`${plan}\nback by ${JSON.stringify(inverse, undefined, 1)}: ${String(error)}`);
        }
        expect(await place.settle(view), `${plan}\nback by ${JSON.stringify(inverse, undefined, 1)}`).to.equal(view);
      } finally {
        place.close();
      }
    }
    expect(seen.applied, JSON.stringify(seen)).to.be.greaterThan(ROUNDS / 4);
    expect(seen.failed, JSON.stringify(seen)).to.be.greaterThan(0);
  });

  it('does the same as its commands', async function () {
    this.timeout(300_000);
    const random = seededRandom();
    const cases = new PlanCases(random);
    let compared = 0;
    for (let round = 0; round < ROUNDS / 2; round++) {
      const places = [await LivePlace.open(lab), await LivePlace.open(lab)] as const;
      const [ours, theirs] = places;
      try {
        await cases.furnish(ours.namespace, ours.linkIndex, ours.other);
        const empty = await theirs.read();
        const state = await ours.read();
        const wish = cases.wish('net0');
        // The second namespace becomes like the first by commands alone.
        const { mtu, up } = state.links.find(({ index }) => index === ours.linkIndex) ?? { mtu: 1500, up: false };
        const routes = state.routes.flatMap(({ protocol, linkIndex, gateway, metric, ...route }) =>
          protocol === 2 || linkIndex !== ours.linkIndex
            ? []
            : [{ ...route, protocol, ...(gateway === undefined ? {} : { gateway }), ...(metric === undefined ? {} : { metric }) }],
        );
        const start = { mtu, up, addresses: state.addresses, routes };
        const steps = attempt(() => planChanges(empty, up ? start : { mtu, up, addresses: state.addresses }));
        const from = await theirs.read();
        if (steps === undefined) continue;
        const commands = formatIpCommands(from, steps);
        const text = commands.join('\n');
        try {
          lab.run(theirs.handle, 'sh', '-ec', `${text}\n:`);
        } catch {
          continue;
        }
        const now = await theirs.read();
        const operations = attempt(() => planChanges(now, wish));
        if (operations === undefined) continue;
        const twin = await LivePlace.open(lab);
        try {
          await applyOperations(twin.namespace, await twin.read(), steps);
          const first = await theirs.calm();
          expect(await twin.settle(first), `${random.label} round ${round}\n${text}`).to.equal(first);
          const more = formatIpCommands(now, operations).join('\n');
          try {
            await applyOperations(twin.namespace, now, operations);
          } catch (error) {
            if (!(error instanceof NetworkPlanError)) throw error;
            expect(() => lab.run(theirs.handle, 'sh', '-ec', `${more}\n:`), `${error.message}\n${more}`).to.throw();
            continue;
          }
          lab.run(theirs.handle, 'sh', '-ec', `${more}\n:`);
          const second = await theirs.calm();
          expect(await twin.settle(second), `${random.label} round ${round}\n${text}\n\n${more}`).to.equal(second);
          compared++;
        } finally {
          twin.close();
        }
      } finally {
        for (const place of places) place.close();
      }
    }
    expect(compared).to.be.greaterThan(ROUNDS / 12);
  });

  for (const after of [false, true]) {
    it(`is undone to the byte when any operation fails ${after ? 'after it took effect' : 'before it takes effect'}`, async function () {
      this.timeout(300_000);
      const random = seededRandom();
      const cases = new PlanCases(random);
      const errnos = ['EINVAL', 'EBUSY', 'ENODEV'];
      let faults = 0;
      for (let round = 0; round < FAULT_ROUNDS; round++) {
        const place = await LivePlace.open(lab);
        try {
          await cases.furnish(place.namespace, place.linkIndex, place.other);
          const before = await place.read();
          const view = await place.calm();
          const wish = cases.wish('net0');
          const operations = attempt(() => planChanges(before, wish)) ?? [];
          for (let n = 0; n < operations.length; n++) {
            const fault = Object.assign(new Error('injected'), { errno: errnos[n % errnos.length] });
            const refusal: unknown = await applyOperations(failing(place.namespace, n, after, fault), before, operations).catch(
              (error: unknown) => error,
            );
            const where = `${random.label} round ${round} operation ${n}\n${JSON.stringify(operations, undefined, 1)}\n${String(refusal)}\nfrom ${view}`;
            if (!(refusal instanceof NetworkPlanError)) throw new Error(where);
            expect(refusal.left, where).to.deep.equal([]);
            expect(await place.settle(view), where).to.equal(view);
            faults++;
            // The kernel itself refuses an earlier one.
            if (refusal.cause !== fault) break;
            expect(refusal.operation, where).to.equal(operations[n]);
            expect(refusal.done, where).to.equal(n);
          }
        } finally {
          place.close();
        }
      }
      expect(faults).to.be.greaterThan(FAULT_ROUNDS);
    });
  }
});

/** What a plan gives; undefined where it refuses. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isNicError(error, 'ERR_CONFIG', 'ERR_NOT_SUPPORTED')) return undefined;
    throw error;
  }
}
