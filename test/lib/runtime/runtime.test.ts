import { expect } from 'chai';
import { getKey, isCniError, type PluginExec, toCniError } from '../../../lib/cni/index.js';
import { NicError } from '../../../lib/errors.js';
import { type PluginCall, PluginCallError, PluginChainError, PluginStoppedError } from '../../../lib/runtime/index.js';
import { ManualClock } from '../../support/manual-clock.js';
import { rejection } from '../../support/rejection.js';
import { attachment, makeRuntimeBed, networkOf, silentEnd } from '../../support/runtime-bed.js';

const two = networkOf([{ type: 'pa' }, { type: 'pb' }]);
const cacheFile = '/cache/results/n1-ctr1-eth0';

/** The commands that reached plugins, as `ADD pa`. */
function calls(invocations: readonly { readonly plugin: string; readonly env: Readonly<Record<string, string>> }[]): string[] {
  return invocations.map(({ plugin, env }) => `${env['CNI_COMMAND']} ${plugin}`);
}

function stdinOf(invocation: { readonly stdin: unknown } | undefined): Readonly<Record<string, unknown>> {
  return invocation?.stdin as Readonly<Record<string, unknown>>;
}

/** Plugins of which every one answers the same. */
function answering(stdout: string, exitCode = 0): PluginExec {
  return {
    find: async (type) => `/bin/cni/${type}`,
    run: async () => ({ ...silentEnd, exitCode, ending: `exit status ${exitCode}`, stdout, stderr: 'its log' }),
  };
}

/** Plugins that are counted as soon as they would be started. */
class CountingExec implements PluginExec {
  runs = 0;

  async find(type: string): Promise<string> {
    return `/bin/cni/${type}`;
  }

  async run(): Promise<typeof silentEnd> {
    this.runs++;
    return silentEnd;
  }
}

/** Plugins that go on until they are stopped, or for ever when nobody can. */
const endless: PluginExec = {
  find: async (type) => `/bin/cni/${type}`,
  run: ({ signal }) =>
    new Promise((_resolve, reject) => {
      const stop = (): void =>
        reject(
          new PluginStoppedError(
            { exitCode: undefined, signal: 'SIGKILL', ending: 'signal: killed', stdout: '', stderr: 'so far' },
            signal,
          ),
        );
      if (signal?.aborted === true) stop();
      else signal?.addEventListener('abort', stop);
    }),
};

