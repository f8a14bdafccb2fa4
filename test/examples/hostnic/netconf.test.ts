import { expect } from 'chai';
import { readCloudConf, readHousekeeping, readNetConf } from '../../../examples/hostnic/netconf.js';
import { CniError, createNetworkConfig, type NetworkConfig } from '../../../lib/cni/index.js';

const complete = {
  cniVersion: '1.1.0',
  name: 'hostnic',
  type: 'hostnic',
  provider: 'qingcloud',
  args: { providerConfigFile: '/etc/qingcloud/client.yaml', vxNets: ['vxnet-a', 'vxnet-b', 'vxnet-a'] },
  ipam: {
    routes: [
      { dst: '10.96.0.0/12', gw: '0.0.0.0' },
      { dst: '172.30.0.0/16', gw: '192.168.100.9' },
      { dst: '10.10.0.0/16' },
      { dst: '10.11.0.0/16', gw: '' },
      { dst: '10.12.0.0/16', gw: null },
      { dst: '0.0.0.0/0', gw: '192.168.100.8' },
    ],
  },
  isGateway: false,
  dataDir: '/data/journal',
  hostDir: '/data/host',
  deadlineSeconds: 20,
  mtu: 1400,
  logFile: '/var/log/hostnic.log',
  logLevel: 'debug',
  instanceIdFile: '/etc/instance',
  gatewayIdleSeconds: 5,
  apiCallsPerHour: 0,
  nicsPerInstance: 256,
  dns: { nameservers: ['192.0.2.53'], search: ['example.org'] },
} as const;

const conf = (raw: Record<string, unknown>): NetworkConfig => createNetworkConfig(raw, 'hostnic', '1.1.0');
const withArgs = (args: unknown): Record<string, unknown> => ({ ...complete, args });
const withRoute = (route: unknown): Record<string, unknown> => ({ ...complete, ipam: { routes: [{ dst: '10.0.0.0/8' }, route] } });

