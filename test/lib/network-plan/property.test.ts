import { expect } from 'chai';
import type { NetworkNamespace } from '../../../lib/driver.js';
import {
  applyOperations,
  invertOperations,
  isNicError,
  NetworkPlanError,
  type NetworkState,
  planChanges,
  readNetworkState,
} from '../../../lib/index.js';
import { createMemoryDriver, createMemoryKernel } from '../../../netlink/memory/index.js';
import { PlanCases, planSysctls } from '../../support/network-plan-cases.js';
import { seededRandom } from '../../support/random.js';

const ROUNDS = 1000;

interface Bed {
  readonly namespace: NetworkNamespace;
  readonly linkIndex: number;
  readonly other: number;
  view(): Promise<unknown>;
}

async function openBed(): Promise<Bed> {
  const kernel = createMemoryKernel();
  const ref = { kind: 'path', path: '/run/netns/plan' } as const;
  kernel.addNamespace(ref);
  const first = kernel.addLink(kernel.namespace(ref), { name: 'eth0', mac: '52:54:00:00:00:0a', kind: 'veth' });
  const second = kernel.addLink(kernel.namespace(ref), { name: 'eth1', mac: '52:54:00:00:00:0b', kind: 'veth', up: true });
  const namespace = await createMemoryDriver(kernel).open(ref);
  return {
    namespace,
    linkIndex: first.index,
    other: second.index,
    view: async () => {
      const { links, addresses, routes } = kernel.namespace(ref).snapshot();
      const sysctls = [];
      for (const name of planSysctls) sysctls.push(await namespace.readSysctl(name.replace('%', first.name)));
      return { links, addresses, routes: routes.map((route) => JSON.stringify(route)).sort(), sysctls };
    },
  };
}

const read = ({ namespace, linkIndex }: Bed): Promise<NetworkState> => readNetworkState(namespace, { linkIndex, sysctls: planSysctls });

describe('a plan for a random wish in a random state', () => {
  it('leads there and back, and then nothing is left to do', async function () {
    this.timeout(120_000);
    const random = seededRandom();
    const cases = new PlanCases(random);
    const seen = { applied: 0, empty: 0, refused: 0, failed: 0, operations: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const bed = await openBed();
      await cases.furnish(bed.namespace, bed.linkIndex, bed.other);
      const before = await read(bed);
      const view = await bed.view();
      const wish = cases.wish('net0');
      const where = `${random.label} round ${round}: ${JSON.stringify(wish)}\nfrom ${JSON.stringify(before)}`;
      let operations: ReturnType<typeof planChanges>;
      try {
        operations = planChanges(before, wish);
      } catch (error) {
        expect(isNicError(error, 'ERR_CONFIG', 'ERR_NOT_SUPPORTED'), `${where}\n${String(error)}`).to.equal(true);
        seen.refused++;
        continue;
      }
      const plan = `${where}\nby ${JSON.stringify(operations)}`;
      seen.operations += operations.length;
      if (operations.length === 0) seen.empty++;
      try {
        await applyOperations(bed.namespace, before, operations);
      } catch (error) {
        if (!(error instanceof NetworkPlanError)) throw error;
        // The wish was one that the kernel does not grant.
        expect(['route.add', 'route.replace', 'address.add'], `${plan}\n${error.message}`).to.include(error.operation.kind);
        expect(error.left, `${plan}\n${error.message}`).to.deep.equal([]);
        expect(await bed.view(), `${plan}\n${error.message}`).to.deep.equal(view);
        seen.failed++;
        continue;
      }
      seen.applied++;
      const after = await read(bed);
      expect(planChanges(after, wish), `${plan}\nled to ${JSON.stringify(after)}`).to.deep.equal([]);
      const inverse = invertOperations(before, operations);
      try {
        await applyOperations(bed.namespace, after, inverse, { undo: false });
      } catch (error) {
        throw new Error(`${plan}\nback by ${JSON.stringify(inverse)}: ${String(error)}`);
      }
      expect(await bed.view(), `${plan}\nback by ${JSON.stringify(inverse)}`).to.deep.equal(view);
    }
    expect(seen.applied, JSON.stringify(seen)).to.be.greaterThan(ROUNDS / 4);
    expect(seen.failed, JSON.stringify(seen)).to.be.greaterThan(ROUNDS / 100);
  });
});