describe('CniRuntime.add()', () => {
  it('says all about a plugin that failed', async () => {
    const clock = new ManualClock();
    const exec = answering('{"code":150,"msg":"typed msg","details":"typed details"}', 1);
    const { runtime } = makeRuntimeBed({ exec, clock });
    const error = await rejection(runtime.add(two, attachment), 'ERR_PLUGIN');
    expect(error).to.be.instanceOf(PluginCallError);
    expect(error.message).to.equal('plugin type="pa" failed (add): typed msg; typed details');
    expect(error).to.include({
      plugin: 'pa',
      file: '/bin/cni/pa',
      command: 'ADD',
      network: 'n1',
      containerId: 'ctr1',
      ifname: 'eth0',
      startedAt: clock.now(),
      durationMs: 0,
      exitCode: 1,
      signal: undefined,
      stderr: 'its log',
      stdout: '{"code":150,"msg":"typed msg","details":"typed details"}',
      cniCode: 150,
    });
    expect(isCniError(error.cause)).to.equal(true);
    expect(toCniError(error)).to.include({ cniCode: 150, message: 'typed msg' });
  });

  it('keeps what a plugin said when its answer is none', async () => {
    const { runtime } = makeRuntimeBed({ exec: answering('debug: starting\n{}') });
    const error = await rejection(runtime.add(two, attachment), 'ERR_PLUGIN');
    expect(error).to.include({ exitCode: 0, stdout: 'debug: starting\n{}', stderr: 'its log', cniCode: undefined });
  });

  it('names a plugin by its own name too', async () => {
    const { runtime } = makeRuntimeBed();
    const error = await rejection(runtime.add(networkOf([{ type: 'nope', name: 'mine' }]), attachment));
    expect(error.message).to.match(/^plugin type="nope" name="mine" failed \(add\): failed to find plugin "nope"/);
    expect(error).to.include({ file: undefined, exitCode: undefined });
  });

  it('tells of every call, also of one that did not come about, and minds no hook that throws', async () => {
    const told: [string, string | undefined][] = [];
    const onCall = (call: PluginCall, error: PluginCallError | undefined): void => {
      told.push([`${call.command} ${call.plugin} ${call.exitCode}`, error?.message]);
      throw new Error('hook');
    };
    const { runtime } = makeRuntimeBed({ onCall });
    const broken = networkOf([{ type: 'pa' }, { type: 'nope' }]);
    const { message } = await rejection(runtime.add(broken, attachment), 'ERR_PLUGIN');
    expect(told).to.deep.equal([
      ['ADD pa 0', undefined],
      ['ADD nope undefined', message],
    ]);
  });

  it('leaves capabilities out of requests, and passes them on where that is wanted', async () => {
    const list = networkOf([{ type: 'pa', capabilities: { mac: true }, CAPABILITIES: { x: true }, other: 1 }]);
    const spec = makeRuntimeBed();
    await spec.runtime.add(list, attachment);
    expect(spec.exec.invocations[0]?.stdin).to.deep.equal({ type: 'pa', other: 1, name: 'n1', cniVersion: '1.1.0' });
    const parity = makeRuntimeBed({ keepCapabilities: true });
    await parity.runtime.add(list, attachment);
    expect(parity.exec.invocations[0]?.stdin).to.include.keys('capabilities', 'CAPABILITIES');
  });

  it('gives each plugin the values for the capabilities that it has on', async () => {
    const list = networkOf([
      { type: 'pa', capabilities: { mac: true, ips: false, dns: true } },
      { type: 'pb', capabilities: { ips: true } },
      { type: 'pc', runtimeConfig: { kept: 1 } },
    ]);
    const { runtime, exec, files } = makeRuntimeBed();
    const capabilityArgs = { mac: 'c2:11:22:33:44:55', ips: ['10.0.0.1'], other: 1 };
    await runtime.add(list, { ...attachment, capabilityArgs });
    expect(exec.invocations.map((one) => stdinOf(one)['runtimeConfig'])).to.deep.equal([
      { mac: 'c2:11:22:33:44:55' },
      { ips: ['10.0.0.1'] },
      { kept: 1 },
    ]);
    expect(JSON.parse(files.text(cacheFile) ?? '')).to.deep.include({ capabilityArgs });
    await runtime.del(list, { ...attachment, capabilityArgs });
    expect(stdinOf(exec.invocations.at(-1))['runtimeConfig']).to.deep.equal({ mac: 'c2:11:22:33:44:55' });
  });

  it('puts its own values over those of the configuration, whatever their spelling', async () => {
    const list = networkOf([{ Name: 'mine', name: 'mine', CNIVERSION: '0.1.0', cniVersion: '0.1.0', type: 'pa' }]);
    const { runtime, exec } = makeRuntimeBed();
    await runtime.add(list, attachment);
    const stdin = stdinOf(exec.invocations[0]);
    expect([getKey(stdin, 'name'), getKey(stdin, 'cniVersion')]).to.deep.equal(['n1', '1.1.0']);
  });

  it('puts the variables of the protocol over inherited ones, and hands on the rest', async () => {
    const env = { CNI_ARGS: 'OLD=1', CNI_COMMAND: 'DEL', CNI_NETNS_OVERRIDE: 'true', PATH: '/bin', TRACEPARENT: 'old' };
    const seen: Readonly<Record<string, string | undefined>>[] = [];
    const exec: PluginExec = {
      find: async () => '/bin/cni/pa',
      async run(request) {
        seen.push(request.env);
        return { ...silentEnd, stdout: '{}' };
      },
    };
    const { runtime } = makeRuntimeBed({ env, exec, pluginDirs: ['/a', '/b'] });
    const args = [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAME', 'web'],
    ] as const;
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b', baggage: '' };
    await runtime.add(networkOf([{ type: 'pa' }]), { ...attachment, args }, { trace });
    expect(seen).to.deep.equal([
      {
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: 'ctr1',
        CNI_NETNS: '/run/netns/c7',
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/a:/b',
        CNI_NETNS_OVERRIDE: 'true',
        PATH: '/bin',
        TRACEPARENT: trace.traceparent,
        TRACESTATE: 'a=b',
      },
    ]);
  });

  it('refuses args that would become others', async () => {
    const { runtime, exec } = makeRuntimeBed();
    const error = await rejection(runtime.add(two, { ...attachment, args: [['K8S_POD_NAME', 'x;IP=10.0.0.1']] }), 'ERR_CONFIG');
    expect(error.message).not.to.include('10.0.0.1');
    expect(exec.invocations).to.deep.equal([]);
  });

  it('hands results on in the version of the network', async () => {
    const { runtime, exec } = makeRuntimeBed();
    exec.behaviour = { pa: { raw: '{"cniVersion":"0.2.0","ip4":{"ip":"192.0.2.3/24"}}' } };
    const result = await runtime.add(two, attachment);
    expect(stdinOf(exec.invocations[1])['prevResult']).to.deep.equal({ cniVersion: '1.1.0', ips: [{ address: '192.0.2.3/24' }] });
    expect(result.cniVersion).to.equal('1.1.0');
  });

  it('fails with the plugin whose result has no form in the version of the network', async () => {
    const { runtime, exec } = makeRuntimeBed();
    exec.behaviour = { pa: { raw: '{"cniVersion":"1.0.0","interfaces":[{"name":"eth0"}]}' } };
    const error = await rejection(runtime.add(networkOf([{ type: 'pa' }, { type: 'pb' }], {}, '0.2.0'), attachment), 'ERR_PLUGIN');
    expect(error.message).to.match(/^plugin type="pa" failed \(add\): cannot convert: no valid IP addresses/);
  });

  it('fails when the result cannot be kept', async () => {
    const { runtime, files } = makeRuntimeBed();
    files.fail('replace', cacheFile);
    const error = await rejection(runtime.add(two, attachment), 'ERR_IO');
    expect(error.message).to.match(/^failed to set network "n1" cached result: /);
  });

  it('makes nothing when the cache file is that of another attachment', async () => {
    const { runtime, exec, files } = makeRuntimeBed();
    await runtime.add(networkOf([{ type: 'pa' }], { name: 'a-b' }), { ...attachment, containerId: 'c' });
    const before = files.text('/cache/results/a-b-c-eth0');
    exec.invocations.length = 0;
    const clash = networkOf([{ type: 'pa' }], { name: 'a' });
    const error = await rejection(runtime.addOrRollBack(clash, { ...attachment, containerId: 'b-c' }), 'ERR_STATE');
    expect(error.message).to.include('container c in network a-b');
    expect(exec.invocations).to.deep.equal([]);
    await runtime.del(clash, { ...attachment, containerId: 'b-c' });
    expect(stdinOf(exec.invocations[0])).not.to.have.property('prevResult');
    expect(files.text('/cache/results/a-b-c-eth0')).to.equal(before);
  });

  it('refuses a network without plugins', async () => {
    await rejection(makeRuntimeBed().runtime.add({ ...two, plugins: [] }, attachment), 'ERR_CONFIG');
  });

  it('ends at its time limit, with what the plugin had said', async () => {
    const clock = new ManualClock();
    const { runtime } = makeRuntimeBed({ exec: endless, clock });
    const add = runtime.add(two, attachment, { timeoutMs: 500 });
    add.catch(() => undefined);
    await clock.sleeping(1);
    await clock.advance(500);
    const error = await rejection(add, 'ERR_DEADLINE');
    expect(error.message).to.equal(
      'plugin type="pa" failed (add): netplugin failed: "so far": signal: killed (ADD: the limit of 500 ms has passed)',
    );
    expect(error).to.include({ signal: 'SIGKILL', durationMs: 500, stderr: 'so far' });
    expect(toCniError(error).cniCode).to.equal(11);
  });

  it('takes the longest timer there is for a limit beyond it', async () => {
    const waits: number[] = [];
    const sleep = (ms: number): Promise<void> => {
      waits.push(ms);
      return new Promise(() => undefined);
    };
    const { runtime } = makeRuntimeBed({ clock: { now: () => 0, sleep } });
    await runtime.add(two, attachment, { timeoutMs: Number.POSITIVE_INFINITY });
    expect(waits).to.deep.equal([2 ** 31 - 1]);
  });

  it('leaves no timer behind', async () => {
    const clock = new ManualClock();
    const { runtime } = makeRuntimeBed({ clock });
    await runtime.add(two, attachment, { timeoutMs: 500 });
    const asleep = clock.sleeping(1).then(() => true);
    expect(await Promise.race([asleep, new Promise((resolve) => setImmediate(() => resolve(false)))])).to.equal(false);
  });

  it('ends when its caller gives up', async () => {
    const { runtime } = makeRuntimeBed({ exec: endless });
    const stop = new AbortController();
    const add = runtime.add(two, attachment, { signal: stop.signal });
    add.catch(() => undefined);
    stop.abort();
    await rejection(add, 'ERR_CANCELLED');
  });
});

