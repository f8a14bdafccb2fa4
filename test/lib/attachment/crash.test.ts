import { expect } from 'chai';
import type { AttachRequest } from '../../../lib/attachment/index.js';
import { isNicError } from '../../../lib/errors.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';
import { doomed, type FaultPoint } from '../../support/fault-points.js';

const WITH_GATEWAY: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };

/** What a command left over is finished by a command that comes later: time passes between them as on a real host. */
async function again(bed: AttachmentBed, command: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 10; tries++) {
    try {
      await command();
      return;
    } catch (error) {
      if (!isNicError(error, 'ERR_PENDING')) throw error;
      bed.clock.skip(61_000);
    }
  }
  throw new Error('still pending after ten tries');
}

interface Recovery {
  readonly name: string;
  run(bed: AttachmentBed): Promise<void>;
}

const OTHERS = 4;

const recoveries: readonly Recovery[] = [
  { name: 'the same DEL', run: (bed) => again(bed, () => bed.detach('c1')) },
  {
    name: 'GC',
    run: (bed) =>
      again(bed, async () => {
        bed.clock.skip(700_000);
        const report = await bed.engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1', 'net-2'] }, bed.timing());
        expect(report.failed).to.deep.equal([]);
      }),
  },
  {
    name: 'a second ADD and its DEL',
    run: async (bed) => {
      try {
        await again(bed, () => bed.attach('c1'));
      } catch (error) {
        if (!isNicError(error, 'ERR_ATTACHED')) throw error;
      }
      const live = bed.nics().filter((nic) => nic.name.startsWith('hostnic-p'));
      expect(live, 'NICs after the second ADD').to.have.length(1);
      await again(bed, () => bed.detach('c1'));
    },
  },
  {
    name: 'ADD and DEL of other containers',
    run: async (bed) => {
      for (let i = 0; i < OTHERS; i++) {
        bed.clock.skip(61_000);
        bed.pod(`other${i}`);
        await bed.attach(`other${i}`);
        await bed.detach(`other${i}`);
      }
    },
  },
];

/** Everything is off at once, and the machine starts again. */
const powerCut: Recovery = {
  name: 'a power cut, then ADD and DEL of other containers',
  run: async (bed) => {
    bed.cutPower();
    for (let i = 0; i < OTHERS; i++) {
      bed.clock.skip(61_000);
      bed.pod(`other${i}`);
      await bed.attach(`other${i}`);
      await bed.detach(`other${i}`);
    }
  },
};

/** Gateways that are idle go with any command. */
async function expireGateways(bed: AttachmentBed): Promise<void> {
  for (let i = 0; i < 3; i++) {
    bed.clock.skip(700_000);
    await again(bed, () => bed.detach('nobody'));
  }
}

function describePoint(n: number, point: FaultPoint): string {
  return `point ${n}: ${point.phase} ${point.kind} ${point.what}`;
}

function expectClean(bed: AttachmentBed, where: string): void {
  expect(bed.nics(), `${where}: NICs in the cloud`).to.deep.equal([]);
  expect(bed.files(), `${where}: files`).to.deep.equal([]);
  expect(
    bed.kernel.initial.links().map((link) => link.name),
    `${where}: links of the host`,
  ).to.deep.equal(['lo', 'eth0']);
}

async function prepare(withPod: boolean, lateEffectMs: number): Promise<AttachmentBed> {
  const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs } } });
  bed.pod('c1');
  if (withPod) await bed.attach('c1');
  return bed;
}

/** Kills a process at every point of a command in turn and lets a recovery follow each. */
async function matrix(
  command: (bed: AttachmentBed, engine: AttachmentBed['engine']) => Promise<unknown>,
  recovery: Recovery,
  { withPod, lateEffectMs }: { readonly withPod: boolean; readonly lateEffectMs: number },
): Promise<number> {
  for (let n = 0; ; n++) {
    const bed = await prepare(withPod, lateEffectMs);
    const { process, died, points, release } = doomed(bed, n);
    const ended = command(bed, process.engine).then(() => 'ended' as const);
    const outcome = await Promise.race([ended, died]);
    // What a killed process would have said nobody hears.
    ended.catch(() => {});
    release();
    if (outcome === 'ended') return points.length;
    const where = `${describePoint(n, outcome)}, then ${recovery.name}`;
    try {
      const leftByRuntime = recovery.name.startsWith('ADD and DEL of other') || recovery.name === 'GC';
      // A runtime that never sends DEL removes the namespace all the same.
      if (leftByRuntime) {
        // Killed in the middle of opening it, the process never learned of a handle that the fake kernel counts.
        bed.kernel.namespace(pathOf('c1')).holders = 0;
        bed.kernel.removeNamespace(pathOf('c1'));
      }
      await recovery.run(bed);
      await expireGateways(bed);
    } catch (error) {
      throw new Error(`${where}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    }
    expectClean(bed, where);
  }
}

describe('a process killed at every point', () => {
  const add = (patch: Partial<AttachRequest>) => (bed: AttachmentBed, engine: AttachmentBed['engine']) =>
    engine.attach(requestOf('c1', patch), bed.timing());
  const del = (bed: AttachmentBed, engine: AttachmentBed['engine']) =>
    engine.detach({ key: keyOf('c1'), namespace: { kind: 'path', path: pathOf('c1') }, subnetIds: ['net-1'] }, bed.timing());
  const gc = (bed: AttachmentBed, engine: AttachmentBed['engine']) =>
    engine.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing());
  const commands = [
    { name: 'ADD', command: add({}), withPod: false },
    { name: 'ADD with a gateway', command: add(WITH_GATEWAY), withPod: false },
    { name: 'DEL', command: del, withPod: true },
    { name: 'GC', command: gc, withPod: true },
  ];
  for (const { name, command, withPod } of commands) {
    for (const recovery of [...recoveries, powerCut]) {
      it(`of ${name} loses nothing when ${recovery.name} follows`, async function () {
        this.timeout(60_000);
        const points = await matrix(command, recovery, { withPod, lateEffectMs: 60_000 });
        expect(points).to.be.greaterThan(20);
      });
    }
  }
});
