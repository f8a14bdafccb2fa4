import { execFile } from 'node:child_process';
import { basename, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { allVersions, type Result } from '../../lib/cni/index.js';
import {
  type CniRuntime,
  createRuntime,
  loadNetwork,
  type NetworkAttachment,
  type NetworkList,
  type PluginCall,
} from '../../lib/runtime/index.js';
import { describePlugin } from '../../lib/testing/index.js';
import { runCommand } from '../support/machine.js';
import { loopbackChecks, makePluginBed, showLink } from '../support/plugin-beds.js';
import { type PluginMachine, startPluginMachine, stockPlugins } from '../support/plugin-machine.js';
import { rejection } from '../support/rejection.js';
import { requireStockPlugins } from '../support/stock-plugins.js';

/** Those that the stock plugins of Debian support. */
const stockVersions = allVersions.filter((version) => version !== '1.1.0');
const root = resolve(import.meta.dirname, '../..');

describe('the contract of plugins, kept by the stock ones', function () {
  this.timeout(120_000);
  let host: PluginMachine;

  before(async function () {
    requireStockPlugins(this);
    host = await startPluginMachine();
  });

  after(() => host?.close());

  describePlugin({
    name: 'the stock loopback',
    describe,
    it,
    command: () => host.install('loopback'),
    versions: stockVersions,
    ifname: 'lo',
    damage: async (netns, ifname) => void (await host.sh(`ip -n ${basename(netns)} link set ${ifname} down`)),
    setup: async () =>
      makePluginBed(
        host,
        {},
        loopbackChecks(() => host),
      ),
  });

  describePlugin({
    name: 'the stock bridge with host-local',
    describe,
    it,
    async command() {
      // A bridge of a set address: one that follows its ports changes it, and the stock CHECK of the others then fails.
      await host.sh('ip link add br-suite address 02:00:00:00:00:01 type bridge');
      await host.install('host-local');
      return host.install('bridge');
    },
    versions: stockVersions,
    damage: async (netns, ifname) => void (await host.sh(`ip -n ${basename(netns)} link del ${ifname}`)),
    async setup() {
      const dataDir = `${host.folder.path}/ipam`;
      const ipam = { type: 'host-local', ranges: [[{ subnet: '10.77.0.0/24' }]], dataDir };
      return makePluginBed(
        host,
        { bridge: 'br-suite', ipam },
        {
          async verifyAdded(netns, ifname) {
            const state = await showLink(host, netns, ifname);
            if (!state.includes('10.77.0.')) throw new Error(`${ifname} has no address: ${state}`);
          },
          async verifyRemoved(netns, ifname) {
            const state = await showLink(host, netns, ifname);
            if (state !== '') throw new Error(`${ifname} is still there: ${state}`);
            const reserved = await host.sh(`ls ${dataDir}/suite | grep '^10' || true`);
            if (reserved !== '') throw new Error(`addresses are still reserved: ${reserved}`);
          },
          teardown: async () => void (await host.sh(`rm -rf ${dataDir}`)),
        },
      );
    },
  });
});

describe('chains of stock plugins, run by this package', function () {
  this.timeout(120_000);
  let host: PluginMachine;
  let runtime: CniRuntime;
  let calls: PluginCall[] = [];

  const plugins = ['bridge', 'host-local', 'portmap', 'loopback', 'tuning', 'firewall', 'bandwidth'];

  /** The stock bandwidth is left to those that give it values: its CHECK crashes without. */
  const chain = (cniVersion: string, more: readonly object[] = []): object => ({
    cniVersion,
    name: 'demo',
    plugins: [
      {
        type: 'bridge',
        bridge: 'demo0',
        isGateway: true,
        ipMasq: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: '10.77.0.0/24' }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: `${host.folder.path}/ipam`,
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      { type: 'firewall' },
      { type: 'tuning', sysctl: { 'net.ipv4.conf.all.accept_redirects': '0' }, dataDir: `${host.folder.path}/tuning` },
      ...more,
    ],
  });

  const networkFrom = async (content: object, name = 'demo'): Promise<NetworkList> => {
    await host.folder.file('10.conflist', JSON.stringify(content));
    return loadNetwork(host.folder.path, name);
  };

  /** All that plugins leave behind on the machine, to be compared. */
  const machineState = (): Promise<string> =>
    host.sh(
      `ip -o link | grep -v demo0 | cut -d' ' -f2; iptables-save -t nat | grep -c 10.77 || true; ls ${host.folder.path}/ipam/demo | grep ^10 || true`,
    );

  before(async function () {
    requireStockPlugins(this, ['iptables', 'busybox', 'ping']);
    host = await startPluginMachine();
    for (const plugin of plugins) await host.install(plugin);
    // The stock portmap's CHECK wants the rules of IPv4 in the tables of IPv6 too, as long as it finds a tool for those; firewall needs one.
    await host.sh(`mkdir ${host.folder.path}/tools && ln -s $(command -v iptables) ${host.folder.path}/tools/iptables`);
    await host.install('portmap', `/usr/bin/env PATH=${host.folder.path}/tools ${stockPlugins}/portmap`);
    await host.sh('sysctl -qw net.ipv4.ip_forward=1');
    runtime = createRuntime({
      pluginDirs: [host.plugins],
      cacheDir: `${host.folder.path}/cache`,
      onCall: (call) => calls.push(call),
    });
  });

  after(() => host?.close());

  beforeEach(() => {
    calls = [];
  });

  for (const version of ['0.4.0', '1.0.0'] as const) {
    it(`ADD, CHECK and DEL work in version ${version}, and traffic flows`, async () => {
      const list = await networkFrom(chain(version, [{ type: 'bandwidth', capabilities: { bandwidth: true } }]));
      expect(await runtime.validate(list)).to.deep.equal(['bandwidth', 'portMappings']);
      const netns = await host.addNamespace();
      const pod = basename(netns);
      await host.sh(`mkdir -p ${host.folder.path}/ipam/demo`);
      const attachment: NetworkAttachment = {
        containerId: `c-${pod}`,
        netns,
        ifname: 'eth0',
        args: [['IgnoreUnknown', '1']],
        capabilityArgs: {
          portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
          bandwidth: { ingressRate: 80_000_000, ingressBurst: 8_000_000, egressRate: 80_000_000, egressBurst: 8_000_000 },
        },
      };
      const before = await machineState();
      const result = (await runtime.add(list, attachment, { timeoutMs: 60_000 })) as Result;
      expect(result.cniVersion).to.equal(version);
      const address = result.ips[0]?.address.split('/')[0] ?? '';

      await host.sh(`ping -c1 -W5 ${address}`);
      await host.sh(`ip netns exec ${pod} ping -c1 -W5 10.77.0.1`);
      const server = await host.machine.start('ip', ['netns', 'exec', pod, 'busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'hi']);
      try {
        // Through the published port, with several tries, since nothing tells when nc listens.
        const asked = await host.sh('for i in $(seq 50); do busybox nc -w 2 10.77.0.1 8080 </dev/null && exit; sleep 0.1; done; exit 1');
        expect(asked).to.equal('hi\n');
      } finally {
        await server.stop();
      }
      expect(await host.sh(`ip netns exec ${pod} sysctl -n net.ipv4.conf.all.accept_redirects`)).to.equal('0\n');
      expect(await host.sh('tc qdisc show')).to.include('tbf');

      await runtime.check(list, attachment, { timeoutMs: 60_000 });
      expect(await runtime.cachedResult(list, attachment)).to.deep.equal(result);
      await runtime.del(list, attachment, { timeoutMs: 60_000 });
      await runtime.del(list, attachment, { timeoutMs: 60_000 });
      expect(await machineState()).to.equal(before);
      expect(await runtime.attachments()).to.deep.equal([]);
      expect(calls.every(({ exitCode }) => exitCode === 0)).to.equal(true);
    });
  }

  it('a failing plugin in the middle is taken back, and says why', async () => {
    const broken = chain('1.0.0') as { plugins: object[] };
    broken.plugins.splice(2, 2, { type: 'tuning', sysctl: { 'net.core.there_is_no_such': '1' } });
    const list = await networkFrom(broken);
    const netns = await host.addNamespace();
    const attachment = { containerId: 'broken', netns, ifname: 'eth0' };
    await host.sh(`mkdir -p ${host.folder.path}/ipam/demo`);
    const before = await machineState();
    const error = await rejection(runtime.addOrRollBack(list, attachment, { timeoutMs: 60_000 }), 'ERR_PLUGIN');
    expect(error).to.include({ plugin: 'tuning', command: 'ADD', exitCode: 1 });
    expect(error.message).to.match(/^plugin type="tuning" failed \(add\): .*there_is_no_such/);
    expect(await machineState()).to.equal(before);
    expect(calls.map(({ command, plugin }) => `${command} ${plugin}`)).to.deep.equal([
      ...['ADD bridge', 'ADD portmap', 'ADD tuning'],
      ...['DEL tuning', 'DEL portmap', 'DEL bridge'],
    ]);
  });

  it('GC deletes an attachment whose DEL never came', async () => {
    const list = await networkFrom(chain('1.0.0'));
    const gone = { containerId: 'gone', netns: await host.addNamespace(), ifname: 'eth0' };
    const kept = { containerId: 'kept', netns: await host.addNamespace(), ifname: 'eth0' };
    await runtime.add(list, gone);
    await runtime.add(list, kept);
    await host.sh(`ip netns del ${basename(gone.netns)}`);
    await runtime.gc(list, { validAttachments: [kept] });
    expect((await runtime.attachments()).map(({ containerId }) => containerId)).to.deep.equal(['kept']);
    expect(await host.sh(`grep -l gone ${host.folder.path}/ipam/demo/10* || true`)).to.equal('');
    await runtime.check(list, kept);
    await runtime.del(list, kept);
  });

  it('the highest version that all of a chain support is found', async () => {
    expect(await runtime.commonVersion(await networkFrom(chain('0.3.1')))).to.equal('1.0.0');
  });

  it('loopback works in a single configuration', async () => {
    await host.folder.file('99-lo.conf', '{"cniVersion":"0.3.1","name":"lo","type":"loopback"}');
    const list = await loadNetwork(host.folder.path, 'lo');
    const netns = await host.addNamespace();
    const attachment = { containerId: 'c1', netns, ifname: 'lo' };
    await runtime.add(list, attachment);
    expect(await host.sh(`ip -n ${basename(netns)} link show lo`)).to.include('UP');
    await runtime.del(list, attachment);
  });

  it('the command cni and the script examples/run-plugins.ts do the same as processes', async () => {
    await networkFrom(chain('1.0.0'));
    const netns = await host.addNamespace();
    const env = { ...process.env, CNI_PATH: host.plugins, NETCONFPATH: host.folder.path, CACHE_DIR: `${host.folder.path}/cache` };
    const cni = (...args: readonly string[]) =>
      runCommand(process.execPath, ['--import', 'tsx', 'examples/cni/main.ts', ...args, '--cache-dir', env.CACHE_DIR], { env, cwd: root });
    const added = await cni('add', 'demo', netns, '--json', '--cap-args', '{"portMappings":[]}');
    expect(added.code, added.stdout + added.stderr).to.equal(0);
    expect((JSON.parse(added.stdout) as Result).ips).to.have.length(1);
    for (const [command, ...more] of [['check', netns], ['status'], ['validate'], ['del', netns]] as const) {
      const end = await cni(command, 'demo', ...more);
      expect(end.code, `${command}: ${end.stderr}`).to.equal(0);
    }
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'examples/run-plugins.ts', host.folder.path, 'demo', netns],
      { env, cwd: root },
    );
    expect((JSON.parse(stdout) as Result).interfaces.map(({ name }) => name)).to.include('eth0');
    expect(
      stderr
        .split('\n')
        .filter((line) => line.includes(': ok after'))
        .map((line) => line.split(' ')[0]),
    ).to.deep.equal([...Array(4).fill('ADD'), ...Array(4).fill('CHECK'), ...Array(4).fill('DEL')]);
    expect(await runtime.attachments()).to.deep.equal([]);
  });
});