describe('CniRuntime.addOrRollBack()', () => {
  it('sends DEL to the whole network after a failure, and throws what ADD threw', async () => {
    const { runtime, exec } = makeRuntimeBed();
    exec.behaviour = { pb: { fail: 'ADD:typed' } };
    const error = await rejection(runtime.addOrRollBack(networkOf([{ type: 'pa' }, { type: 'pb' }, { type: 'pc' }]), attachment));
    expect(error).to.include({ command: 'ADD', plugin: 'pb', cniCode: 150 });
    expect(calls(exec.invocations)).to.deep.equal(['ADD pa', 'ADD pb', 'DEL pc', 'DEL pb', 'DEL pa']);
  });

  it('throws both errors when that fails too', async () => {
    const { runtime, exec } = makeRuntimeBed();
    exec.behaviour = { pb: { fail: 'ADD:typed,DEL:plain' } };
    const error = await rejection(runtime.addOrRollBack(two, attachment), 'ERR_PLUGIN');
    expect(error).to.be.instanceOf(PluginChainError);
    expect((error as PluginChainError).errors.map((one) => (one as PluginCallError).command)).to.deep.equal(['ADD', 'DEL']);
    expect(error.message).to.include('typed msg').and.include('plain failure');
    expect(toCniError(error).cniCode).to.equal(150);
  });

  it('takes back with a limit of its own when the caller has given up', async () => {
    const clock = new ManualClock();
    const limits: (boolean | undefined)[] = [];
    const exec: PluginExec = {
      ...endless,
      run(request) {
        limits.push(request.signal?.aborted);
        return endless.run(request);
      },
    };
    const { runtime } = makeRuntimeBed({ exec, clock });
    const stop = new AbortController();
    const add = runtime.addOrRollBack(two, attachment, { signal: stop.signal, rollBackTimeoutMs: 700 });
    add.catch(() => undefined);
    stop.abort();
    await clock.sleeping(1);
    await clock.advance(700);
    const error = await rejection(add);
    expect(error.message).to.include('DEL: the limit of 700 ms has passed');
    // The ADD was not even begun when the caller gave up; the DEL was free to run.
    expect(limits.at(-1)).to.equal(false);
  });

  it('gives the result when all is well, and sends no DEL', async () => {
    const { runtime, exec } = makeRuntimeBed();
    expect(await runtime.addOrRollBack(two, attachment)).to.include({ cniVersion: '1.1.0' });
    expect(calls(exec.invocations)).to.deep.equal(['ADD pa', 'ADD pb']);
  });
});

