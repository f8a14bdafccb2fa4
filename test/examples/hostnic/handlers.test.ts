import { expect } from 'chai';
import { createHostnicPlugin } from '../../../examples/hostnic/handlers.js';
import type { Housekeeping } from '../../../examples/hostnic/netconf.js';
import type { PluginHost } from '../../../examples/hostnic/plugin-host.js';
import type { Attachment, AttachmentEngine, CollectAccountReport, CollectReport, StatusReport } from '../../../lib/attachment/index.js';
import { unlimitedCalls } from '../../../lib/call-budget/index.js';
import { dispatch, type PluginAnswer } from '../../../lib/cni/index.js';
import { NicError } from '../../../lib/errors.js';
import { silentLogger } from '../../../lib/log.js';
import type { NicProvider } from '../../../lib/provider.js';
import { ManualClock } from '../../support/manual-clock.js';

const attached: Attachment = {
  key: { network: 'net', containerId: 'c1', ifname: 'eth0' },
  nicId: '52:54:00:00:00:01',
  subnetId: 'vxnet-a',
  mac: '52:54:00:00:00:01',
  mtu: 1500,
  addresses: [{ address: '192.168.100.20/24', gateway: '192.168.100.1' }],
  routes: [{ dst: '0.0.0.0/0', gateway: '192.168.100.1' }],
};

const conf = {
  cniVersion: '1.1.0',
  name: 'net',
  type: 'hostnic',
  provider: 'fake',
  args: { providerConfigFile: '/c.yaml', vxNets: ['vxnet-a'] },
  deadlineSeconds: 20,
};

const prevResult = {
  cniVersion: '1.1.0',
  interfaces: [{ name: 'eth0', mac: '52:54:00:00:00:01', sandbox: '/run/netns/c1' }],
  ips: [{ interface: 0, address: '192.168.100.20/24' }],
};

/** What the engine was asked, and what it shall answer. */
interface Script {
  readonly calls: { readonly method: string; readonly request: unknown; readonly deadline: number }[];
  readonly opened: unknown[];
  readonly limited: unknown[];
  closed: number;
  keeping?: Housekeeping;
  fails?: Error;
  usesProvider?: boolean;
  report?: CollectReport;
  status?: StatusReport;
  account?: CollectAccountReport;
}

const createScript = (): Script => ({ calls: [], opened: [], limited: [], closed: 0 });

function createHost(script: Script): PluginHost {
  return {
    providers: {
      async fake(options) {
        script.opened.push(options.configFile);
        options.createLimiter('one');
        return { close: async () => void script.closed++ } as unknown as NicProvider;
      },
    },
    clock: new ManualClock(1_000_000),
    startedAt: 1_000_000,
    createLog: async () => silentLogger,
    createLimiter: (_keeping, account, mostCalls) => {
      script.limited.push([account, mostCalls]);
      return unlimitedCalls;
    },
    async createEngine({ provider, keeping }) {
      script.keeping = keeping;
      const run =
        <T>(method: string, answer: () => T) =>
        async (request: unknown, options: { readonly deadline: number }): Promise<T> => {
          script.calls.push({ method, request, deadline: options.deadline });
          if (script.usesProvider === true) await provider();
          if (script.fails !== undefined) throw script.fails;
          return answer();
        };
      const engine: AttachmentEngine = {
        attach: run('attach', () => attached),
        detach: run('detach', () => undefined),
        check: run('check', () => undefined),
        collect: run('collect', () => script.report ?? { removed: [], records: [], failed: [], busy: [] }),
        collectAccount: run('collectAccount', () => script.account ?? { found: [], removed: [], failed: [] }),
        status: run('status', () => script.status ?? { ready: true, connected: true, reasons: [] }),
      };
      return engine;
    },
  };
}

function call(script: Script, command: string, stdin: unknown, env: Record<string, string> = {}): Promise<PluginAnswer> {
  const names = { CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_NETNS: '/run/netns/c1', CNI_PATH: '/opt/cni/bin' };
  return dispatch(createHostnicPlugin(createHost(script)), {
    env: { CNI_COMMAND: command, ...names, ...env },
    readStdin: async () => Buffer.from(JSON.stringify(stdin)),
    isOwnNamespace: () => false,
  });
}

const errorOf = (answer: PluginAnswer): { readonly code: number; readonly msg: string; readonly details?: string } => {
  expect(answer.exitCode).to.equal(1);
  return JSON.parse(answer.stdout);
};

