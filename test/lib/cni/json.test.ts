import { expect } from 'chai';
import { allVersions, CniError, dispatch, foldKey, getKey, maxInputBytes, maxNesting, parseJsonObject } from '../../../lib/cni/index.js';
import { seededRandom } from '../../support/random.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function failure(bytes: Uint8Array): CniError {
  try {
    parseJsonObject(bytes, 'input');
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error('accepted');
}

/** What a plugin answers to a standard input, as its error code, or 0. */
async function codeFor(stdin: Uint8Array): Promise<number> {
  const add = async () => ({ cniVersion: '1.1.0', interfaces: [], ips: [{ address: '10.0.0.2/8' }], routes: [] }) as const;
  const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: '/x' };
  const answer = await dispatch({ versions: allVersions, add }, { env, readStdin: async () => stdin, isOwnNamespace: () => false });
  const document = JSON.parse(answer.stdout) as { code?: number };
  expect(answer.exitCode).to.equal(document.code === undefined ? 0 : 1);
  return document.code ?? 0;
}

describe('parseJsonObject()', () => {
  it('reads an object, with blanks around it', () => {
    expect(parseJsonObject(encode(' {"a":[1]}\n\t'), 'input')).to.deep.equal({ a: [1] });
  });

  it('reads null as null', () => {
    expect(parseJsonObject(encode('null'), 'input')).to.equal(null);
  });

  it('reads what is no UTF-8 as the replacement character', () => {
    expect(parseJsonObject(Uint8Array.of(...encode('{"a":"'), 0xff, ...encode('"}')), 'input')).to.deep.equal({ a: '\ufffd' });
  });

  for (const [text, reason] of [
    ['', 'it is empty'],
    [' \n', 'it is empty'],
    ['\ufeff{}', 'it starts with a byte order mark'],
    ['[]', 'it must be a JSON object'],
    ['"x"', 'it must be a JSON object'],
    ['{} {}', 'it is not valid JSON at character 4'],
    ['{"a":1', 'it is not valid JSON at character 7'],
    ["{'a':1}", 'it is not valid JSON at character 2'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} with code 6`, () => {
      expect(failure(encode(text))).to.include({ cniCode: 6, message: `input: ${reason}` });
    });
  }

  it('never shows what it was given', () => {
    for (const text of ['{"token":secret}', 'secret', '{"a":"secret" "secret"}', '{"secret']) {
      const error = failure(encode(text));
      expect(`${error.message} ${error.details} ${String(error.cause)}`).to.not.contain('secret');
    }
  });

  it('refuses what is too large, with code 6', () => {
    expect(parseJsonObject(encode(`{"a":"${'x'.repeat(maxInputBytes - 8)}"}`), 'input')).to.have.property('a');
    expect(failure(encode(`{"a":"${'x'.repeat(maxInputBytes - 7)}"}`))).to.include({
      cniCode: 6,
      message: 'input: it is larger than 1048576 bytes',
    });
  });

  it('refuses what is nested too deep, with code 6, and nothing that only looks so', () => {
    const nested = (levels: number, open: string, close: string, core: string): string =>
      `{"a":${open.repeat(levels)}${core}${close.repeat(levels)}}`;
    // Go's decoder takes 10,000 levels, too: one of them is the object around the list.
    expect(parseJsonObject(encode(nested(maxNesting - 1, '[', ']', '1')), 'input')).to.have.property('a');
    expect(failure(encode(nested(maxNesting, '[', ']', '1')))).to.include({
      cniCode: 6,
      message: 'input: it is nested deeper than 10000 levels',
    });
    expect(failure(encode(nested(maxNesting, '{"a":', '}', '1')))).to.include({ cniCode: 6 });
    expect(parseJsonObject(encode(`{"a":"${'[\\"\\\\'.repeat(20_000)}"}`), 'input')).to.have.property('a');
    expect(parseJsonObject(encode(`{"a":[${'[],'.repeat(20_000)}[]]}`), 'input')).to.have.property('a');
  });
});

describe('getKey()', () => {
  it('matches without regard to case, also the letters that Unicode folds to ASCII ones', () => {
    expect(getKey({ CNIVersion: '1' }, 'cniVersion')).to.equal('1');
    expect(getKey({ i\u017fGateway: 1 }, 'isGateway')).to.equal(1);
    expect(getKey({ '\u212aey': 1 }, 'key')).to.equal(1);
    expect(getKey({ na\u0130me: 1 }, 'name')).to.equal(undefined);
    expect(foldKey('Stra\u00dfe')).to.not.equal(foldKey('strasse'));
  });

  it('takes the last of several spellings, passing over null', () => {
    expect(getKey({ name: 'a', NAME: 'b' }, 'name')).to.equal('b');
    expect(getKey({ NAME: 'b', name: 'a' }, 'name')).to.equal('a');
    expect(getKey({ name: 'a', NAME: null }, 'name')).to.equal('a');
    expect(getKey({ name: null }, 'name')).to.equal(undefined);
  });

  it('finds nothing by inheritance', () => {
    expect(getKey({}, 'toString')).to.equal(undefined);
    expect(getKey({}, '__proto__')).to.equal(undefined);
  });
});

describe('dispatch() on hostile input', () => {
  const valid = JSON.stringify({
    cniVersion: '1.1.0',
    name: 'n1',
    type: 'x',
    prevResult: { ips: [{ address: '10.0.0.1/8' }] },
    extra: [{ a: null }],
  });

  it('accepts the text that the broken ones are made of', async () => {
    expect(await codeFor(encode(valid))).to.equal(0);
  });

  it('answers every truncation with code 6', async () => {
    for (let length = 0; length < valid.length; length++) {
      expect(await codeFor(encode(valid.slice(0, length))), `first ${length} characters`).to.equal(6);
    }
  });

  const random = seededRandom();
  it(`answers random bytes with code 6 (${random.label})`, async () => {
    for (let round = 0; round < 300; round++) {
      // The first byte keeps them from being a number or null by accident.
      const bytes = Uint8Array.from({ length: 1 + Math.floor(random.next() * 200) }, (_, i) =>
        i === 0 ? 0x7b : Math.floor(random.next() * 256),
      );
      expect(await codeFor(bytes), Buffer.from(bytes).toString('hex')).to.equal(6);
    }
  });

  it(`answers with one document, whatever single byte is changed (${random.label})`, async () => {
    const original = encode(valid);
    for (let i = 0; i < original.length; i++) {
      const bytes = original.slice();
      bytes[i] = Math.floor(random.next() * 256);
      expect(await codeFor(bytes), `byte ${i} set to ${bytes[i]}`).to.be.oneOf([0, 1, 6, 7]);
    }
  });

  it('answers the deepest and the largest input with code 6', async () => {
    expect(await codeFor(encode('['.repeat(maxInputBytes)))).to.equal(6);
    expect(await codeFor(encode('{"a":'.repeat(maxInputBytes / 5)))).to.equal(6);
    expect(await codeFor(encode(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`))).to.equal(6);
    expect(await codeFor(new Uint8Array(maxInputBytes + 1))).to.equal(6);
  });
});