describe('CniRuntime.del()', () => {
  const names: readonly { readonly what: string; readonly change: object; readonly name?: string }[] = [
    { what: 'container id', change: { containerId: '../../x' } },
    { what: 'interface name', change: { ifname: '../x' } },
    { what: 'network name', change: {}, name: '../x' },
  ];
  for (const { what, change, name } of names) {
    it(`lets no ${what} lead out of the cache, nor do add() and check()`, async () => {
      const exec = new CountingExec();
      const { runtime, files } = makeRuntimeBed({ exec });
      files.set('/cache/x-ctr1-eth0', 'kept');
      const list = networkOf([{ type: 'pa' }], name === undefined ? {} : { name });
      for (const operation of ['add', 'del', 'check'] as const) {
        await rejection(runtime[operation](list, { ...attachment, ...change }), 'ERR_PLUGIN');
      }
      await rejection(runtime.cachedResult(list, { ...attachment, ...change }), 'ERR_CNI');
      await rejection(runtime.cachedConfig(list.name, { ...attachment, ...change }), 'ERR_CNI');
      expect(exec.runs).to.equal(0);
      expect(files.names('/cache')).to.deep.equal(['x-ctr1-eth0']);
    });
  }

  it('keeps the cached result until all plugins are done', async () => {
    const { runtime, exec, files } = makeRuntimeBed();
    await runtime.add(two, attachment);
    exec.behaviour = { pa: { fail: 'DEL:typed' } };
    await rejection(runtime.del(two, attachment), 'ERR_PLUGIN');
    expect(files.text(cacheFile)).to.be.a('string');
    exec.behaviour = {};
    await runtime.del(two, attachment);
    expect(files.text(cacheFile)).to.equal(undefined);
  });

  it('goes on without a cached result that has no form in the version of the network, and forgets it', async () => {
    const { runtime, exec, files } = makeRuntimeBed();
    await runtime.add(networkOf([{ type: 'pa' }]), attachment);
    exec.invocations.length = 0;
    exec.behaviour = { pa: { versions: ['1.0.0'] } };
    files.set(cacheFile, '{"kind":"cniCacheV1","result":{"cniVersion":"7.7.7"}}');
    await runtime.del(networkOf([{ type: 'pa' }], {}, '1.0.0'), attachment);
    expect(stdinOf(exec.invocations[0])).not.to.have.property('prevResult');
    expect(files.names('/cache/results')).to.deep.equal([]);
  });

  it('goes on when the cache cannot be read', async () => {
    const { runtime, exec, files } = makeRuntimeBed();
    await runtime.add(two, attachment);
    files.fail('read', cacheFile);
    await runtime.del(two, attachment);
    expect(calls(exec.invocations).slice(2)).to.deep.equal(['DEL pb', 'DEL pa']);
  });

  it('refuses a version that is none', async () => {
    await rejection(makeRuntimeBed().runtime.del(networkOf([{ type: 'pa' }], { cniVersion: 'x' }), attachment), 'ERR_CNI');
  });
});

