import { expect } from 'chai';
import { readWishes } from '../../../examples/hostnic/wishes.js';
import { CniError, createNetworkConfig, type PluginRequest } from '../../../lib/cni/index.js';

function request(raw: Record<string, unknown>, args = ''): PluginRequest {
  return {
    command: 'ADD',
    containerId: 'c1',
    netns: '/run/netns/c1',
    ifname: 'eth0',
    args,
    path: '/opt/cni/bin',
    netnsOverride: false,
    config: createNetworkConfig(raw, 'hostnic', '1.1.0'),
    stdin: '',
    signal: new AbortController().signal,
  };
}

describe('readWishes()', () => {
  it('wishes nothing when nothing is wished', () => {
    expect(readWishes(request({}))).to.deep.equal({ address: undefined, dns: undefined, pod: undefined });
  });

  it('prefers the capability ips to args.cni.ips, and that to CNI_ARGS', () => {
    const args = 'IP=192.168.100.7';
    const inArgs = { args: { cni: { ips: ['192.168.100.6/24'] } } };
    const all = { ...inArgs, runtimeConfig: { ips: ['192.168.100.5/24'] } };
    expect(readWishes(request(all, args)).address).to.equal('192.168.100.5');
    expect(readWishes(request(inArgs, args)).address).to.equal('192.168.100.6');
    expect(readWishes(request({}, args)).address).to.equal('192.168.100.7');
  });

  it('reads what containerd sends: pod names in any order, keys with capitals', () => {
    const args = 'K8S_POD_UID=u;K8S_POD_NAME=web;IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_INFRA_CONTAINER_ID=c;FOO=bar';
    const runtimeConfig = { dns: { Servers: ['192.0.2.53'], Searches: ['shop.svc'], Options: ['ndots:5'] } };
    expect(readWishes(request({ runtimeConfig }, args))).to.deep.equal({
      address: undefined,
      dns: { nameservers: ['192.0.2.53'], search: ['shop.svc'], options: ['ndots:5'] },
      pod: 'shop/web',
    });
  });

  it('takes unknown arguments although the runtime does not say that they do not matter', () => {
    expect(readWishes(request({}, 'FOO=bar')).address).to.equal(undefined);
  });

  for (const [name, raw, args, code, says] of [
    ['a wished MAC as capability', { runtimeConfig: { mac: '02:00:00:00:00:01' } }, '', 2, /runtimeConfig\.mac = 02:00:00:00:00:01/],
    ['a wished MAC in CNI_ARGS', {}, 'MAC=02:00:00:00:00:01', 2, /MAC in CNI_ARGS = 02:00:00:00:00:01/],
    ['two wished addresses', { runtimeConfig: { ips: ['192.168.100.5', '192.168.100.6'] } }, '', 2, /runtimeConfig\.ips/],
    ['a wished address that is none', { runtimeConfig: { ips: ['here'] } }, '', 7, /runtimeConfig\.ips\[0\] must be an IPv4 address/],
    ['a wished address of IPv6', { args: { cni: { ips: ['fd00::5'] } } }, '', 7, /args\.cni\.ips\[0\] must be an IPv4 address/],
    ['an IP argument of IPv6', {}, 'IP=fd00::5', 7, /IP in CNI_ARGS must be an IPv4 address/],
    ['an IP argument that is none', {}, 'IP=here', 4, /ARGS: error parsing value of pair "IP=here"/],
    ['arguments that are no pairs', {}, 'IP', 4, /ARGS: invalid pair "IP"/],
  ] as const) {
    it(`refuses ${name} with code ${code}`, () => {
      expect(() => readWishes(request(raw, args)))
        .to.throw(CniError, says)
        .with.property('cniCode', code);
    });
  }
});
