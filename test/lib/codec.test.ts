import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decode, IntegerCodec, NonEmptyTextCodec, orThrow } from '../../lib/codec.js';
import { DecodeError } from '../../lib/errors.js';

const SampleCodec = t.intersection([
  t.type({ secret: t.string, list: t.array(t.type({ id: NonEmptyTextCodec })) }),
  t.partial({ size: IntegerCodec, either: t.union([t.string, t.number]) }),
]);

function issuesOf(value: unknown): readonly { path: string; expected: string }[] {
  const result = decode(SampleCodec, value, 'sample');
  if (E.isRight(result)) throw new Error('decoded although it should not');
  return result.left.issues;
}

describe('lib/codec', () => {
  it('decode() gives the value when it fits', () => {
    const value = { secret: 's', list: [{ id: 'a' }], size: 3 };
    expect(orThrow(decode(SampleCodec, value, 'sample'))).to.deep.equal(value);
  });

  it('decode() names keys and indexes, without the numbering of intersections and unions', () => {
    expect(issuesOf({ secret: 's', list: [{ id: 'a' }, { id: '' }] })).to.deep.equal([
      { path: 'list[1].id', expected: 'a text that is not empty' },
    ]);
    expect(issuesOf({ secret: 's', list: [], either: null })).to.deep.equal([{ path: 'either', expected: 'string or number' }]);
    expect(issuesOf({ secret: 's', list: [], size: 1.5 })).to.deep.equal([{ path: 'size', expected: 'a whole number' }]);
  });

  it('decode() reports the root with an empty path', () => {
    expect(issuesOf(null).every((issue) => issue.path === '')).to.equal(true);
  });

  it('decode() never shows a rejected value', () => {
    const result = decode(SampleCodec, { secret: ['TOP-SECRET'], list: 'TOP-SECRET' }, 'sample');
    expect(E.isLeft(result)).to.equal(true);
    if (E.isLeft(result)) {
      expect(JSON.stringify(result.left) + result.left.message + String(result.left.stack)).not.to.contain('TOP-SECRET');
      expect(result.left.message).to.contain('secret must be string');
    }
  });

  it('a DecodeError has all issues, and the first twelve in its message', () => {
    const list = Array.from({ length: 15 }, () => ({ id: '' }));
    const result = decode(SampleCodec, { secret: 's', list }, 'sample');
    expect(E.isLeft(result) && result.left.issues).to.have.length(15);
    expect(E.isLeft(result) && result.left.message).to.match(/list\[11\]\.id must be a text that is not empty; and 3 more$/);
  });

  it('orThrow() throws the left side itself', () => {
    const error = new DecodeError('x', [{ path: '', expected: 'y' }]);
    expect(() => orThrow(E.left(error))).to.throw(DecodeError, 'x: must be y');
  });
});