describe('CniRuntime.check()', () => {
  it('gives every plugin the final result, and stops at the first error', async () => {
    const { runtime, exec } = makeRuntimeBed();
    await runtime.add(two, attachment);
    exec.invocations.length = 0;
    await runtime.check(two, attachment);
    expect(calls(exec.invocations)).to.deep.equal(['CHECK pa', 'CHECK pb']);
    expect(exec.invocations.every((one) => stdinOf(one)['prevResult'] !== undefined)).to.equal(true);
    exec.behaviour = { pa: { fail: 'CHECK:typed' } };
    expect((await rejection(runtime.check(two, attachment))).message).to.equal('typed msg; typed details');
    expect(calls(exec.invocations).slice(2)).to.deep.equal(['CHECK pa']);
  });

  it('runs without a result when none was kept', async () => {
    const { runtime, exec } = makeRuntimeBed();
    await runtime.check(two, attachment);
    expect(stdinOf(exec.invocations[0])).not.to.have.property('prevResult');
  });

  it('says that the version is too old before it looks at anything else', async () => {
    const { runtime } = makeRuntimeBed();
    await rejection(runtime.check(networkOf([{ type: 'nope' }], { disableCheck: true }, '0.3.1'), attachment), 'ERR_NOT_SUPPORTED');
  });

  it('passes on that the cache cannot be read', async () => {
    const { runtime, exec, files } = makeRuntimeBed();
    files.fail('read', cacheFile);
    const { message } = await rejection(runtime.check(two, attachment), 'ERR_IO');
    expect(message).to.match(/^failed to get network "n1" cached result: /);
    expect(exec.invocations).to.deep.equal([]);
  });
});

