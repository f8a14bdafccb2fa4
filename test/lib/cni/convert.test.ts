import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import {
  type AnyResult,
  allVersions,
  type CniVersion,
  convertResult,
  decodeResult,
  formatResult,
  impliedVersion,
  isCniVersion,
} from '../../../lib/cni/index.js';

interface Vector {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly input: unknown;
  readonly output?: unknown;
  readonly error?: string;
}

/**
 * Where this package answers otherwise than the reference, one by one, and why.
 * All texts of wrong fields differ in the same way: ours name the place and what belongs there, and never show the value.
 */
const differences: Readonly<Record<string, { readonly message: string; readonly why: string }>> = {
  '040-ip-not-object': { message: 'CNI result: ips[0] must be an object', why: "the text comes from Go's JSON decoder" },
  'dns-text': { message: 'CNI result: dns must be an object', why: "the text comes from Go's JSON decoder" },
  'gateway-number': {
    message: 'CNI result: ips[0].gateway must be an address without prefix length, such as 192.0.2.1',
    why: "the text comes from Go's JSON decoder",
  },
  'mtu-text': { message: 'CNI result: interfaces[0].mtu must be a whole number', why: "the text comes from Go's JSON decoder" },
  '100-ips-null-entry': { message: 'CNI result: ips[0] must be an object', why: 'the reference crashes' },
  'interfaces-null-entry': {
    message: 'CNI result: interfaces[0] must be an object',
    why: 'the reference lets it pass here and crashes on it in any conversion',
  },
  '110-route-dst-missing': {
    message: 'CNI result: routes[0].dst must be an address with prefix length, such as 192.0.2.5/24',
    why: 'the reference prints the text <nil>, which no one can read again',
  },
  '110-bad-address-no-prefix': {
    message: 'CNI result: ips[0].address must be an address with prefix length, such as 192.0.2.5/24',
    why: 'the place instead of the value',
  },
  '110-ipv6-zone': {
    message: 'CNI result: ips[0].address must be an address with prefix length, such as 192.0.2.5/24',
    why: 'the place instead of the value',
  },
  'cidr-space': {
    message: 'CNI result: ips[0].address must be an address with prefix length, such as 192.0.2.5/24',
    why: 'the place instead of the value',
  },
  '110-bad-gateway': {
    message: 'CNI result: ips[0].gateway must be an address without prefix length, such as 192.0.2.1',
    why: 'the place instead of the value',
  },
};

const folder = new URL('../../fixtures/cni/conversions/', import.meta.url);
const vectors = readdirSync(folder).map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector);

function version(text: string): CniVersion {
  const meant = text === '' ? impliedVersion : text;
  if (!isCniVersion(meant)) throw new Error(`vector with unknown version ${text}`);
  return meant;
}

function run(vector: Vector): E.Either<Error, AnyResult> {
  const decoded = decodeResult(vector.input, version(vector.from));
  if (E.isLeft(decoded)) return decoded;
  return convertResult(decoded.right, version(vector.to));
}

describe('convertResult()', () => {
  it('has the recorded conversions to answer to', () => {
    expect(vectors).to.have.length(49);
    expect(Object.keys(differences).filter((name) => !vectors.some((vector) => vector.name === name))).to.deep.equal([]);
  });

  for (const vector of vectors) {
    const difference = differences[vector.name];
    const how = difference === undefined ? 'as the reference does' : `otherwise than the reference: ${difference.why}`;
    it(`answers ${vector.name} ${how}`, () => {
      const converted = run(vector);
      const expected = difference?.message ?? vector.error;
      if (expected !== undefined) {
        expect(E.isLeft(converted) && converted.left.message).to.equal(expected);
        return;
      }
      if (E.isLeft(converted)) throw converted.left;
      const printed = formatResult(converted.right);
      expect(JSON.parse(printed)).to.deep.equal(vector.output);
      // The vectors keep the order of keys that the reference printed.
      expect(printed).to.equal(JSON.stringify(vector.output, null, 4));
    });
  }

  it('says which version had no address when the target needs one', () => {
    const converted = convertResult({ cniVersion: '1.1.0', interfaces: [], ips: [], routes: [] }, '0.2.0');
    expect(E.isLeft(converted) && converted.left).to.include({
      cniCode: 999,
      details: 'a result of CNI 0.2.0 needs an address; this one of 1.1.0 has none',
    });
  });

  it('reaches every version from every other one', () => {
    for (const from of allVersions) {
      for (const to of allVersions) {
        const decoded = decodeResult(
          from < '0.3.0' ? { ip4: { ip: '10.0.0.2/24' } } : { ips: [{ version: '4', address: '10.0.0.2/24' }] },
          from,
        );
        if (E.isLeft(decoded)) throw decoded.left;
        const converted = convertResult(decoded.right, to);
        if (E.isLeft(converted)) throw converted.left;
        const printed = JSON.parse(formatResult(converted.right)) as Record<string, unknown>;
        expect(printed['cniVersion'], `${from} to ${to}`).to.equal(to);
        expect(JSON.stringify(printed), `${from} to ${to}`).to.contain('10.0.0.2/24');
      }
    }
  });
});
