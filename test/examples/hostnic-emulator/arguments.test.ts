import { expect } from 'chai';
import { InvalidArgumentError } from 'commander';
import {
  parseAccount,
  parseChoice,
  parseCount,
  parseFault,
  parseInstance,
  parseListen,
  parseMilliseconds,
  parseReturn,
  parseVxnet,
} from '../../../examples/hostnic-emulator/arguments.js';

const accepted: { name: string; parse: (text: string) => unknown; text: string; value: unknown }[] = [
  { name: 'parseListen()', parse: parseListen, text: '127.0.0.1:7777', value: { host: '127.0.0.1', port: 7777 } },
  { name: 'parseListen()', parse: parseListen, text: '[::1]:0', value: { host: '::1', port: 0 } },
  {
    name: 'parseListen()',
    parse: parseListen,
    text: '[::1]:80@/run/netns/vm@2',
    value: { host: '::1', port: 80, namespacePath: '/run/netns/vm@2' },
  },
  {
    name: 'parseVxnet()',
    parse: parseVxnet,
    text: 'vxnet-a=192.168.100.0/24@rtr-1',
    value: { id: 'vxnet-a', cidr: '192.168.100.0/24', routerId: 'rtr-1' },
  },
  { name: 'parseVxnet()', parse: parseVxnet, text: 'vxnet-a=192.168.100.0/24', value: { id: 'vxnet-a', cidr: '192.168.100.0/24' } },
  {
    name: 'parseInstance()',
    parse: parseInstance,
    text: 'i-1=/run/netns/vm=2',
    value: { id: 'i-1', namespace: { kind: 'path', path: '/run/netns/vm=2' } },
  },
  { name: 'parseInstance()', parse: parseInstance, text: 'i-1=own', value: { id: 'i-1', namespace: { kind: 'own' } } },
  { name: 'parseInstance()', parse: parseInstance, text: 'i-1', value: { id: 'i-1' } },
  { name: 'parseAccount()', parse: parseAccount, text: 'KEY:a:b=c', value: { accessKeyId: 'KEY', secretAccessKey: 'a:b=c' } },
  { name: 'parseMilliseconds()', parse: parseMilliseconds, text: '0', value: 0 },
  { name: 'parseCount()', parse: parseCount, text: '64', value: 64 },
  { name: 'parseChoice()', parse: parseChoice, text: 'nameFilter=partial', value: ['nameFilter', 'partial'] },
  { name: 'parseChoice()', parse: parseChoice, text: 'createAllOrNothing=false', value: ['createAllOrNothing', false] },
  { name: 'parseChoice()', parse: parseChoice, text: 'vxnetFullCode=4711', value: ['vxnetFullCode', 4711] },
  { name: 'parseFault()', parse: parseFault, text: '{"fault":{"kind":"cut"}}', value: { fault: { kind: 'cut' } } },
  { name: 'parseReturn()', parse: parseReturn, text: '5', value: 5 },
  { name: 'parseReturn()', parse: parseReturn, text: 'never', value: 'never' },
];
const refused: { name: string; parse: (text: string) => unknown; texts: readonly string[] }[] = [
  {
    name: 'parseListen()',
    parse: parseListen,
    texts: ['', '7777', 'localhost:1', '127.0.0.1', '127.0.0.1:65536', '::1:80', '127.0.0.1:1@', '[::1]'],
  },
  { name: 'parseVxnet()', parse: parseVxnet, texts: ['', 'vxnet-a', '=10.0.0.0/24', 'a=10.0.0.0', 'a=fd00::/64', 'a=10.0.0.0/24@'] },
  { name: 'parseInstance()', parse: parseInstance, texts: ['', '=own', 'i-1=', 'i-1=vm'] },
  { name: 'parseAccount()', parse: parseAccount, texts: ['', 'KEY', 'KEY:', ':secret'] },
  { name: 'parseMilliseconds()', parse: parseMilliseconds, texts: ['', '-1', '1.5', '1s'] },
  {
    name: 'parseChoice()',
    parse: parseChoice,
    texts: ['', 'nameFilter', 'nameFilter=', 'nameFilter=fuzzy', 'name=exact', 'vxnetFullCode=x', 'createAllOrNothing=0'],
  },
  { name: 'parseFault()', parse: parseFault, texts: ['', 'cut', '{'] },
  { name: 'parseReturn()', parse: parseReturn, texts: ['', 'ever', '-1'] },
  { name: 'parseCount()', parse: parseCount, texts: ['', '0', '-1', 'x'] },
];

describe('arguments of hostnic-emulator', () => {
  for (const { name, parse, text, value } of accepted) {
    it(`${name} reads ${text}`, () => expect(parse(text)).to.deep.equal(value));
  }
  for (const { name, parse, texts } of refused) {
    for (const text of texts) it(`${name} refuses "${text}"`, () => expect(() => parse(text)).to.throw(InvalidArgumentError, 'It must '));
  }

  it('parseAccount() does not repeat a secret that it refuses', () => {
    expect(() => parseAccount(':hunter2'))
      .to.throw(InvalidArgumentError)
      .with.property('message')
      .that.does.not.include('hunter2');
  });
});
