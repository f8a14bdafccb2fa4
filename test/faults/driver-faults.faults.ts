import { join } from 'node:path';
import { expect } from 'chai';
import type { AttachRequest } from '../../lib/attachment/index.js';
import type { NamespaceRef } from '../../lib/driver.js';
import { isNicError, NetlinkError, NicError } from '../../lib/errors.js';
import { requireLive } from '../support/live.js';
import { LIVE_VXNET, type LiveAttachmentBed, openLiveAttachmentBed } from '../support/live-attachment-bed.js';
import { runCommand } from '../support/machine.js';
import { seededRandom } from '../support/random.js';
import { differingLines, listFiles, readNetwork } from './crash/host-state.js';
import { type CallPhase, createFaultyDriver, type Reach } from './fault/faulty-driver.js';
import { FaultFigures, pick } from './fault/figures.js';
import { mostOf, printFigures, scaled } from './scale.js';

const ERRNOS = ['EPERM', 'EEXIST', 'ENODEV', 'EBUSY', 'ENOMEM', 'ENOBUFS', 'EINVAL', 'ENETUNREACH', 'EINTR', 'EOPNOTSUPP', 'ENOENT'];

const key = { network: 'pods', containerId: 'subject', ifname: 'eth0' };
const throughHost: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };

interface Fault {
  readonly nth: number;
  readonly operation: string;
  readonly phase: CallPhase;
  readonly errno: string;
}

/** Real namespaces and NICs, with a driver in between whose calls can be made to fail. */
class Bed {
  reach: Reach = () => {};
  readonly #live: LiveAttachmentBed;
  #pod: NamespaceRef;

  private constructor(live: LiveAttachmentBed, pod: NamespaceRef) {
    this.#live = live;
    this.#pod = pod;
  }

  static async open(): Promise<Bed> {
    const live = await openLiveAttachmentBed(2, {
      wrapDriver: (driver) => createFaultyDriver(driver, (operation, phase) => bed.reach(operation, phase)),
      limits: { gatewayIdleMs: 0 },
    });
    const pod = await live.pod();
    const bed = new Bed(live, pod.ref);
    // What is made once for a host is there from now on.
    await bed.attach(throughHost);
    await bed.detach();
    return bed;
  }

