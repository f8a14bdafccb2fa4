import { expect } from 'chai';
import { raisedLimits, toLimits } from '../../../../providers/qingcloud/emulator/limits.js';
import { openEmulatorBed } from '../../../support/standing-emulator.js';

describe('limits of the emulator', () => {
  it('are those of the service unless told otherwise', () => {
    expect(toLimits({})).to.deep.equal({
      nicsPerInstance: 64,
      nicsPerVxnet: 252,
      nicsPerCall: 5,
      nicsPerAccount: Number.POSITIVE_INFINITY,
      callsPerHour: Number.POSITIVE_INFINITY,
    });
  });

  for (const [what, limits, raised] of [
    ['none', {}, undefined],
    ['lower ones', { nicsPerInstance: 63, nicsPerVxnet: 1, nicsPerCall: 0, nicsPerAccount: 3, callsPerHour: 2_000 }, undefined],
    ['one', { nicsPerCall: 6 }, { nicsPerCall: '6 (the service: 5)' }],
    [
      'all',
      { nicsPerInstance: 65, nicsPerVxnet: Number.POSITIVE_INFINITY, nicsPerCall: 100 },
      {
        nicsPerInstance: '65 (the service: 64)',
        nicsPerVxnet: 'Infinity (the service: 252)',
        nicsPerCall: '100 (the service: 5)',
      },
    ],
  ] as const) {
    it(`say what is raised: ${what}`, async () => {
      expect(raisedLimits(toLimits(limits))).to.deep.equal(raised);
      const warnings: unknown[] = [];
      const bed = await openEmulatorBed({ limits, log: { debug() {}, info() {}, warn: (...told) => warnings.push(told) } });
      await bed.close();
      expect(warnings).to.deep.equal(raised === undefined ? [] : [['limits above those of the service', raised]]);
    });
  }
});
