import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import { checkContainerId, checkInterfaceName, checkNetworkName, readEnvironment } from '../../../lib/cni/index.js';

const full = { CNI_CONTAINERID: 'c1', CNI_NETNS: '/n', CNI_IFNAME: 'eth0', CNI_PATH: '/p' };

describe('readEnvironment()', () => {
  const required: Readonly<Record<string, readonly string[]>> = {
    ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
    CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
    DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
    GC: ['CNI_PATH'],
    STATUS: ['CNI_PATH'],
  };

  for (const [command, names] of Object.entries(required)) {
    it(`names all that ${command} lacks, and takes empty for absent`, () => {
      const expected = `required env variables [${names.join(',')}] missing`;
      const empty = Object.fromEntries(names.map((name) => [name, '']));
      for (const env of [{ CNI_COMMAND: command }, { ...empty, CNI_COMMAND: command }]) {
        const read = readEnvironment(env);
        expect(E.isLeft(read) && { code: read.left.cniCode, message: read.left.message }).to.deep.equal({ code: 4, message: expected });
      }
    });

    it(`takes ${command} with just what it needs`, () => {
      const env = Object.fromEntries(Object.entries(full).filter(([name]) => names.includes(name)));
      const read = readEnvironment({ ...env, CNI_COMMAND: command });
      if (E.isLeft(read)) throw read.left;
      expect(read.right.command).to.equal(command);
    });

    for (const name of names) {
      it(`refuses ${command} without ${name}`, () => {
        const read = readEnvironment({ ...full, CNI_COMMAND: command, [name]: undefined });
        expect(E.isLeft(read) && read.left.message).to.equal(`required env variables [${name}] missing`);
      });
    }
  }

  for (const [text, override] of [
    ['1', true],
    ['true', true],
    ['TrUe', true],
    ['0', false],
    ['yes', false],
    ['', false],
    [' 1', false],
  ] as const) {
    it(`reads CNI_NETNS_OVERRIDE=${JSON.stringify(text)} as ${override}`, () => {
      const read = readEnvironment({ ...full, CNI_COMMAND: 'ADD', CNI_NETNS_OVERRIDE: text });
      if (E.isLeft(read)) throw read.left;
      expect(read.right.netnsOverride).to.equal(override);
    });
  }
});

describe('checkContainerId() and checkNetworkName()', () => {
  it('tell empty from invalid, each with its own code', () => {
    const left = (result: E.Either<{ cniCode: number; message: string; details: string }, string>): unknown =>
      E.isLeft(result) && [result.left.cniCode, result.left.message, result.left.details];
    expect(left(checkContainerId(''))).to.deep.equal([3, 'missing containerID', '']);
    expect(left(checkContainerId('a/b'))).to.deep.equal([4, 'invalid characters in containerID', 'a/b']);
    expect(left(checkNetworkName(''))).to.deep.equal([7, 'missing network name', '']);
    expect(left(checkNetworkName('../x'))).to.deep.equal([7, 'invalid characters found in network name', '../x']);
    expect(checkNetworkName(`a${'b._-'.repeat(200)}`)).to.have.property('_tag', 'Right');
  });
});

describe('checkInterfaceName()', () => {
  for (const name of ['a', '...', 'a%d', 'a\\b', '-x', 'abcdefghijklmno', 'é'.repeat(7), 'a\u200bb', 'a\ufeffb']) {
    it(`accepts ${JSON.stringify(name)}`, () => {
      expect(checkInterfaceName(name)).to.deep.equal(E.right(name));
    });
  }

  for (const [name, message] of [
    ['', 'interface name is empty'],
    ['abcdefghijklmnop', 'interface name is too long'],
    ['é'.repeat(8), 'interface name is too long'],
    ['.', 'interface name is . or ..'],
    ['..', 'interface name is . or ..'],
    ...['a/b', 'a:b', 'a b', 'a\tb', 'a\nb', 'a\u0085b', 'a\u00a0b', 'a\u3000b', 'a\u2028b'].map(
      (name) => [name, 'interface name contains / or : or whitespace characters'] as const,
    ),
  ] as const) {
    it(`refuses ${JSON.stringify(name)} with code 4`, () => {
      const checked = checkInterfaceName(name);
      expect(E.isLeft(checked) && [checked.left.cniCode, checked.left.message]).to.deep.equal([4, message]);
    });
  }
});
