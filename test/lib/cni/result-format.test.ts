import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import {
  type AnyResult,
  type CniVersion,
  convertResult,
  encodeResult,
  formatResult,
  parseResult,
  type Result,
} from '../../../lib/cni/index.js';

/** Every field of the newest shape, set. */
const full: Result = {
  cniVersion: '1.1.0',
  interfaces: [
    { name: 'br0', mac: '02:00:00:00:00:01' },
    {
      name: 'eth0',
      mac: '02:00:00:00:00:02',
      mtu: 1500,
      sandbox: '/run/netns/c7',
      socketPath: '/run/vhost.sock',
      pciID: '0000:00:1f.6',
    },
  ],
  ips: [
    { interface: 1, address: '192.0.2.30/24', gateway: '192.0.2.1' },
    { interface: 1, address: '2001:db8:1::30/64', gateway: '2001:db8:1::1' },
  ],
  routes: [
    { dst: '198.51.100.0/24', gw: '192.0.2.8', mtu: 1400, advmss: 1360, priority: 100, table: 50, scope: 253 },
    { dst: '2001:db8:2::/64', gw: '2001:db8:1::8' },
  ],
  dns: { nameservers: ['192.0.2.53'], domain: 'corp.example', search: ['a.example', 'b.example'], options: ['ndots:2'] },
};

const golden020 = (version: string): string => `{
    "cniVersion": "${version}",
    "ip4": {
        "ip": "192.0.2.30/24",
        "gateway": "192.0.2.1",
        "routes": [
            {
                "dst": "198.51.100.0/24",
                "gw": "192.0.2.8"
            }
        ]
    },
    "ip6": {
        "ip": "2001:db8:1::30/64",
        "gateway": "2001:db8:1::1",
        "routes": [
            {
                "dst": "2001:db8:2::/64",
                "gw": "2001:db8:1::8"
            }
        ]
    },
    "dns": {
        "nameservers": [
            "192.0.2.53"
        ],
        "domain": "corp.example",
        "search": [
            "a.example",
            "b.example"
        ],
        "options": [
            "ndots:2"
        ]
    }
}`;

const golden040 = (version: string): string => `{
    "cniVersion": "${version}",
    "interfaces": [
        {
            "name": "br0",
            "mac": "02:00:00:00:00:01"
        },
        {
            "name": "eth0",
            "mac": "02:00:00:00:00:02",
            "sandbox": "/run/netns/c7"
        }
    ],
    "ips": [
        {
            "version": "4",
            "interface": 1,
            "address": "192.0.2.30/24",
            "gateway": "192.0.2.1"
        },
        {
            "version": "6",
            "interface": 1,
            "address": "2001:db8:1::30/64",
            "gateway": "2001:db8:1::1"
        }
    ],
    "routes": [
        {
            "dst": "198.51.100.0/24",
            "gw": "192.0.2.8",
            "mtu": 1400,
            "advmss": 1360,
            "priority": 100,
            "table": 50,
            "scope": 253
        },
        {
            "dst": "2001:db8:2::/64",
            "gw": "2001:db8:1::8"
        }
    ],
    "dns": {
        "nameservers": [
            "192.0.2.53"
        ],
        "domain": "corp.example",
        "search": [
            "a.example",
            "b.example"
        ],
        "options": [
            "ndots:2"
        ]
    }
}`;

const golden100 = (version: string): string => `{
    "cniVersion": "${version}",
    "dns": {
        "domain": "corp.example",
        "nameservers": [
            "192.0.2.53"
        ],
        "options": [
            "ndots:2"
        ],
        "search": [
            "a.example",
            "b.example"
        ]
    },
    "interfaces": [
        {
            "mac": "02:00:00:00:00:01",
            "name": "br0"
        },
        {
            "mac": "02:00:00:00:00:02",
            "mtu": 1500,
            "name": "eth0",
            "pciID": "0000:00:1f.6",
            "sandbox": "/run/netns/c7",
            "socketPath": "/run/vhost.sock"
        }
    ],
    "ips": [
        {
            "address": "192.0.2.30/24",
            "gateway": "192.0.2.1",
            "interface": 1
        },
        {
            "address": "2001:db8:1::30/64",
            "gateway": "2001:db8:1::1",
            "interface": 1
        }
    ],
    "routes": [
        {
            "advmss": 1360,
            "dst": "198.51.100.0/24",
            "gw": "192.0.2.8",
            "mtu": 1400,
            "priority": 100,
            "scope": 253,
            "table": 50
        },
        {
            "dst": "2001:db8:2::/64",
            "gw": "2001:db8:1::8"
        }
    ]
}`;