describe('CniRuntime.gc()', () => {
  it('deletes what is stale with what it was made with, leaves other networks alone, and asks the plugins', async () => {
    const { runtime, exec } = makeRuntimeBed();
    const args = [['A', '1']] as const;
    const list = networkOf([{ type: 'pa', capabilities: { mac: true } }]);
    await runtime.add(list, attachment);
    await runtime.add(list, { containerId: 'gone', netns: '/run/netns/gone', ifname: 'net1', args, capabilityArgs: { mac: 'm' } });
    await runtime.add(networkOf([{ type: 'pb' }], { name: 'n2' }), { ...attachment, containerId: 'other' });
    exec.invocations.length = 0;
    await runtime.gc(list, { validAttachments: [{ containerId: 'ctr1', ifname: 'eth0' }] });
    expect(calls(exec.invocations)).to.deep.equal(['DEL pa', 'GC pa']);
    expect(exec.invocations[0]?.env).to.include({
      CNI_CONTAINERID: 'gone',
      CNI_NETNS: '/run/netns/gone',
      CNI_IFNAME: 'net1',
      CNI_ARGS: 'A=1',
    });
    expect(stdinOf(exec.invocations[0])['runtimeConfig']).to.deep.equal({ mac: 'm' });
    const valid = [{ containerID: 'ctr1', ifname: 'eth0' }];
    expect(exec.invocations[1]?.stdin).to.deep.include({ 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid });
    expect((await runtime.attachments()).map(({ network, containerId }) => `${network} ${containerId}`)).to.deep.equal([
      'n1 ctr1',
      'n2 other',
    ]);
  });

  it('tries everything and reports all that went wrong, a line each', async () => {
    const { runtime, exec } = makeRuntimeBed();
    await runtime.add(two, attachment);
    await runtime.add(two, { ...attachment, ifname: 'eth1' });
    exec.invocations.length = 0;
    exec.behaviour = { pa: { fail: 'DEL:typed,GC:plain' } };
    const error = await rejection(runtime.gc(two, { validAttachments: [] }), 'ERR_PLUGIN');
    expect(error.message.split('\n')).to.deep.equal([
      'failed to delete stale attachment ctr1 eth0: plugin type="pa" failed (delete): typed msg; typed details',
      'failed to delete stale attachment ctr1 eth1: plugin type="pa" failed (delete): typed msg; typed details',
      'failed to GC plugin pa: plain failure',
    ]);
    expect((error as PluginChainError).errors).to.have.length(3);
    expect(calls(exec.invocations)).to.deep.equal(['DEL pb', 'DEL pa', 'DEL pb', 'DEL pa', 'GC pa', 'GC pb']);
  });

  it('reports a cache that it cannot read, and asks the plugins all the same', async () => {
    const { runtime, exec, files } = makeRuntimeBed();
    files.fail('list', '/cache/results');
    const error = await rejection(runtime.gc(two, { validAttachments: [] }), 'ERR_IO');
    expect(error.message).to.match(/^failed to read the cached attachments: \/cache\/results: /);
    expect(calls(exec.invocations)).to.deep.equal(['GC pa', 'GC pb']);
  });
});

describe('CniRuntime.status()', () => {
  it('rejects with the first plugin that cannot serve, its number readable', async () => {
    const { runtime, exec } = makeRuntimeBed();
    exec.behaviour = { pa: { fail: 'STATUS:typed50' } };
    const error = await rejection(runtime.status(two), 'ERR_PLUGIN');
    expect(error).to.include({ cniCode: 50, message: 'not available', plugin: 'pa', command: 'STATUS' });
    expect(calls(exec.invocations)).to.deep.equal(['STATUS pa']);
  });

  it('asks nobody below version 1.1.0', async () => {
    const { runtime } = makeRuntimeBed();
    await runtime.status(networkOf([{ type: 'nope' }], {}, '1.0.0'));
  });
});

