import { expect } from 'chai';
import { isPassing, isRefusal, toDetachError, withoutSwallowedWords } from '../../../lib/attachment/cloud-error.js';
import { NicError, ProviderError } from '../../../lib/errors.js';
import { lostAnswer, refusal } from '../../../providers/memory/index.js';

describe('withoutSwallowedWords()', () => {
  for (const text of [
    'NIC not found',
    'ResourceNotFound, nic Not Found',
    'open /x: no such file or directory',
    'No such file or directory: not-found',
  ]) {
    it(`takes out of ${JSON.stringify(text)} what runtimes take for success`, () => {
      // The texts that containerd's go-cni looks for in errors of DEL.
      expect(withoutSwallowedWords(text)).not.to.match(/not found|no such file or directory/i);
    });
  }

  it('leaves other words alone', () => {
    expect(withoutSwallowedWords('nothing was found')).to.equal('nothing was found');
  });
});

describe('toDetachError()', () => {
  it('keeps code and cause', () => {
    const error = new NicError('ERR_PENDING', 'NIC not found');
    expect(toDetachError(error)).to.deep.include({ code: 'ERR_PENDING', cause: error });
    const plain = new NicError('ERR_PENDING', 'busy');
    expect(toDetachError(plain)).to.equal(plain);
  });
});

describe('isRefusal() and isPassing()', () => {
  it('tell what did not happen from what may have, and what may go better from what will not', () => {
    const aborted = new NicError('ERR_DEADLINE', 'the deadline has passed');
    const busy = new ProviderError('ERR_BUSY', 'busy', { action: 'x', retryable: true, outcome: 'refused' });
    const cases = [
      { error: refusal('x', 'ERR_AUTH', 'no'), refused: true, passing: false },
      { error: busy, refused: true, passing: true },
      { error: lostAnswer('x'), refused: false, passing: true },
      { error: aborted, refused: false, passing: false },
      { error: new Error('boom'), refused: false, passing: false },
    ];
    for (const { error, refused, passing } of cases) {
      expect([isRefusal(error), isPassing(error)], error.message).to.deep.equal([refused, passing]);
    }
  });
});
