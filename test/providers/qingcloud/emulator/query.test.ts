import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import {
  CountParam,
  decodeParams,
  FlagParam,
  ListParam,
  oneOfParam,
  parseQuery,
  someOfParam,
  TextParam,
  toQueryObject,
} from '../../../../providers/qingcloud/emulator/query.js';

function parsed(text: string): unknown {
  const result = parseQuery(text);
  return E.isRight(result) ? { ...result.right } : result.left;
}

describe('parseQuery()', () => {
  const accepted = [
    { name: 'names and values', text: 'a=1&b=x%20y', value: { a: '1', b: 'x y' } },
    { name: 'an empty value, written either way', text: 'a=&b', value: { a: '', b: '' } },
    { name: 'a value with an equals sign', text: 'a=b=c', value: { a: 'b=c' } },
    { name: 'a plus as a blank', text: 'a=b+c', value: { a: 'b c' } },
    { name: 'UTF-8', text: 'a=%E7%BD%91', value: { a: '网' } },
    {
      name: 'a name that objects have by nature',
      text: '__proto__=1&constructor=2',
      value: JSON.parse('{"__proto__":"1","constructor":"2"}'),
    },
    { name: 'nothing', text: '', value: {} },
  ];
  for (const { name, text, value } of accepted) {
    it(`reads ${name}`, () => expect(parsed(text)).to.deep.equal(value));
  }

  for (const text of ['a=1&a=2', 'a=%', 'a=%FF', '%zz=1']) {
    it(`refuses ${text} with 1100`, () => expect(parsed(text)).to.include({ retCode: 1100 }));
  }
});

describe('toQueryObject()', () => {
  it('gathers lists by number, from any start and with gaps, in the order of the numbers', () => {
    expect({ ...toQueryObject({ 'nics.10': 'c', 'nics.2': 'b', 'nics.0': 'a', vxnet: 'v' }) }).to.deep.equal({
      nics: ['a', 'b', 'c'],
      vxnet: 'v',
    });
  });

  it('leaves names alone that only look like lists', () => {
    expect({ ...toQueryObject({ 'a.b': '1', '.1': '2', 'c.': '3' }) }).to.deep.equal({ 'a.b': '1', '.1': '2', 'c.': '3' });
  });
});

describe('decodeParams()', () => {
  const codec = t.intersection([
    t.type({ vxnet: TextParam }),
    t.partial({
      nics: ListParam,
      status: someOfParam('available', 'in-use'),
      count: CountParam,
      flag: FlagParam,
      type: oneOfParam('0', '1'),
    }),
  ]);

  it('decodes texts, lists, numbers and flags', () => {
    const result = decodeParams(codec, { vxnet: 'v', nics: ['a'], status: 'available', count: '12', flag: '0' });
    expect(result).to.deep.equal(E.right({ vxnet: 'v', nics: ['a'], status: ['available'], count: 12, flag: false }));
  });

  const refused = [
    { name: 'a missing text', query: {}, parameter: 'vxnet' },
    { name: 'an empty text', query: { vxnet: '' }, parameter: 'vxnet' },
    { name: 'a list in place of a text', query: { vxnet: ['v'] }, parameter: 'vxnet' },
    { name: 'a text in place of a list', query: { vxnet: 'v', nics: 'a' }, parameter: 'nics' },
    { name: 'a list with an empty text', query: { vxnet: 'v', nics: ['a', ''] }, parameter: 'nics' },
    { name: 'a number that is none', query: { vxnet: 'v', count: '1e2' }, parameter: 'count' },
    { name: 'a negative count', query: { vxnet: 'v', count: '-1' }, parameter: 'count' },
    { name: 'a text that is none of those', query: { vxnet: 'v', type: '2' }, parameter: 'type' },
    { name: 'a list in place of one of those', query: { vxnet: 'v', type: ['0'] }, parameter: 'type' },
    { name: 'a list with a text that is none of those', query: { vxnet: 'v', status: ['in-use', 'x'] }, parameter: 'status' },
    { name: 'a flag other than 0 and 1', query: { vxnet: 'v', flag: 'true' }, parameter: 'flag' },
  ];
  it('names all parameters that are wrong', () => {
    const result = decodeParams(codec, { count: 'x', flag: 'y' });
    if (E.isRight(result)) expect.fail('it was accepted');
    const where = [...result.left.message.matchAll(/parameter \[(\w+)\]/g)].map((match) => match[1]);
    expect(where).to.deep.equal(['vxnet', 'count', 'flag']);
  });

  for (const { name, query, parameter } of refused) {
    it(`refuses ${name} with 1100 and its name`, () => {
      const result = decodeParams(codec, query);
      if (E.isRight(result)) expect.fail('it was accepted');
      expect(result.left.retCode).to.equal(1100);
      expect(result.left.message).to.match(new RegExp(`^InvalidRequestFormat, parameter \\[${parameter}\\] `));
    });
  }
});
