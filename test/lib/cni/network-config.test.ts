import { expect } from 'chai';
import * as t from 'io-ts';
import {
  CniError,
  type CniVersion,
  caseless,
  createNetworkConfig,
  listOf,
  type NetworkConfig,
  optional,
  readConventionalArgs,
  readRuntimeConfig,
  TextOrEmptyCodec,
} from '../../../lib/cni/index.js';
import { NonEmptyTextCodec } from '../../../lib/codec.js';

const configOf = (raw: Record<string, unknown>, version: CniVersion = '1.1.0'): NetworkConfig => createNetworkConfig(raw, 'n1', version);

function refusal(act: () => unknown): [number, string] {
  try {
    act();
  } catch (error) {
    if (error instanceof CniError) return [error.cniCode, error.message];
    throw error;
  }
  throw new Error('accepted');
}

describe('NetworkConfig.prevResult', () => {
  const ip = { address: '10.0.0.9/24' };

  it('is in the newest shape, whatever the configuration is in', () => {
    const result = { cniVersion: '1.1.0', interfaces: [], ips: [ip], routes: [] };
    expect(configOf({ prevResult: { cniVersion: '1.0.0', ips: [ip] } }).prevResult).to.deep.equal(result);
    expect(configOf({ PrevResult: { ips: [{ ...ip, version: '4' }] } }, '0.3.1').prevResult).to.deep.equal(result);
    expect(configOf({ prevResult: { cniVersion: '0.1.0', ip4: { ip: ip.address } } }, '0.2.0').prevResult).to.deep.equal(result);
  });

  it('is kept in its own shape as well', () => {
    const config = configOf({ prevResult: { cniVersion: '0.3.1', ips: [{ ...ip, version: '4' }] } }, '0.4.0');
    expect(config.originalPrevResult).to.deep.equal({ cniVersion: '0.3.1', interfaces: [], ips: [{ ...ip, version: '4' }], routes: [] });
    expect(config.originalPrevResult).to.equal(config.originalPrevResult);
  });

  it('is undefined when it is absent or null', () => {
    expect(configOf({}).prevResult).to.equal(undefined);
    expect(configOf({ prevResult: null }).prevResult).to.equal(undefined);
  });

  it('is not decoded before it is asked for, and refused with code 6 then', () => {
    for (const [prevResult, reason] of [
      [{ cniVersion: '0.4.0' }, 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "0.4.0"'],
      [{ cniVersion: 5 }, 'cniVersion must be a text'],
      [{ ips: [{}] }, 'prevResult: ips[0].address must be an address with prefix length, such as 192.0.2.5/24'],
      ['x', 'prevResult: must be an object'],
    ] as const) {
      const config = configOf({ prevResult });
      expect(refusal(() => config.prevResult)).to.deep.equal([6, `could not parse prevResult: ${reason}`]);
    }
  });
});

describe('NetworkConfig', () => {
  it('has a type only when it is a text', () => {
    expect(configOf({ Type: 'hostnic' }).type).to.equal('hostnic');
    expect(configOf({}).type).to.equal('');
    expect(configOf({ type: 5 }).type).to.equal('');
  });

  it('refuses wrong fields with code 7, all of them by path, and no value', () => {
    const codec = caseless<{ readonly args?: { readonly vxNets: readonly string[] }; readonly level: string }>('an object', {
      args: optional(caseless<{ readonly vxNets: readonly string[] }>('an object', { vxNets: listOf(NonEmptyTextCodec) })),
      level: TextOrEmptyCodec,
    });
    expect(configOf({ ARGS: { vxnets: ['a'] } }).decode(codec)).to.deep.equal({ args: { vxNets: ['a'] }, level: '' });
    expect(refusal(() => configOf({ args: { vxNets: ['a', ''] }, level: { secret: 1 } }).decode(codec))).to.deep.equal([
      7,
      'network configuration: args.vxNets[1] must be a text that is not empty; level must be a text',
    ]);
  });

  it('works with plain io-ts codecs', () => {
    expect(configOf({ a: 1 }).decode(t.type({ a: t.number }))).to.deep.equal({ a: 1 });
  });
});

describe('caseless()', () => {
  it('is() agrees with what validate() makes', () => {
    const codec = caseless<{ readonly a: string; readonly b?: readonly string[] }>('an object', {
      a: NonEmptyTextCodec,
      b: optional(listOf(TextOrEmptyCodec)),
    });
    expect(codec.is({ a: 'x' })).to.equal(true);
    expect(codec.is({ a: 'x', b: ['y'] })).to.equal(true);
    expect(codec.is({ a: '' })).to.equal(false);
    expect(codec.is({ a: 'x', b: [1] })).to.equal(false);
    expect(codec.is(null)).to.equal(false);
    expect(codec.is(Object.create({ a: 'x' }))).to.equal(false);
  });
});

describe('readRuntimeConfig()', () => {
  it('takes the keys as containerd writes them and as the conventions have them', () => {
    const containerd = {
      portMappings: [{ HostPort: 8081, ContainerPort: 80, Protocol: 'tcp', HostIP: '' }],
      bandwidth: { IngressRate: 10_000_000, IngressBurst: 4_294_967_295, EgressRate: 0, EgressBurst: 0 },
      dns: { Servers: ['192.0.2.53'], Searches: [], Options: null },
      'io.kubernetes.cri.pod-annotations': { a: 'b' },
    };
    expect(readRuntimeConfig(configOf({ runtimeConfig: containerd }))).to.deep.equal({
      portMappings: [{ hostPort: 8081, containerPort: 80, protocol: 'tcp' }],
      ipRanges: [],
      bandwidth: { ingressRate: 10_000_000, ingressBurst: 4_294_967_295, egressRate: 0, egressBurst: 0 },
      dns: { servers: ['192.0.2.53'] },
    });
    const conventional = {
      portMappings: [{ hostPort: 1, containerPort: 2, protocol: 'udp', hostIP: '192.0.2.1' }],
      ipRanges: [[{ subnet: '10.0.0.0/24', rangeStart: '10.0.0.5', rangeEnd: '10.0.0.9', gateway: '10.0.0.1' }]],
      ips: ['10.0.0.7/24'],
      mac: '02:00:00:00:00:01',
      infinibandGUID: 'g',
      deviceID: 'd',
      aliases: ['web'],
      cgroupPath: '/c',
    };
    expect(readRuntimeConfig(configOf({ runtimeConfig: conventional }))).to.deep.equal(conventional);
  });

  it("takes this network's aliases out of podman's object", () => {
    const aliases = { n1: ['web', 'abc'], n2: ['db'] };
    expect(readRuntimeConfig(configOf({ runtimeConfig: { aliases } })).aliases).to.deep.equal(['web', 'abc']);
    expect(readRuntimeConfig(configOf({ runtimeConfig: { aliases: { n2: ['db'] } } })).aliases).to.equal(undefined);
  });

  it('is empty when there is none', () => {
    expect(readRuntimeConfig(configOf({}))).to.deep.equal({ portMappings: [], ipRanges: [] });
  });

  it('refuses wrong values with code 7 and their path', () => {
    expect(
      refusal(() => readRuntimeConfig(configOf({ runtimeConfig: { portMappings: [{ hostPort: '1', containerPort: 1 }] } }))),
    ).to.deep.equal([7, 'network configuration: runtimeConfig.portMappings[0].hostPort must be a whole number']);
  });
});

describe('readConventionalArgs()', () => {
  it('reads the well-known hints and passes over the rest', () => {
    const args = { cni: { ips: ['10.0.0.7'], labels: [{ key: 'app', value: 'web' }], other: 1 }, 'org.example': {} };
    expect(readConventionalArgs(configOf({ args }))).to.deep.equal({ ips: ['10.0.0.7'], labels: [{ key: 'app', value: 'web' }] });
    expect(readConventionalArgs(configOf({ args: { vxNets: [] } }))).to.deep.equal({ labels: [] });
    expect(readConventionalArgs(configOf({}))).to.deep.equal({ labels: [] });
  });
});