function refusal(raw: Record<string, unknown>): CniError {
  try {
    readNetConf(conf(raw));
    readHousekeeping(conf(raw));
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readNetConf()', () => {
  it('reads every key', () => {
    expect(readNetConf(conf(complete))).to.deep.equal({
      cloud: { provider: 'qingcloud', providerConfigFile: '/etc/qingcloud/client.yaml', subnetIds: ['vxnet-a', 'vxnet-b'] },
      routes: [
        { dst: '10.96.0.0/12', via: { kind: 'host' } },
        { dst: '172.30.0.0/16', via: { kind: 'address', address: '192.168.100.9' } },
        { dst: '10.10.0.0/16', via: { kind: 'router' } },
        { dst: '10.11.0.0/16', via: { kind: 'router' } },
        { dst: '10.12.0.0/16', via: { kind: 'router' } },
        { dst: '0.0.0.0/0', via: { kind: 'address', address: '192.168.100.8' } },
      ],
      defaultRoute: false,
      mtu: 1400,
      dns: { nameservers: ['192.0.2.53'], search: ['example.org'] },
    });
    expect(readHousekeeping(conf(complete))).to.deep.equal({
      dataDir: '/data/journal',
      hostDir: '/data/host',
      originalDir: '/data/journal',
      deadlineMs: 20_000,
      logFile: '/var/log/hostnic.log',
      logLevel: 'debug',
      instanceIdFile: '/etc/instance',
      gatewayIdleMs: 5000,
      apiCallsPerHour: 0,
      nicsPerInstance: 256,
    });
  });

  it('has a default for everything but provider and args', () => {
    const { provider, args } = complete;
    expect(readNetConf(conf({ provider, args }))).to.deep.include({ routes: [], defaultRoute: true, mtu: undefined, dns: undefined });
    expect(readHousekeeping(conf({ provider, args }))).to.deep.equal({
      dataDir: '/var/lib/cni/hostnic',
      hostDir: '/var/lib/hostnic',
      originalDir: '/var/run/cni/hostnic',
      deadlineMs: 55_000,
      logFile: undefined,
      logLevel: 'info',
      instanceIdFile: '/etc/qingcloud/instance-id',
      gatewayIdleMs: 600_000,
      apiCallsPerHour: 500,
      nicsPerInstance: undefined,
    });
  });

  it('matches keys without regard to case, as the Go plugin did, and ignores those it does not know', () => {
    const raw = {
      PROVIDER: 'qingcloud',
      Args: { ProviderConfigFile: '/c.yaml', VxNets: ['vxnet-a'], other: 1 },
      IPAM: { Routes: [{ DST: '10.0.0.0/8', GW: '0.0.0.0' }], type: 'none' },
      isgateway: false,
      capabilities: { ips: true },
    };
    expect(readNetConf(conf(raw))).to.deep.include({
      cloud: { provider: 'qingcloud', providerConfigFile: '/c.yaml', subnetIds: ['vxnet-a'] },
      routes: [{ dst: '10.0.0.0/8', via: { kind: 'host' } }],
      defaultRoute: false,
    });
  });

  const refused: readonly { readonly name: string; readonly raw: Record<string, unknown>; readonly says: RegExp }[] = [
    { name: 'a missing provider', raw: { ...complete, provider: undefined }, says: /provider must be a text that is not empty/ },
    { name: 'an empty provider', raw: { ...complete, provider: '' }, says: /provider must be/ },
    { name: 'missing args', raw: withArgs(undefined), says: /args must be an object with providerConfigFile and vxNets/ },
    { name: 'args that are a list', raw: withArgs([]), says: /args must be an object/ },
    {
      name: 'a missing provider file',
      raw: withArgs({ vxNets: ['vxnet-a'] }),
      says: /args\.providerConfigFile must be the absolute path of the provider file/,
    },
    {
      name: 'a relative provider file',
      raw: withArgs({ providerConfigFile: 'client.yaml', vxNets: ['vxnet-a'] }),
      says: /args\.providerConfigFile must be the absolute path/,
    },
    {
      name: 'missing vxNets',
      raw: withArgs({ providerConfigFile: '/c.yaml' }),
      says: /args\.vxNets must be a list of at least one vxnet id/,
    },
    {
      name: 'empty vxNets',
      raw: withArgs({ providerConfigFile: '/c.yaml', vxNets: [] }),
      says: /args\.vxNets must be a list of at least one/,
    },
    { name: 'vxNets as a text', raw: withArgs({ providerConfigFile: '/c.yaml', vxNets: 'vxnet-a' }), says: /args\.vxNets must be a list/ },
    {
      name: 'an empty text in vxNets',
      raw: withArgs({ providerConfigFile: '/c.yaml', vxNets: ['vxnet-a', ''] }),
      says: /args\.vxNets\[1\] must be a text without white space, such as vxnet-0abcdef/,
    },
    {
      name: 'a blank in vxNets',
      raw: withArgs({ providerConfigFile: '/c.yaml', vxNets: [' '] }),
      says: /args\.vxNets\[0\] must be a text without white space/,
    },
    { name: 'routes that are no list', raw: { ...complete, ipam: { routes: {} } }, says: /ipam\.routes must be a list/ },
    { name: 'a route that is a text', raw: withRoute('10.0.0.0/8'), says: /ipam\.routes\[1\] must be a route \{dst, gw\}/ },
    { name: 'a route without dst', raw: withRoute({ gw: '0.0.0.0' }), says: /ipam\.routes\[1\]\.dst must be an IPv4 range/ },
    {
      name: 'the placeholder of the original README as dst',
      raw: withRoute({ dst: 'kubernetes service cidr', gw: '0.0.0.0' }),
      says: /ipam\.routes\[1\]\.dst must be an IPv4 range/,
    },
    {
      name: 'the placeholder of the original README as gw',
      raw: withRoute({ dst: '10.96.0.0/12', gw: 'hostip or 0.0.0.0' }),
      says: /ipam\.routes\[1\]\.gw must be an IPv4 address, or 0\.0\.0\.0 for this host/,
    },
    { name: 'a dst without prefix length', raw: withRoute({ dst: '10.96.0.0' }), says: /ipam\.routes\[1\]\.dst must be/ },
    { name: 'a dst with host bits', raw: withRoute({ dst: '10.96.0.1/12' }), says: /ipam\.routes\[1\]\.dst must be .* host bits are zero/ },
    { name: 'a dst of IPv6', raw: withRoute({ dst: 'fd00::/8' }), says: /ipam\.routes\[1\]\.dst must be an IPv4 range/ },
    { name: 'a gw with prefix length', raw: withRoute({ dst: '10.96.0.0/12', gw: '10.0.0.1/24' }), says: /ipam\.routes\[1\]\.gw must be/ },
    { name: 'a gw of IPv6', raw: withRoute({ dst: '10.96.0.0/12', gw: 'fd00::1' }), says: /ipam\.routes\[1\]\.gw must be/ },
    { name: 'a gw that is a number', raw: withRoute({ dst: '10.96.0.0/12', gw: 1 }), says: /ipam\.routes\[1\]\.gw must be/ },
    { name: 'isGateway as a text', raw: { ...complete, isGateway: 'true' }, says: /isGateway must be true or false/ },
    { name: 'an MTU below what IPv4 needs', raw: { ...complete, mtu: 67 }, says: /mtu must be a whole number of bytes from 68 to 65535/ },
    { name: 'an MTU with a fraction', raw: { ...complete, mtu: 1400.5 }, says: /mtu must be a whole number/ },
    { name: 'a relative dataDir', raw: { ...complete, dataDir: 'data' }, says: /dataDir must be an absolute path/ },
    { name: 'a relative logFile', raw: { ...complete, logFile: 'log' }, says: /logFile must be an absolute path/ },
    { name: 'an unknown log level', raw: { ...complete, logLevel: 'trace' }, says: /logLevel must be debug, info or warn/ },
    { name: 'a deadline of nothing', raw: { ...complete, deadlineSeconds: 0 }, says: /deadlineSeconds must be a whole number of seconds/ },
    {
      name: 'a negative idle time',
      raw: { ...complete, gatewayIdleSeconds: -1 },
      says: /gatewayIdleSeconds must be a whole number of seconds/,
    },
    { name: 'an instance for no NIC', raw: { ...complete, nicsPerInstance: 0 }, says: /nicsPerInstance must be a whole number of NICs/ },
    { name: 'dns as a list', raw: { ...complete, dns: [] }, says: /dns must be an object with nameservers/ },
  ];

  for (const { name, raw, says } of refused) {
    it(`refuses ${name} with code 7 and the path of the key`, () => {
      const error = refusal(raw);
      expect(error.cniCode).to.equal(7);
      expect(`${error.message} ${error.details}`).to.match(says);
    });
  }

  it('shows no value: one in the wrong place may be a secret', () => {
    const error = refusal(withArgs({ providerConfigFile: 'SECRET-1', vxNets: ['', { key: 'SECRET-2' }] }));
    expect(`${error.message} ${error.details}`).not.to.include('SECRET');
  });
});

describe('readHousekeeping()', () => {
  it('needs nothing of the rest, so that DEL can clean up with a broken configuration', () => {
    expect(readHousekeeping(conf({ dataDir: '/data/journal', args: 'broken', provider: 3 })).dataDir).to.equal('/data/journal');
  });
});

describe('readCloudConf()', () => {
  it('reads the cloud although routes are broken, so that DEL can ask it', () => {
    expect(readCloudConf(conf({ ...complete, ipam: { routes: 'broken' } })).subnetIds).to.deep.equal(['vxnet-a', 'vxnet-b']);
  });
});