describe('CniRuntime.validate()', () => {
  it('collects all problems', async () => {
    const { runtime } = makeRuntimeBed({ exec: answering('{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}') });
    const error = await rejection(runtime.validate(two), 'ERR_NOT_SUPPORTED');
    expect(error.message).to.equal('[plugin pa does not support config version "1.1.0" plugin pb does not support config version "1.1.0"]');
  });

  it('takes an absent version for 0.1.0', async () => {
    const { runtime, exec } = makeRuntimeBed();
    exec.behaviour = { pa: { versions: ['1.0.0'] } };
    const error = await rejection(runtime.validate(networkOf([{ type: 'pa' }], {}, '')));
    expect(error.message).to.equal('[plugin pa does not support config version "0.1.0"]');
  });

  it('gives the capabilities that are on', async () => {
    const list = networkOf([
      { type: 'pa', capabilities: { mac: true, ips: false } },
      { type: 'pb', capabilities: { dns: true, mac: true } },
    ]);
    expect(await makeRuntimeBed().runtime.validate(list)).to.deep.equal(['dns', 'mac']);
  });
});

describe('CniRuntime.version()', () => {
  const answers: readonly {
    readonly stdout: string;
    readonly exitCode?: number;
    readonly versions?: readonly string[];
    readonly error?: string;
  }[] = [
    { stdout: '{"cniVersion":"1.1.0","supportedVersions":["0.4.0","x"]}', versions: ['0.4.0', 'x'] },
    { stdout: '{"CNIVERSION":"0.2.0"}', versions: ['0.1.0', '0.2.0'] },
    { stdout: '{"code":4,"msg":"unknown CNI_COMMAND: VERSION"}', exitCode: 1, versions: ['0.1.0'] },
    { stdout: '{"code":4,"msg":"unknown CNI_COMMAND: VERSION!"}', exitCode: 1, error: 'unknown CNI_COMMAND: VERSION!' },
    { stdout: '{"supportedVersions":["0.4.0"]}', error: 'decoding version info: missing field cniVersion' },
    { stdout: '{"cniVersion":"1.0.0"}', error: 'decoding version info: missing field supportedVersions' },
    { stdout: 'usage', error: 'decoding version info: it is not valid JSON' },
    { stdout: '{"cniVersion":"1.0.0","supportedVersions":[1]}', error: 'decoding version info: supportedVersions[0] must be a text' },
  ];
  for (const { stdout, exitCode = 0, versions, error } of answers) {
    it(`reads ${stdout}`, async () => {
      const { runtime } = makeRuntimeBed({ exec: answering(stdout, exitCode) });
      if (versions !== undefined) expect(await runtime.version('pa')).to.deep.equal(versions);
      else expect((await rejection(runtime.version('pa'), 'ERR_PLUGIN')).message).to.equal(error);
    });
  }

  it('asks with what old plugins insist on', async () => {
    let seen: unknown;
    const exec: PluginExec = {
      find: async () => '/bin/cni/pa',
      async run({ env, stdin }) {
        seen = { ...env, stdin };
        return { ...silentEnd, stdout: '{"cniVersion":"1.1.0","supportedVersions":["1.1.0"]}' };
      },
    };
    await makeRuntimeBed({ exec }).runtime.version('pa');
    expect(seen).to.deep.equal({
      CNI_COMMAND: 'VERSION',
      CNI_CONTAINERID: '',
      CNI_NETNS: 'dummy',
      CNI_IFNAME: 'dummy',
      CNI_PATH: 'dummy',
      CNI_ARGS: '',
      stdin: '{"cniVersion":"1.1.0"}',
    });
  });
});

describe('CniRuntime.commonVersion()', () => {
  it('gives the highest version that all plugins support', async () => {
    const { runtime, exec } = makeRuntimeBed();
    exec.behaviour = { pb: { versions: ['0.3.0', '0.3.1', '0.4.0', '1.0.0'] } };
    expect(await runtime.commonVersion(two)).to.equal('1.0.0');
    exec.behaviour = { pa: { versions: ['1.1.0'] }, pb: { versions: ['1.0.0'] } };
    expect(await runtime.commonVersion(two)).to.equal(undefined);
    expect(await runtime.commonVersion({ ...two, plugins: [] })).to.equal(undefined);
  });
});

