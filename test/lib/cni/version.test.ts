import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import {
  allVersions,
  type CniVersion,
  compareVersions,
  currentVersion,
  dispatch,
  formatVersionReply,
  isCniVersion,
  legacyVersions,
  parseVersion,
  versionsFrom,
} from '../../../lib/cni/index.js';

describe('versionsFrom()', () => {
  it('gives the tail of all versions', () => {
    expect(versionsFrom('0.1.0')).to.deep.equal(allVersions);
    expect(versionsFrom('0.4.0')).to.deep.equal(['0.4.0', '1.0.0', '1.1.0']);
    expect(versionsFrom(currentVersion)).to.deep.equal(['1.1.0']);
    expect([...legacyVersions, ...versionsFrom('0.3.0')]).to.deep.equal(allVersions);
  });

  it('refuses a version it does not know, as a mistake of the programmer', () => {
    expect(() => versionsFrom('1.2.0' as CniVersion)).to.throw(RangeError, 'unknown CNI version "1.2.0"');
  });
});

describe('isCniVersion()', () => {
  it('wants the exact text', () => {
    expect(['1.0', 'v1.0.0', '1.0.0 ', '01.0.0', ''].filter(isCniVersion)).to.deep.equal([]);
    expect(allVersions.filter(isCniVersion)).to.deep.equal([...allVersions]);
  });
});

describe('formatVersionReply()', () => {
  it('is one line of compact JSON', () => {
    expect(formatVersionReply(['0.4.0'])).to.equal('{"cniVersion":"1.1.0","supportedVersions":["0.4.0"]}\n');
  });
});

describe('parseVersion()', () => {
  for (const [text, version] of [
    ['', [0, 1, 0]],
    ['1', [1, 0, 0]],
    ['1.2', [1, 2, 0]],
    ['1.2.3', [1, 2, 3]],
    ['01.+2.-3', [1, 2, -3]],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => {
      const [major, minor, patch] = version;
      expect(parseVersion(text)).to.deep.equal(E.right({ major, minor, patch }));
    });
  }

  for (const [text, message] of [
    ['1.2.3.4', 'invalid version "1.2.3.4": too many parts'],
    ['v1.0.0', 'failed to convert major version part "v1": it must be a whole number'],
    ['1..0', 'failed to convert minor version part "": it must be a whole number'],
    ['1.0.0-rc1', 'failed to convert micro version part "0-rc1": it must be a whole number'],
    [' 1.0.0', 'failed to convert major version part " 1": it must be a whole number'],
    ['99999999999999999999', 'failed to convert major version part "99999999999999999999": it must be a whole number'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} with code 6`, () => {
      const parsed = parseVersion(text);
      expect(E.isLeft(parsed) && [parsed.left.cniCode, parsed.left.message]).to.deep.equal([6, message]);
    });
  }
});

describe('compareVersions()', () => {
  it('orders by numbers, not by text', () => {
    const sorted = ['0.10.0', '0.9.9', '1.0.0', '0.9.10', '0.9'].sort((a, b) => {
      const [left, right] = [parseVersion(a), parseVersion(b)];
      if (E.isLeft(left) || E.isLeft(right)) throw new Error('unreadable');
      return compareVersions(left.right, right.right);
    });
    expect(sorted).to.deep.equal(['0.9', '0.9.9', '0.9.10', '0.10.0', '1.0.0']);
  });
});

describe('dispatch() on versions', () => {
  const run = async (
    command: string,
    version: unknown,
    versions: readonly string[] = allVersions,
  ): Promise<[number, string] | undefined> => {
    const env = { CNI_COMMAND: command, CNI_CONTAINERID: 'c1', CNI_NETNS: '/n', CNI_IFNAME: 'eth0', CNI_PATH: '/p' };
    const stdin = new TextEncoder().encode(JSON.stringify({ name: 'n1', cniVersion: version }));
    const plugin = { versions: versions as readonly CniVersion[] };
    const answer = await dispatch(plugin, { env, readStdin: async () => stdin, isOwnNamespace: () => false });
    if (answer.stdout === '') return undefined;
    const { code, msg } = JSON.parse(answer.stdout) as { code: number; msg: string };
    return [code, msg];
  };

  it('lets an operation without a handler succeed silently, once the versions fit', async () => {
    for (const command of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) expect(await run(command, '1.1.0'), command).to.equal(undefined);
    expect(await run('GC', '1.0.0')).to.deep.equal([1, 'config version does not allow GC']);
    expect(await run('STATUS', '1.0.0')).to.deep.equal([1, 'config version does not allow STATUS']);
    expect(await run('CHECK', '0.3.1')).to.deep.equal([1, 'config version does not allow CHECK']);
    expect(await run('CHECK', '0.4.0')).to.equal(undefined);
  });

  it('takes a text that is no version for an unsupported one, but for the operations that compare it', async () => {
    expect(await run('ADD', 'x')).to.deep.equal([1, 'incompatible CNI versions']);
    expect(await run('DEL', '1.0')).to.deep.equal([1, 'incompatible CNI versions']);
    expect(await run('GC', 'x')).to.deep.equal([6, 'failed to convert major version part "x": it must be a whole number']);
  });

  it('looks for a version of the plugin that is new enough before it wants the exact one', async () => {
    expect(await run('CHECK', '0.4.1', ['0.3.1', '1.0.0'])).to.deep.equal([1, 'incompatible CNI versions']);
    expect(await run('GC', '1.1.0', ['1.0.0'])).to.deep.equal([1, 'plugin version does not allow GC']);
    expect(await run('STATUS', '1.1.0', ['1.1.0', 'xx'])).to.equal(undefined);
  });

  it('takes an absent, a null and an empty version for 0.1.0', async () => {
    for (const version of [undefined, null, '']) expect(await run('ADD', version, ['0.1.0'])).to.equal(undefined);
  });
});
