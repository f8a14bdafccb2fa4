import { expect } from 'chai';
import { CniError, cniCodes, formatError, isCniError, toCniError } from '../../../lib/cni/index.js';
import { DecodeError, NetlinkError, NicError, type NicErrorCode, ProviderError } from '../../../lib/errors.js';

function shown(error: unknown): [number, string, string] {
  const cni = toCniError(error);
  return [cni.cniCode, cni.message, cni.details];
}

describe('toCniError()', () => {
  const numbers: Readonly<Record<number, readonly NicErrorCode[]>> = {
    2: ['ERR_NOT_SUPPORTED'],
    5: ['ERR_IO'],
    6: ['ERR_DECODE'],
    7: ['ERR_CONFIG', 'ERR_REQUEST'],
    8: ['ERR_NAMESPACE'],
    11: [
      'ERR_DEADLINE',
      'ERR_CANCELLED',
      'ERR_LOCKED',
      'ERR_QUOTA',
      'ERR_RATE_LIMIT',
      'ERR_CAPACITY',
      'ERR_INSTANCE_FULL',
      'ERR_STATE',
      'ERR_BUSY',
      'ERR_SERVICE',
      'ERR_TRANSPORT',
      'ERR_JOB',
      'ERR_PENDING',
    ],
    100: ['ERR_AUTH'],
    101: ['ERR_CLOCK'],
    102: ['ERR_BALANCE'],
    103: ['ERR_CHECK'],
    104: ['ERR_ATTACHED', 'ERR_LINK_EXISTS'],
    105: ['ERR_NOT_FOUND'],
    106: ['ERR_NETLINK', 'ERR_LINK'],
    107: ['ERR_RESPONSE'],
    108: ['ERR_JOURNAL'],
  };
  for (const [number, codes] of Object.entries(numbers)) {
    it(`gives ${number} to ${codes.join(', ')}`, () => {
      for (const code of codes) expect(shown(new NicError(code, 'why'))).to.deep.equal([Number(number), 'why', '']);
    });
  }

  it('numbers the subclasses by their codes', () => {
    expect(shown(new DecodeError('reply', [{ path: 'a', expected: 'a text' }]))).to.deep.equal([6, 'reply: a must be a text', '']);
    const refused = new ProviderError('ERR_AUTH', 'no such key', { action: 'X', retryable: false, outcome: 'refused' });
    expect(shown(refused)).to.deep.equal([100, 'no such key', '']);
    expect(shown(new NetlinkError({ op: 'link.add x', errno: 'EPERM' }))).to.deep.equal([106, 'link.add x: EPERM', '']);
  });

  it('lets a CNI error through as it is, out of any wrapping', () => {
    const typed = new CniError(150, 'typed msg', { details: 'typed details' });
    expect(toCniError(typed)).to.equal(typed);
    expect(toCniError(new Error('wrapped', { cause: new NicError('ERR_IO', 'between', { cause: typed }) }))).to.equal(typed);
  });

  it('finds the number in a cause and keeps both texts', () => {
    const inner = new NicError('ERR_TRANSPORT', 'connection refused');
    expect(shown(new Error('cannot create the NIC', { cause: inner }))).to.deep.equal([11, 'cannot create the NIC', 'connection refused']);
    expect(shown(new NicError('ERR_CONFIG', 'outer', { cause: inner }))).to.deep.equal([7, 'outer', '']);
  });

  it('gives 999 to everything else', () => {
    expect(shown(new TypeError('x is undefined'))).to.deep.equal([999, 'x is undefined', '']);
    expect(shown(new RangeError())).to.deep.equal([999, 'RangeError', '']);
    expect(shown('a text')).to.deep.equal([999, 'a text', '']);
    for (const value of [undefined, null, 5, {}, Symbol('s')]) expect(shown(value)[0]).to.equal(999);
    expect(shown(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))[0]).to.equal(999);
    expect(shown(Object.assign(new Error('x'), { code: 'toString' }))[0]).to.equal(999);
  });

  it('joins the texts of several errors under the number of the first', () => {
    const both = new AggregateError([new NicError('ERR_BUSY', 'a'), new CniError(7, 'b', { details: 'c' })], 'two');
    expect(shown(both)).to.deep.equal([11, 'a; b: c', '']);
    expect(shown(new AggregateError([], 'none'))).to.deep.equal([999, 'none', '']);
  });

  it('comes to an end when causes form a ring', () => {
    const a = new Error('a');
    a.cause = new Error('b', { cause: a });
    expect(shown(a)).to.deep.equal([999, 'a', '']);
  });

  it('knows an error of another copy of this package by its codes', () => {
    const foreign = Object.assign(new Error('not available'), { code: 'ERR_CNI', cniCode: 50, details: '' });
    expect(isCniError(foreign)).to.equal(true);
    expect(shown(foreign)).to.deep.equal([50, 'not available', '']);
    expect(shown(Object.assign(new Error('x'), { code: 'ERR_AUTH' }))).to.deep.equal([100, 'x', '']);
    expect(isCniError({ code: 'ERR_CNI', cniCode: 50 })).to.equal(false);
  });
});

describe('formatError()', () => {
  it('prints every field, as the reference indents it', () => {
    expect(formatError(new CniError(cniCodes.tryAgainLater, 'busy <x>', { details: 'more' }), '0.4.0')).to.equal(
      '{\n    "cniVersion": "0.4.0",\n    "code": 11,\n    "msg": "busy \\u003cx\\u003e",\n    "details": "more"\n}',
    );
  });

  it('leaves empty details out and says the newest version without one', () => {
    expect(formatError(new CniError(0, ''))).to.equal('{\n    "cniVersion": "1.1.0",\n    "code": 0,\n    "msg": ""\n}');
  });
});