describe('CniRuntime: the cache', () => {
  it('gives back what an attachment was made with', async () => {
    const { runtime } = makeRuntimeBed();
    const full = { ...attachment, args: [['A', '1']] as const, capabilityArgs: { mac: 'm' } };
    await runtime.add(two, full);
    const cached = await runtime.cachedConfig('n1', attachment);
    expect({ ...cached, config: undefined }).to.deep.equal({ ...full, network: 'n1', config: undefined });
    expect(cached?.config).to.deep.equal(two.bytes);
    expect(await runtime.cachedConfig('n1', { ...attachment, ifname: 'eth9' })).to.equal(undefined);
    expect(await runtime.cachedResult(two, { ...attachment, ifname: 'eth9' })).to.equal(undefined);
  });

  it('gives the result in the version of the network', async () => {
    const { runtime } = makeRuntimeBed();
    await runtime.add(two, attachment);
    expect(await runtime.cachedResult(networkOf([{ type: 'pa' }], {}, '0.2.0'), attachment)).to.deep.equal({
      cniVersion: '0.2.0',
      ip4: { ip: '10.7.0.2/24', routes: [] },
    });
    const error = await rejection(runtime.cachedResult(networkOf([{ type: 'pa' }], { cniVersion: '1.0' }), attachment), 'ERR_DECODE');
    expect(error.message).to.include('failed to convert cached result to config version "1.0"');
  });

  it('reads the bare results of older libraries', async () => {
    const { runtime, files } = makeRuntimeBed();
    files.set(cacheFile, '{"cniVersion":"0.3.1","ips":[{"version":"4","address":"192.0.2.3/24"}]}');
    const result = await runtime.cachedResult(two, attachment);
    expect(result).to.deep.include({ cniVersion: '1.1.0', ips: [{ address: '192.0.2.3/24' }] });
    const error = await rejection(runtime.cachedConfig('n1', attachment), 'ERR_DECODE');
    expect(error.message).to.equal('read cached network "n1" config has wrong kind');
    expect(await runtime.attachments()).to.deep.equal([]);
  });

  it('lists attachments by what files say, and passes over those that say nothing usable', async () => {
    const { runtime, files } = makeRuntimeBed();
    const entry = { kind: 'cniCacheV1', networkName: 'n1', containerId: 'c1', ifName: 'eth0' };
    files.set('/cache/results/b', JSON.stringify(entry));
    files.set('/cache/results/a', JSON.stringify({ ...entry, containerId: 'c2', cniArgs: [['A', '1', 'x'], ['B']] }));
    files.set('/cache/results/c', 'garbage');
    files.set('/cache/results/d', JSON.stringify({ ...entry, kind: 'other' }));
    files.set('/cache/results/e', JSON.stringify({ ...entry, ifName: '' }));
    files.set('/cache/results/f', JSON.stringify({ ...entry, containerId: '../c1' }));
    files.set('/cache/results/g', JSON.stringify(entry));
    files.fail('read', '/cache/results/g');
    const found = await runtime.attachments();
    expect(found.map(({ containerId }) => containerId)).to.deep.equal(['c2', 'c1']);
    expect(found[0]?.args).to.deep.equal([
      ['A', '1'],
      ['B', ''],
    ]);
    expect((await runtime.attachments('c1')).map(({ containerId }) => containerId)).to.deep.equal(['c1']);
  });
});

describe('a runtime inside of a plugin', () => {
  it('hands the number of the inner plugin on', async () => {
    const { runtime, exec } = makeRuntimeBed();
    exec.behaviour = { pa: { fail: 'ADD:wrapped' } };
    const error = await rejection(runtime.add(two, attachment));
    expect(toCniError(new NicError('ERR_IO', 'outer', { cause: error }))).to.include({ cniCode: 11, message: 'try later' });
  });
});
