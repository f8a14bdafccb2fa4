import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  computeSignature,
  encodeQuery,
  encodeValue,
  formatTimeStamp,
  type SignatureMethod,
  signQuery,
  toStringToSign,
} from '../../../providers/qingcloud/signature.js';
import { seededRandom } from '../../support/random.js';
import { slowRequest } from '../../support/slow-signature.js';

interface Vector {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly string_to_sign: string;
  readonly signature: string;
}

const fixture: { secret_access_key: string; vectors: Vector[] } = JSON.parse(
  readFileSync(new URL('../../fixtures/qingcloud/signatures.json', import.meta.url), 'utf8'),
);

describe('computeSignature()', () => {
  it('has all published and recorded vectors to go by', () => {
    expect(fixture.vectors.map((vector) => vector.name)).to.include.members(['docs-published', 'sdk-signer-test', 'encoding']);
    expect(fixture.vectors).to.have.length(14);
  });

  for (const vector of fixture.vectors) {
    it(`reproduces the vector "${vector.name}"`, () => {
      const { method, path, params } = vector;
      expect(toStringToSign(method, path, encodeQuery(params))).to.equal(vector.string_to_sign);
      const signatureMethod = (params['signature_method'] ?? 'HmacSHA256') as SignatureMethod;
      expect(computeSignature({ method, path, params, secretAccessKey: fixture.secret_access_key, signatureMethod })).to.equal(
        vector.signature,
      );
    });
  }

  it('signs with HmacSHA256 and as GET unless told otherwise', () => {
    const vector = fixture.vectors.find((entry) => entry.name === 'attach-nics');
    if (vector === undefined) throw new Error('the vector attach-nics is missing');
    expect(computeSignature({ path: vector.path, params: vector.params, secretAccessKey: fixture.secret_access_key })).to.equal(
      vector.signature,
    );
  });
});

describe('encodeQuery()', () => {
  it('sorts by name, not by the joined pair', () => {
    const names = ['nics.2', 'nics.11', 'nics.10', 'nics.1', 'vxnets.1', 'vxnet_type.1', 'vxnet', 'nic_name'];
    const query = encodeQuery(Object.fromEntries(names.map((name) => [name, 'x'])));
    expect(query).to.equal('nic_name=x&nics.1=x&nics.10=x&nics.11=x&nics.2=x&vxnet=x&vxnet_type.1=x&vxnets.1=x');
  });
});

describe('encodeValue()', () => {
  it('keeps only the unreserved characters', () => {
    expect(encodeValue("AZaz09-_.~ !*'():/,@+&=%")).to.equal('AZaz09-_.~%20%21%2A%27%28%29%3A%2F%2C%40%2B%26%3D%25');
  });

  it('writes UTF-8 and survives half a character', () => {
    expect(encodeValue('网卡\u{1f600}')).to.equal('%E7%BD%91%E5%8D%A1%F0%9F%98%80');
    expect(encodeValue('a\ud800b')).to.equal('a%EF%BF%BDb');
  });

  it('cuts white space off both ends only', () => {
    expect(encodeValue(' \t i-0abc def\n')).to.equal('i-0abc%20def');
  });
});

describe('signQuery()', () => {
  it('appends the encoded signature last', () => {
    const vector = fixture.vectors.find((entry) => entry.name === 'create-nics-private-ips');
    if (vector === undefined) throw new Error('the vector create-nics-private-ips is missing');
    const query = signQuery({ path: vector.path, params: vector.params, secretAccessKey: fixture.secret_access_key });
    expect(query).to.match(/&zone=pek3a&signature=7GJMQRdVSGeXIXgvEeYyIs88A%2BJn3YjE18gVoDaPFxg%3D$/);
  });
});

describe('formatTimeStamp()', () => {
  it('writes whole seconds in UTC', () => {
    expect(formatTimeStamp(Date.UTC(2017, 7, 17, 3, 4, 5, 999))).to.equal('2017-08-17T03:04:05Z');
  });
});

describe('the signature of any request', () => {
  const values: { cases: [string, string][] } = JSON.parse(
    readFileSync(new URL('../../fixtures/qingcloud/go-values.json', import.meta.url), 'utf8'),
  );

  it("encodes every recorded value as Go's standard library does", () => {
    expect(values.cases).to.have.length.above(400);
    expect(values.cases.filter(([value, encoded]) => encodeValue(value) !== encoded)).to.deep.equal([]);
  });

  it('is that of a second implementation, written from the description in another way', () => {
    for (const { method, path, params, signature } of fixture.vectors) {
      const hash = params['signature_method'] === 'HmacSHA1' ? 'sha1' : 'sha256';
      const query = slowRequest({ method, path, params: Object.entries(params), secret: fixture.secret_access_key, hash });
      expect(query.endsWith(`&signature=${encodeURIComponent(signature)}`), 'the second one is right itself').to.equal(true);
    }
    const random = seededRandom();
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
    const pieces = values.cases.map(([value]) => value);
    const names = [
      'action',
      'nics.1',
      'nics.2',
      'nics.10',
      'nics.11',
      'nic_name',
      'vxnet',
      'vxnet_type.1',
      'vxnets.1',
      'zone',
      'private_ips.1',
      'limit',
      '_',
      '~',
    ];
    for (let round = 0; round < 3000; round++) {
      const method = pick(['GET', 'POST'] as const);
      const path = pick(['/iaas', '/iaas/', '/iam', '/', '/a/b.c/~d']);
      const secret = pick(['SECRETACCESSKEY', 'k', 'x'.repeat(64), 'y'.repeat(65), 'z'.repeat(200)]);
      const [signatureMethod, hash] = pick([
        ['HmacSHA256', 'sha256'],
        ['HmacSHA1', 'sha1'],
      ] as const);
      const chosen = new Map(
        Array.from({ length: Math.floor(random.next() * 10) }, () => [
          pick(names),
          Array.from({ length: Math.floor(random.next() * 4) }, () => pick(pieces)).join(''),
        ]),
      );
      const params = [...chosen].sort(() => random.next() - 0.5);
      const input = { method, path, params: Object.fromEntries(params), secretAccessKey: secret, signatureMethod };
      expect(signQuery(input), `${JSON.stringify(input)} ${random.label}`).to.equal(slowRequest({ method, path, params, secret, hash }));
    }
  });

  it('is over what arrives: decoding what was sent and signing it again gives the same', () => {
    for (const [value] of values.cases) {
      const query = signQuery({ path: '/iaas', params: { nic_name: value, zone: 'pek3a' }, secretAccessKey: 'SECRETACCESSKEY' });
      const { signature, ...params } = Object.fromEntries(new URLSearchParams(query));
      expect(computeSignature({ path: '/iaas', params, secretAccessKey: 'SECRETACCESSKEY' }), JSON.stringify(value)).to.equal(signature);
    }
  });
});