  async attach(patch: Partial<AttachRequest>): Promise<void> {
    const request = { key, namespace: this.#pod, subnetIds: [LIVE_VXNET], routes: [], defaultRoute: true, ...patch };
    await this.#live.engine.attach(request, this.#timing());
  }

  async detach(containerId = key.containerId): Promise<void> {
    await this.#live.engine.detach({ key: { ...key, containerId }, namespace: this.#pod, subnetIds: [LIVE_VXNET] }, this.#timing());
  }

  async collect(): Promise<void> {
    const { failed } = await this.#live.engine.collect({ network: key.network, valid: [], subnetIds: [LIVE_VXNET] }, this.#timing());
    if (failed.length > 0) throw new NicError('ERR_PENDING', failed.map(({ reason }) => reason).join('; '));
  }

  /** The machine, the pod, the cloud and the files, as text to compare. */
  async state(): Promise<string> {
    const { host, emulator, directory } = this.#live;
    const networks = await Promise.all([host, this.#pod].map(networkOf));
    const nics = emulator.nics().map((nic) => `NIC ${nic.id} ${nic.name} ${nic.status} ${nic.instanceId ?? ''}`);
    const files = await Promise.all(['data', 'host'].map((name) => listFiles(join(directory, name))));
    return [...networks, ...nics, ...files.flat()].join('\n');
  }

  /** A pod as new, after one was left as it should not be. */
  async renewPod(): Promise<void> {
    this.#pod = (await this.#live.pod()).ref;
  }

  close(): Promise<void> {
    return this.#live.close();
  }

  #timing(): { readonly deadline: number } {
    return { deadline: Date.now() + 20_000 };
  }
}

function networkOf(ref: NamespaceRef): Promise<string> {
  const path = ref.kind === 'path' ? ref.path : '';
  return readNetwork((command, args) => runCommand('nsenter', [`--net=${path}`, '--', command, ...args]), { traffic: false });
}

interface Case {
  readonly name: string;
  readonly prepare: (bed: Bed) => Promise<void>;
  readonly run: (bed: Bed) => Promise<void>;
}

const cases: readonly Case[] = ([{}, throughHost] as const).flatMap((patch): Case[] => {
  const suffix = patch === throughHost ? ' with a gateway' : '';
  const prepare = (bed: Bed): Promise<void> => bed.attach(patch);
  return [
    { name: `ADD${suffix}`, prepare: async () => {}, run: (bed) => bed.attach(patch) },
    { name: `DEL${suffix}`, prepare, run: (bed) => bed.detach() },
    { name: `GC${suffix}`, prepare, run: (bed) => bed.collect() },
  ];
});

/** Every call of the driver in an untouched run, before and after it. */
async function findPoints(bed: Bed, { prepare, run }: Case): Promise<readonly Omit<Fault, 'errno'>[]> {
  const points: Omit<Fault, 'errno'>[] = [];
  await prepare(bed);
  bed.reach = (operation, phase) => void points.push({ nth: points.length, operation, phase });
  await run(bed);
  bed.reach = () => {};
  await bed.detach();
  return points;
}

/** Runs a command in which one call fails. @returns how it failed, if it did */
async function strike(bed: Bed, { run }: Case, { nth, errno }: Fault, struck: (operation: string) => void): Promise<NicError | undefined> {
  let calls = 0;
  bed.reach = (operation) => {
    if (calls++ !== nth) return;
    struck(operation);
    throw new NetlinkError({ op: operation, errno });
  };
  try {
    await run(bed);
    return undefined;
  } catch (error) {
    if (!isNicError(error)) throw error;
    return error;
  } finally {
    bed.reach = () => {};
  }
}

async function runFault(bed: Bed, one: Case, fault: Fault, before: string, figures: FaultFigures): Promise<void> {
  await one.prepare(bed);
  const error = await strike(bed, one, fault, (operation) => figures.count(operation));
  const where = `${one.name}: ${fault.errno} ${fault.phase} call ${fault.nth}, ${fault.operation}: ${error?.message ?? 'went well'}`;
  const isAdd = one.name.startsWith('ADD');
  if (error === undefined) figures.survived++;
  else if (isAdd) figures.refused++;
  else figures.countPending(fault.operation);
  // An ADD that fails has taken back all by itself; a DEL or GC that fails comes again.
  if (isAdd === (error === undefined)) await bed.detach();
  // A gateway without users goes with the next command, whosever it is.
  if (one.name.includes('gateway')) await bed.detach('nobody');
  const left = differingLines(before, await bed.state());
  if (left.length === 0) return;
  figures.failures.push(`${where}: ${left.join('; ')}`);
  await bed.detach().catch(() => {});
  await bed.detach('nobody').catch(() => {});
  await bed.renewPod();
}

describe('fault matrix of the kernel', () => {
  let bed: Bed;

  before(async function () {
    requireLive(this, ['ip', 'nsenter']);
    bed = await Bed.open();
  });

  after(() => bed?.close());

  for (const one of cases) {
    it(`${one.name}: whichever call of the kernel fails, host, pod and cloud are the same as before`, async function () {
      this.timeout(scaled({ short: 120_000, full: 3_600_000 }));
      const before = await bed.state();
      const points = await findPoints(bed, one);
      const { next: random } = seededRandom();
      const all = points.flatMap((point) => ERRNOS.map((errno): Fault => ({ ...point, errno })));
      const figures = new FaultFigures();
      for (const fault of pick(all, mostOf(3), random)) await runFault(bed, one, fault, before, figures);
      printFigures(one.name, { calls: points.length / 2, errnos: ERRNOS.length, ...figures.toFigures() });
      expect(figures.failures.slice(0, 5).join('\n')).to.equal('');
      expect(figures.struck.size).to.be.greaterThan(1);
    });
  }
});
