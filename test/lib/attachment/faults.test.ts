import { expect } from 'chai';
import type { AttachRequest } from '../../../lib/attachment/index.js';
import { isNicError, NetlinkError, NicError, type NicErrorCode } from '../../../lib/errors.js';
import { lostAnswer, refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';
import { atEveryPoint, type FaultPoint } from '../../support/fault-points.js';

const REFUSALS: readonly NicErrorCode[] = [
  'ERR_REQUEST',
  'ERR_AUTH',
  'ERR_CLOCK',
  'ERR_BALANCE',
  'ERR_STATE',
  'ERR_NOT_FOUND',
  'ERR_QUOTA',
  'ERR_RATE_LIMIT',
  'ERR_BUSY',
  'ERR_SERVICE',
  'ERR_CAPACITY',
  'ERR_INSTANCE_FULL',
];
const ERRNOS = ['EPERM', 'ENODEV', 'EBUSY', 'ENOBUFS', 'EEXIST', 'EINVAL'];

interface Fault {
  readonly name: string;
  fits(point: FaultPoint): boolean;
  error(point: FaultPoint): Error;
}

const faults: readonly Fault[] = [
  ...REFUSALS.map(
    (code): Fault => ({
      name: `refused with ${code}`,
      fits: (point) => point.kind === 'cloud' && point.phase === 'before',
      error: (point) => refusal(point.what, code, 'no'),
    }),
  ),
  { name: 'an answer lost', fits: (point) => point.kind === 'cloud', error: (point) => lostAnswer(point.what) },
  ...ERRNOS.map(
    (errno): Fault => ({
      name: `a kernel error ${errno}`,
      fits: (point) => point.kind === 'kernel',
      error: (point) => new NetlinkError({ op: point.what, errno }),
    }),
  ),
  {
    name: 'a full disk',
    fits: (point) => point.kind === 'folder',
    error: (point) => new NicError('ERR_IO', `${point.what}: the disk is full`),
  },
];

const WITH_GATEWAY: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };

function hostState(bed: AttachmentBed): unknown {
  const { initial } = bed.kernel;
  const names = initial.links().map((link) => link.name);
  const settings = names.map((name) => [name, initial.readSysctl(`ipv4/conf/${name}/rp_filter`)]);
  return { ...initial.snapshot(), settings, forward: initial.readSysctl('ipv4/ip_forward') };
}

interface Outcome {
  /** Undefined: it went well. */
  readonly error: NicError | undefined;
  readonly point: FaultPoint | undefined;
}

/** Runs a command in a process in which the n-th point that fits fails, once. */
async function withFault(bed: AttachmentBed, fault: Fault, n: number, command: (bed: AttachmentBed) => Promise<unknown>): Promise<Outcome> {
  let seen = 0;
  let hit: FaultPoint | undefined;
  const reach = (point: FaultPoint): void => {
    if (hit !== undefined || !fault.fits(point)) return;
    if (seen++ !== n) return;
    hit = point;
    throw fault.error(point);
  };
  const process = bed.process({
    onFolder: (operation) => {
      const phase = operation.startsWith('before') ? 'before' : 'after';
      reach({ kind: 'folder', phase, what: operation });
    },
  });
  const release = atEveryPoint(bed, reach);
  try {
    await command({ ...bed, engine: process.engine });
    return { error: undefined, point: hit };
  } catch (error) {
    if (!isNicError(error)) throw error;
    return { error, point: hit };
  } finally {
    release();
  }
}

async function later(bed: AttachmentBed, command: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 6; tries++) {
    try {
      await command();
      return;
    } catch (error) {
      if (!isNicError(error, 'ERR_PENDING')) throw error;
      bed.clock.skip(61_000);
    }
  }
  throw new Error('still pending after six tries');
}

describe('one fault at every point', () => {
  for (const [name, patch] of [
    ['ADD', {}],
    ['ADD with a gateway', WITH_GATEWAY],
  ] as const) {
    for (const fault of faults) {
      it(`of ${name}: ${fault.name} leaves the host as it was, or a record`, async function () {
        this.timeout(60_000);
        let points = 0;
        for (let n = 0; ; n++) {
          const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 60_000 } }, limits: { gatewayIdleMs: 0 } });
          bed.pod('c1');
          const before = hostState(bed);
          const { error, point } = await withFault(bed, fault, n, (faulty) => faulty.engine.attach(requestOf('c1', patch), bed.timing()));
          if (point === undefined) break;
          points++;
          const where = `${fault.name} ${point.phase} ${point.what} (${n}): ${error?.message ?? 'went well'}`;
          const pod = bed.nics().filter((nic) => nic.name.startsWith('hostnic-p'));
          if (error === undefined) {
            expect(pod, where).to.have.length(1);
            expect(
              bed.kernel
                .namespace(pathOf('c1'))
                .links()
                .map((link) => link.name),
              where,
            ).to.deep.equal(['lo', 'eth0']);
          } else {
            // Only the NIC of a lost answer may be left, and then the record watches for it.
            const mayAppear = fault.name === 'an answer lost' && point.what === 'createNic';
            const records = bed.files().filter((file) => file.startsWith('attachments/') && file.endsWith('.json'));
            expect(pod, where).to.deep.equal([]);
            if (!mayAppear) expect(records, where).to.deep.equal([]);
            else expect(records, where).not.to.deep.equal([]);
          }
          await later(bed, () => bed.detach('c1'));
          // The gateway of a failed ADD is idle from now on, and goes with the next commands.
          for (let i = 0; i < 3; i++) {
            bed.clock.skip(61_000);
            await later(bed, () => bed.detach('c1'));
          }
          expect(bed.nics(), where).to.deep.equal([]);
          expect(bed.files(), where).to.deep.equal([]);
          expect(hostState(bed), where).to.deep.equal(before);
        }
        expect(points).to.be.at.least(3);
      });
    }
  }

  for (const fault of faults) {
    it(`of DEL: ${fault.name} loses nothing`, async function () {
      this.timeout(60_000);
      let points = 0;
      for (let n = 0; ; n++) {
        const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 60_000 } } });
        bed.pod('c1');
        await bed.attach('c1');
        await bed.clock.sleep(1000);
        const { error, point } = await withFault(bed, fault, n, (faulty) =>
          faulty.engine.detach({ key: keyOf('c1'), namespace: { kind: 'path', path: pathOf('c1') }, subnetIds: ['net-1'] }, bed.timing()),
        );
        if (point === undefined) break;
        points++;
        const where = `${fault.name} ${point.phase} ${point.what} (${n}): ${error?.message ?? 'went well'}`;
        if (error === undefined) expect(bed.nics(), where).to.deep.equal([]);
        else expect(error.message, where).not.to.match(/not found|no such file or directory/i);
        await later(bed, () => bed.detach('c1'));
        expect(bed.nics(), where).to.deep.equal([]);
        expect(bed.files(), where).to.deep.equal([]);
      }
      expect(points).to.be.at.least(2);
    });
  }
});