describe('createHostnicPlugin()', () => {
  let script: Script;
  beforeEach(() => {
    script = createScript();
  });

  it('gives each command its own share of API calls, STATUS the least', async () => {
    script.usesProvider = true;
    const prevResult = { cniVersion: '1.1.0', interfaces: [{ name: 'eth0', mac: attached.mac, sandbox: '/run/netns/c1' }], ips: [] };
    for (const command of ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS']) {
      await call(script, command, { ...conf, prevResult, 'cni.dev/valid-attachments': [] });
    }
    expect(script.limited).to.deep.equal([
      ['one', 100],
      ['one', 20],
      ['one', 100],
      ['one', 300],
      ['one', 10],
    ]);
  });

  it('maps ADD to attach() and the attachment to a result', async () => {
    const routes = [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }];
    const stdin = { ...conf, ipam: { routes }, mtu: 1400, runtimeConfig: { ips: ['192.168.100.20'] } };
    const answer = await call(script, 'ADD', stdin);
    expect(answer.exitCode).to.equal(0);
    expect(JSON.parse(answer.stdout)).to.deep.equal({
      cniVersion: '1.1.0',
      interfaces: [{ name: 'eth0', mac: '52:54:00:00:00:01', mtu: 1500, sandbox: '/run/netns/c1' }],
      ips: [{ interface: 0, address: '192.168.100.20/24', gateway: '192.168.100.1' }],
      routes: [{ dst: '0.0.0.0/0', gw: '192.168.100.1' }],
    });
    expect(script.calls).to.deep.equal([
      {
        method: 'attach',
        deadline: 1_020_000,
        request: {
          key: { network: 'net', containerId: 'c1', ifname: 'eth0' },
          namespace: { kind: 'path', path: '/run/netns/c1' },
          subnetIds: ['vxnet-a'],
          routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }],
          defaultRoute: true,
          address: '192.168.100.20',
          mtu: 1400,
        },
      },
    ]);
  });

  it('refuses an ADD with an unknown provider before it asks the engine', async () => {
    const { code, msg } = errorOf(await call(script, 'ADD', { ...conf, provider: 'cloudy' }));
    expect(code).to.equal(7);
    expect(msg).to.equal('provider "cloudy" is not known; known: fake');
    expect(script.calls).to.deep.equal([]);
  });

  it('does not take the name of an inherited property for a provider', async () => {
    expect(errorOf(await call(script, 'ADD', { ...conf, provider: 'constructor' })).code).to.equal(7);
  });

  for (const key of ['dataDir', 'hostDir'] as const) {
    it(`lets a container go with the default ${key} when it is no path, and answers a DEL with 11: what is recorded elsewhere waits`, async () => {
      const { code, msg } = errorOf(await call(script, 'DEL', { ...conf, dataDir: '/data', hostDir: '/host', [key]: 3 }));
      expect(code).to.equal(11);
      expect(msg).to.include(`${key} must be an absolute path`);
      expect(script.calls.map(({ method }) => method)).to.deep.equal(['detach']);
      const folders = { dataDir: '/data', hostDir: '/host' };
      const fallback = { dataDir: '/var/lib/cni/hostnic', hostDir: '/var/lib/hostnic' };
      expect(script.keeping).to.include({ ...folders, [key]: fallback[key] });
    });
  }

  it('does not hold a DEL up for a wrong setting that has nothing to do with it', async () => {
    const answer = await call(script, 'DEL', { ...conf, dataDir: '/data', logLevel: 'loud', deadlineSeconds: 'x' });
    expect(answer).to.include({ exitCode: 0, stdout: '' });
    expect(script.keeping).to.include({ dataDir: '/data', logLevel: 'info', deadlineMs: 55_000 });
    expect(script.calls[0]?.deadline).to.equal(1_055_000);
  });

  for (const command of ['ADD', 'CHECK', 'GC', 'STATUS']) {
    it(`refuses a ${command} with a dataDir that is no path`, async () => {
      const stdin = { ...conf, dataDir: 3, prevResult, 'cni.dev/valid-attachments': [] };
      expect(errorOf(await call(script, command, stdin)).code).to.equal(7);
      expect(script.calls).to.deep.equal([]);
    });
  }

  it('refuses an ADD whose prevResult is broken before it asks the engine', async () => {
    expect(errorOf(await call(script, 'ADD', { ...conf, prevResult: 3 })).code).to.equal(6);
    expect(script.calls).to.deep.equal([]);
  });

  it('closes the provider after success and after failure', async () => {
    script.usesProvider = true;
    await call(script, 'ADD', conf);
    script.fails = new NicError('ERR_TRANSPORT', 'down');
    expect(errorOf(await call(script, 'ADD', conf)).code).to.equal(11);
    expect([script.opened, script.closed]).to.deep.equal([['/c.yaml', '/c.yaml'], 2]);
  });

  it('maps DEL to detach() with all that is known', async () => {
    expect(await call(script, 'DEL', { ...conf, prevResult })).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' });
    expect(script.calls[0]?.request).to.deep.equal({
      key: { network: 'net', containerId: 'c1', ifname: 'eth0' },
      namespace: { kind: 'path', path: '/run/netns/c1' },
      known: { mac: '52:54:00:00:00:01', addresses: ['192.168.100.20/24'], routes: [] },
      subnetIds: ['vxnet-a'],
    });
  });

  it('lets DEL clean up with nothing but a name: no namespace, no usable cloud, a broken prevResult', async () => {
    const answer = await call(script, 'DEL', { cniVersion: '1.1.0', name: 'net', prevResult: 3, ipam: 'broken' }, { CNI_NETNS: '' });
    expect(answer.exitCode).to.equal(0);
    expect(script.calls[0]?.request).to.deep.equal({ key: { network: 'net', containerId: 'c1', ifname: 'eth0' } });
  });

  it('tells the engine of an unknown provider only when DEL asks for it', async () => {
    script.usesProvider = true;
    const { code, msg } = errorOf(await call(script, 'DEL', { ...conf, provider: 'cloudy' }));
    expect([code, script.calls.length]).to.deep.equal([7, 1]);
    expect(msg).to.include('"cloudy"');
  });

  it('maps CHECK to check() with what prevResult says', async () => {
    expect((await call(script, 'CHECK', { ...conf, prevResult })).exitCode).to.equal(0);
    expect(script.calls[0]?.request).to.deep.equal({
      key: { network: 'net', containerId: 'c1', ifname: 'eth0' },
      namespace: { kind: 'path', path: '/run/netns/c1' },
      known: { mac: '52:54:00:00:00:01', addresses: ['192.168.100.20/24'], routes: [] },
    });
    expect(errorOf(await call(script, 'CHECK', conf)).code).to.equal(7);
  });

  it('maps GC to collect() with the list of either spelling, and an empty list to none', async () => {
    const list = [{ containerID: 'c1', ifname: 'eth0' }];
    await call(script, 'GC', { ...conf, 'cni.dev/valid-attachments': list });
    await call(script, 'GC', { ...conf, 'cni.dev/attachments': [] });
    expect(script.calls.map(({ request }) => request)).to.deep.equal([
      { network: 'net', valid: [{ containerId: 'c1', ifname: 'eth0' }], subnetIds: ['vxnet-a'] },
      { network: 'net', valid: [], subnetIds: ['vxnet-a'] },
    ]);
  });

  it('refuses a GC without a list and deletes nothing', async () => {
    const { code, msg } = errorOf(await call(script, 'GC', conf));
    expect([code, script.calls.length]).to.deep.equal([7, 0]);
    expect(msg).to.include('cni.dev/valid-attachments');
  });

  it('reports what GC could not remove', async () => {
    script.report = {
      removed: [{ nicId: 'n1', key: attached.key, gatewayOf: undefined, reason: 'unlisted' }],
      records: [],
      busy: [],
      failed: [
        { nicId: 'n2', key: undefined, reason: 'busy' },
        { nicId: undefined, key: attached.key, reason: 'unreadable' },
      ],
    };
    const { code, msg, details } = errorOf(await call(script, 'GC', { ...conf, 'cni.dev/attachments': [] }));
    expect([code, details]).to.deep.equal([11, 'n2: busy; c1: unreadable']);
    expect(msg).to.match(/^2 of what GC found/);
  });

  for (const [connected, code] of [
    [true, 50],
    [false, 51],
  ] as const) {
    it(`answers STATUS with ${code} when the cloud ${connected ? 'serves what is there' : 'may not'}`, async () => {
      script.status = { ready: false, connected, reasons: ['the instance is full', 'second'] };
      const error = errorOf(await call(script, 'STATUS', conf));
      expect([error.code, error.msg]).to.deep.equal([code, 'hostnic cannot serve ADD: the instance is full; second']);
    });
  }

  it('answers STATUS silently when all is well', async () => {
    expect(await call(script, 'STATUS', conf)).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' });
    expect(script.calls[0]?.request).to.deep.equal({ subnetIds: ['vxnet-a'] });
  });
});