const goldens: Readonly<Record<CniVersion, string>> = {
  '0.1.0': golden020('0.1.0'),
  '0.2.0': golden020('0.2.0'),
  '0.3.0': golden040('0.3.0'),
  '0.3.1': golden040('0.3.1'),
  '0.4.0': golden040('0.4.0'),
  '1.0.0': golden100('1.0.0'),
  '1.1.0': golden100('1.1.0'),
};

function converted(version: CniVersion): AnyResult {
  const result = convertResult(full, version);
  if (E.isLeft(result)) throw result.left;
  return result.right;
}

describe('formatResult()', () => {
  for (const [version, golden] of Object.entries(goldens) as [CniVersion, string][]) {
    it(`prints every field of ${version}`, () => {
      expect(formatResult(converted(version))).to.equal(golden);
    });

    it(`prints what parseResult() reads back as ${version}`, () => {
      expect(parseResult(golden)).to.deep.equal(E.right(converted(version)));
    });
  }

  it("escapes what Go's encoder escapes", () => {
    const text = formatResult({ ...full, dns: { domain: 'a<b>&c\u2028\u2029"\\' } });
    expect(text).to.contain('"domain": "a\\u003cb\\u003e\\u0026c\\u2028\\u2029\\"\\\\"');
  });

  it('brings addresses into canonical form', () => {
    const text = formatResult({
      cniVersion: '1.0.0',
      interfaces: [],
      ips: [{ address: 'FD00:0:0::5/64', gateway: '::ffff:10.0.0.1' }],
      routes: [{ dst: '::FFFF:10.0.0.0/104', gw: '' }],
    });
    expect(JSON.parse(text)).to.deep.equal({
      cniVersion: '1.0.0',
      ips: [{ address: 'fd00::5/64', gateway: '10.0.0.1' }],
      routes: [{ dst: '10.0.0.0/8' }],
    });
  });

  for (const [name, result, message] of [
    ['address', { ...full, ips: [{ address: '10.0.0.1' }] }, 'CNI result: ips[0].address must be an address with prefix length'],
    [
      'gateway',
      { ...full, ips: [{ address: '10.0.0.1/8', gateway: 'x' }] },
      'CNI result: ips[0].gateway must be an address without prefix length',
    ],
    ['dst', { ...full, routes: [{ dst: 'default' }] }, 'CNI result: routes[0].dst must be an address with prefix length'],
    [
      'gw',
      { ...full, routes: [{ dst: '10.0.0.0/8', gw: '10.0.0.1/8' }] },
      'CNI result: routes[0].gw must be an address without prefix length',
    ],
    ['mtu', { ...full, interfaces: [{ name: 'eth0', mtu: 1.5 }] }, 'CNI result: interfaces[0].mtu must be a whole number'],
    ['table', { ...full, routes: [{ dst: '10.0.0.0/8', table: Number.NaN }] }, 'CNI result: routes[0].table must be a whole number'],
    [
      'ip of a half',
      { cniVersion: '0.2.0', ip6: { ip: '', routes: [] } } as const,
      'CNI result: ip6.ip must be an address with prefix length',
    ],
  ] as const) {
    it(`refuses to print a wrong ${name}`, () => {
      expect(() => formatResult(result as AnyResult)).to.throw(RangeError, message);
    });
  }
});

describe('encodeResult()', () => {
  it('prints no field that the model does not have', () => {
    const smuggled = { ...full, interfaces: [{ name: 'eth0', secret: 'x' }], extra: 1 };
    expect(JSON.stringify(encodeResult(smuggled))).to.not.match(/secret|extra/);
  });
});

// The compiler is the test here: each line below must be refused by it.
// @ts-expect-error a result of 1.x has no version label on its addresses
void ({ cniVersion: '1.1.0', interfaces: [], ips: [{ version: '4', address: '10.0.0.1/8' }], routes: [] } satisfies AnyResult);
// @ts-expect-error 0.4.0 needs the label
void ({ cniVersion: '0.4.0', interfaces: [], ips: [{ address: '10.0.0.1/8' }], routes: [] } satisfies AnyResult);
// @ts-expect-error 0.2.0 has no list of addresses
void ({ cniVersion: '0.2.0', ips: [] } satisfies AnyResult);
// @ts-expect-error there is no such version
void ({ cniVersion: '1.2.0', interfaces: [], ips: [], routes: [] } satisfies AnyResult);
// @ts-expect-error mtu is new in the shape of 1.x
void ({ cniVersion: '0.4.0', interfaces: [{ name: 'eth0', mtu: 1500 }], ips: [], routes: [] } satisfies AnyResult);
