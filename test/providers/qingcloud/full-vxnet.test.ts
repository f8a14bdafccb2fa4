import { expect } from 'chai';
import { isSubnetRefusal } from '../../../lib/attachment/subnets.js';
import type { ProviderError } from '../../../lib/errors.js';
import { createScriptedProvider, providerFailure, refuse } from '../../support/scripted-provider.js';
import { type Answer, json } from '../../support/scripted-server.js';

/** The codes of the service's table (docs, api/error_code) and some that are not in it. */
const CODES = [
  ...[1100, 1101, 1200, 1300, 1400, 1500, 1510, 1520, 1600, 1610, 1620, 1630, 1640, 1650, 1660, 1661, 1662, 2000, 2100, 2110, 2200, 2300],
  ...[2400, 2500, 2600, 3300, 4000, 4005, 4999, 5000, 5100, 5200, 5300, 5400, 5500, 5600, 5700, 8000, 8004, 9999],
];
/** Not about the vxnet. */
const ABOUT_THE_REQUEST = [1100, 1101, 1200, 1300, 2400];
/** Not definite: the service failed inside, or is not known to have stopped before it did anything. */
const DOUBTFUL = [2200, 2300, 5000, 5100, 5700, 9999];

async function createRefusedWith(code: number): Promise<ProviderError> {
  const bed = await createScriptedProvider();
  const answer: Answer = (response, request) => {
    const isCreate = request.params['action'] === 'CreateNics';
    // Reading goes well, so that 2500 is about a quota.
    (isCreate ? refuse(code, 'words that nobody has seen') : json({ ret_code: 0, vxnet_set: [] }))(response, request);
  };
  // As many as all repetitions can use.
  bed.server.script(...Array.from({ length: 8 }, () => answer));
  try {
    return await providerFailure(bed.provider.createNic({ subnetId: 'vxnet-a', name: 'pod' }));
  } finally {
    await bed.close();
  }
}

describe('a refusal of CreateNics', () => {
  it('puts the vxnet aside whatever its code, but for those that are about the request, the account or the clock, or leave open what was done', async () => {
    const aside: number[] = [];
    const open: number[] = [];
    for (const code of CODES) {
      const error = await createRefusedWith(code);
      expect(error.retCode).to.equal(code);
      if (error.outcome === 'unknown') open.push(code);
      else if (isSubnetRefusal(error)) aside.push(code);
    }
    expect(open).to.deep.equal(DOUBTFUL);
    expect(aside).to.deep.equal(CODES.filter((code) => !ABOUT_THE_REQUEST.includes(code) && !DOUBTFUL.includes(code)));
  });
});
