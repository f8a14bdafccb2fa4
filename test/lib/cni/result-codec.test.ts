import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import {
  type AnyResult,
  allVersions,
  type CniVersion,
  convertResult,
  decodeResult,
  formatResult,
  parseResult,
  type Result,
} from '../../../lib/cni/index.js';
import { seededRandom } from '../../support/random.js';

function message(result: E.Either<Error, unknown>): string {
  return E.isLeft(result) ? result.left.message : 'accepted';
}

describe('decodeResult()', () => {
  it('assumes the given version when the result says none', () => {
    for (const value of [{}, { cniVersion: '' }, { cniVersion: null }, { cniVersion: 5 }, null]) {
      const decoded = decodeResult(value, '0.4.0');
      expect(decoded, JSON.stringify(value)).to.deep.equal(E.right({ cniVersion: '0.4.0', interfaces: [], ips: [], routes: [] }));
    }
    expect(decodeResult({})).to.deep.equal(E.right({ cniVersion: '0.1.0' }));
  });

  it('refuses a version it does not know', () => {
    expect(message(decodeResult({ cniVersion: '1.2.0' }))).to.equal(
      'CNI result: cniVersion must be one of 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0',
    );
  });

  for (const value of [[], 'x', 5, true]) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      expect(message(decodeResult(value, '1.1.0'))).to.equal('CNI result: must be an object');
    });
  }

  it('names everything that is wrong at once and shows no value', () => {
    const value = {
      cniVersion: '1.1.0',
      ips: [{ address: 'secret-1' }, { address: '10.0.0.1/8', gateway: 'secret-2' }],
      dns: { nameservers: ['a', { secret: 3 }] },
    };
    const text = message(decodeResult(value, '1.1.0'));
    expect(text).to.equal(
      'CNI result: ips[0].address must be an address with prefix length, such as 192.0.2.5/24; ' +
        'ips[1].gateway must be an address without prefix length, such as 192.0.2.1; dns.nameservers[1] must be a text',
    );
  });

  it('reads a label other than 4 and 6 as none', () => {
    const decoded = decodeResult({ cniVersion: '0.4.0', ips: [{ version: 'IPv4', address: '10.0.0.1/8' }, { address: '10.0.0.2/8' }] });
    if (E.isLeft(decoded)) throw decoded.left;
    expect(decoded.right).to.have.nested.property('ips[0].version', '');
    expect(decoded.right).to.have.nested.property('ips[1].version', '');
    expect(message(convertResult(decoded.right, '0.2.0'))).to.equal('cannot convert: no valid IP addresses');
  });

  it('lets the last of several spellings win and null not count', () => {
    const decoded = decodeResult({ cniVersion: '1.0.0', ips: [], IPS: [{ address: '10.0.0.1/8' }], Ips: null });
    expect(decoded).to.deep.equal(E.right({ cniVersion: '1.0.0', interfaces: [], ips: [{ address: '10.0.0.1/8' }], routes: [] }));
  });

  it('is not misled by keys of the prototype', () => {
    const value: unknown = JSON.parse('{"cniVersion":"1.0.0","__proto__":{"ips":[{"address":"10.0.0.1/8"}]},"constructor":1}');
    expect(decodeResult(value)).to.deep.equal(E.right({ cniVersion: '1.0.0', interfaces: [], ips: [], routes: [] }));
  });
});

describe('parseResult()', () => {
  it('shows nothing of a text that is no JSON', () => {
    expect(message(parseResult('{"a":secret'))).to.equal('CNI result: must be valid JSON');
  });
});

/** A random result of 1.1.0: every field may be there, addresses in canonical form. */
function randomResult(next: () => number): Result {
  const below = (count: number): number => Math.floor(next() * count);
  const maybe = <T>(make: () => T): T | undefined => (next() < 0.5 ? undefined : make());
  const list = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make);
  const text = (): string => list(6, () => String.fromCodePoint(0x21 + below(next() < 0.9 ? 90 : 0xd000))).join('') || 'x';
  const ip = (): string => {
    if (next() < 0.5) return Array.from({ length: 4 }, () => below(256)).join('.');
    // No group is zero, so that the text is canonical as it is.
    return Array.from({ length: 8 }, () => (1 + below(0xffff)).toString(16)).join(':');
  };
  const cidr = (): string => {
    const address = ip();
    return `${address}/${below(address.includes(':') ? 129 : 33)}`;
  };
  const natural = (): number => 1 + below(2 ** 31);
  const pruned = <T extends object>(object: T): T =>
    Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
  const interfaces = list(3, () =>
    pruned({
      name: text(),
      mac: maybe(text),
      mtu: maybe(natural),
      sandbox: maybe(text),
      socketPath: maybe(text),
      pciID: maybe(text),
    }),
  ) as unknown as Result['interfaces'];
  const ips = list(4, () =>
    pruned({ address: cidr(), gateway: maybe(ip), interface: interfaces.length === 0 ? undefined : maybe(() => below(interfaces.length)) }),
  ) as unknown as Result['ips'];
  const routes = list(4, () =>
    pruned({
      dst: cidr(),
      gw: maybe(ip),
      mtu: maybe(natural),
      advmss: maybe(natural),
      priority: maybe(natural),
      table: maybe(() => below(3)),
      scope: maybe(() => below(255)),
    }),
  ) as unknown as Result['routes'];
  const dns = pruned({
    domain: maybe(text),
    nameservers: maybe(() => [text()]),
    search: maybe(() => [text(), text()]),
    options: maybe(() => [text()]),
  });
  return {
    cniVersion: '1.1.0',
    interfaces,
    ips,
    routes,
    ...(Object.keys(dns).length === 0 ? {} : { dns: dns as Exclude<Result['dns'], undefined> }),
  };
}

/** What must be left of a result after a way down to `version` and up again. */
function expectedAfter(result: Result, version: CniVersion): Result {
  if (version === '1.0.0' || version === '1.1.0') return result;
  const interfaces = result.interfaces.map(({ mtu: _mtu, socketPath: _socket, pciID: _pci, ...rest }) => rest);
  if (version >= '0.3.0') return { ...result, interfaces };
  const isSix = (text: string): boolean => text.includes(':');
  const first = [false, true].map((six) => result.ips.find((one) => isSix(one.address) === six)).filter((one) => one !== undefined);
  const ips = first.map(({ interface: _index, ...rest }) => rest);
  const routes = first.flatMap((one) =>
    result.routes
      .filter((route) => isSix(route.dst) === isSix(one.address))
      .map(({ dst, gw }) => ({ dst, ...(gw === undefined ? {} : { gw }) })),
  );
  return { ...result, interfaces: [], ips, routes };
}

describe('results', () => {
  const random = seededRandom();
  it(`survive printing, reading and converting down and up again, for random ones (${random.label})`, () => {
    for (let round = 0; round < 200; round++) {
      const result = randomResult(random.next);
      for (const version of allVersions) {
        const where = `round ${round}, by ${version}`;
        const down = convertResult(result, version);
        if (E.isLeft(down)) {
          expect(result.ips, where).to.deep.equal([]);
          expect(version, where).to.be.oneOf(['0.1.0', '0.2.0']);
          continue;
        }
        const printed = formatResult(down.right);
        const read: E.Either<Error, AnyResult> = parseResult(printed);
        if (E.isLeft(read)) throw new Error(`${where}: ${read.left.message}`);
        expect(read.right, where).to.deep.equal(down.right);
        const up = convertResult(read.right, '1.1.0');
        expect(up, where).to.deep.equal(E.right(expectedAfter(result, version)));
      }
    }
  });
});
