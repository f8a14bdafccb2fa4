import { mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodeResult, type Result } from '../../lib/cni/index.js';
import { createRuntime, loadNetwork, type NetworkAttachment, type RuntimeOptions } from '../../lib/runtime/index.js';
import type { CommandEnd } from '../support/machine.js';
import { runCommand } from '../support/machine.js';
import { type PluginWorld, startPluginWorld } from '../support/plugin-world.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { buildLibcniClient, requireLibcni } from './support/libcni-client.js';

type Operation = 'add' | 'check' | 'del' | 'validate' | 'result';

/** How the client is called for an attachment. */
function clientArguments(operation: Operation, confDir: string, network: string, one: NetworkAttachment): readonly string[] {
  return [operation, confDir, network, one.containerId, one.netns, one.ifname];
}

function clientVariables(one: NetworkAttachment): Readonly<Record<string, string>> {
  return {
    ...(one.args === undefined ? {} : { ARGS_JSON: JSON.stringify(one.args) }),
    ...(one.capabilityArgs === undefined ? {} : { CAP_ARGS: JSON.stringify(one.capabilityArgs) }),
  };
}

/** The cache files of a folder, parsed. */
async function readCache(folder: string): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>> {
  const names = await readdir(join(folder, 'results')).catch(() => []);
  const files = await Promise.all(names.map(async (name) => [name, JSON.parse(await readFile(join(folder, 'results', name), 'utf8'))]));
  return Object.fromEntries(files);
}

describe('the reference library and this package', function () {
  this.timeout(300_000);
  let folder: TemporaryFolder;
  let client: string;

  before(async function () {
    requireLibcni(this);
    folder = await makeTemporaryFolder('libcni');
    client = join(folder.path, 'client');
    await buildLibcniClient(client);
  });

  after(() => folder?.remove());

  describe('call plugins alike', () => {
    const attachment: NetworkAttachment = {
      containerId: 'c1',
      netns: '/run/netns/c1',
      ifname: 'eth0',
      args: [
        ['IgnoreUnknown', '1'],
        ['K8S_POD_NAME', 'web'],
      ],
      capabilityArgs: { portMappings: [{ hostPort: 80, containerPort: 8080 }], mac: 'c2:11:22:33:44:55', other: true },
    };

    /** A plugin that notes each call in a file of its own, in order. */
    const recorder = (log: string): string => `
n=$(ls ${log} | wc -l)
{ env | grep ^CNI_ | sort; cat; } > ${log}/$(printf %03d $n)
case $CNI_COMMAND in
ADD) echo '{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","sandbox":"'$CNI_NETNS'","mtu":9}],"ips":[{"address":"10.1.0.2/16","gateway":"10.1.0.1","interface":0}],"unknown":1}';;
VERSION) echo '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}';;
esac`;

    const conf = {
      cniVersion: '1.0.0',
      name: 'alike',
      other: 'kept in the cache',
      plugins: [
        { type: 'one', name: 'mine', capabilities: { mac: true, portMappings: false }, nested: { list: [1, 1.5, null, 'ä'] } },
        { type: 'two', capabilities: { portMappings: true }, cniVersion: '0.1.0' },
      ],
    };

    interface Trace {
      readonly calls: readonly { readonly variables: string; readonly stdin: unknown }[];
      readonly cache: unknown;
      readonly ends: readonly boolean[];
    }

    /** Runs the same operations with one side or the other, and gives all that plugins and cache saw. */
    async function trace(side: 'reference' | 'ours', options: Partial<RuntimeOptions> = {}): Promise<Trace> {
      // The same paths for both, since plugins see some of them.
      const [log, bin, cache] = ['log', 'bin', 'cache'].map((name) => join(folder.path, 'alike', name)) as [string, string, string];
      await rm(join(folder.path, 'alike'), { recursive: true, force: true });
      for (const made of [log, bin]) await mkdir(made, { recursive: true });
      for (const name of ['one', 'two']) await folder.script(`alike/bin/${name}`, recorder(log));
      await folder.file('alike/10.conflist', JSON.stringify(conf));
      const confDir = join(folder.path, 'alike');
      const env = { ...process.env, CNI_PATH: bin, CACHE_DIR: cache };
      const ends: boolean[] = [];
      let afterAdd: unknown;
      const runtime = createRuntime({ pluginDirs: [bin], cacheDir: cache, env: process.env, ...options });
      const list = await loadNetwork(confDir, 'alike');
      for (const operation of ['validate', 'add', 'check', 'del', 'del'] as const) {
        if (side === 'reference') {
          const end = await runCommand(client, clientArguments(operation, confDir, 'alike', attachment), {
            env: { ...env, ...clientVariables(attachment) },
          });
          ends.push(end.code === 0);
        } else {
          const run = operation === 'validate' ? runtime.validate(list) : runtime[operation](list, attachment);
          ends.push(
            await run.then(
              () => true,
              () => false,
            ),
          );
        }
        if (operation === 'add') afterAdd = await readCache(cache);
      }
      const calls = await Promise.all(
        (await readdir(log)).sort().map(async (name) => {
          const text = await readFile(join(log, name), 'utf8');
          const json = text.indexOf('{');
          return { variables: text.slice(0, json), stdin: JSON.parse(text.slice(json)) as unknown };
        }),
      );
      return { calls, cache: afterAdd, ends };
    }

    it('with the same variables, requests and cache files', async () => {
      const reference = await trace('reference');
      const ours = await trace('ours', { keepCapabilities: true });
      expect(reference.ends).to.deep.equal([true, true, true, true, true]);
      expect(reference.calls).to.have.length(10);
      // The newer VERSION request says 1.1.0, and newer libraries keep the path of the namespace: the only differences.
      const older = (trace: Trace): Trace =>
        JSON.parse(
          JSON.stringify(trace, (key, value: unknown) => (key === 'netns' ? undefined : value)).replaceAll(
            '"stdin":{"cniVersion":"1.1.0"}',
            '"stdin":{"cniVersion":"1.0.0"}',
          ),
        ) as Trace;
      // 1.1.2 knows no mtu of interfaces, and prints an empty dns.
      const withoutNewer = (value: unknown): unknown =>
        JSON.parse(JSON.stringify(value).replaceAll(/"mtu":9,|,"mtu":9|"dns":\{\},|,"dns":\{\}/g, ''));
      expect(withoutNewer(older(ours))).to.deep.equal(withoutNewer(older(reference)));
    });
  });

  describe('with hostnic on the emulated cloud', () => {
    let world: PluginWorld;
    let confDir: string;
    let cacheDir: string;
    let plugins: string;

    before(async () => {
      world = await startPluginWorld();
      [confDir, cacheDir, plugins] = ['netd', 'cache', 'bin'].map((name) => join(world.folder, name)) as [string, string, string];
      for (const made of [confDir, plugins]) await mkdir(made);
      await symlink(world.executable, join(plugins, 'hostnic'));
      const { cniVersion: _version, name: _name, ...plugin } = world.conf();
      await folder.file(
        '10-demo.conflist',
        JSON.stringify({ cniVersion: '1.0.0', name: 'demo', plugins: [{ ...plugin, type: 'hostnic' }] }),
      );
      await symlink(join(folder.path, '10-demo.conflist'), join(confDir, '10-demo.conflist'));
      await folder.script('hostnic', `exec nsenter --target ${world.machine.pid} --net --mount --pid -- ${world.executable}`);
    });

    after(() => world?.close());

    const reference = (operation: Operation, one: NetworkAttachment): Promise<CommandEnd> =>
      world.machine.run(client, clientArguments(operation, confDir, 'demo', one), {
        env: { ...process.env, CNI_PATH: plugins, CACHE_DIR: cacheDir, ...clientVariables(one) },
      });

    const mustRun = async (operation: Operation, one: NetworkAttachment): Promise<string> => {
      const end = await reference(operation, one);
      expect(end.code, `${operation}: ${end.stderr}`).to.equal(0);
      return end.stdout;
    };

    const attachmentOf = async (pod: string): Promise<NetworkAttachment> => ({
      containerId: pod,
      netns: await world.addPod(pod),
      ifname: 'eth0',
    });

    const ours = () => createRuntime({ pluginDirs: [folder.path], cacheDir });

    it('the library drives hostnic: validate, ADD, CHECK, DEL, and DEL when all is gone', async () => {
      const one = await attachmentOf('lib1');
      await mustRun('validate', one);
      const result = JSON.parse(await mustRun('add', one)) as Result;
      expect(result.ips[0]?.address).to.match(/^192\.168\.100\./);
      await mustRun('check', one);
      expect(world.emulator.nics()).to.have.length(1);
      await world.removePod('lib1');
      await mustRun('del', one);
      await mustRun('del', { ...one, netns: '' });
      expect(world.emulator.nics()).to.deep.equal([]);
      expect(await readCache(cacheDir)).to.deep.equal({});
    });

    it('what this package added, the library checks and deletes', async () => {
      const one = await attachmentOf('lib2');
      const list = await loadNetwork(confDir, 'demo');
      const result = await ours().add(list, one);
      expect(JSON.parse(await mustRun('result', one))).to.deep.include(JSON.parse(JSON.stringify({ ips: encodeResult(result)['ips'] })));
      await mustRun('check', one);
      await mustRun('del', one);
      expect(await ours().attachments()).to.deep.equal([]);
      expect(world.emulator.nics()).to.deep.equal([]);
    });

    it('what the library added, this package lists, checks and deletes', async () => {
      const args = [['IgnoreUnknown', '1']] as const;
      const one = { ...(await attachmentOf('lib3')), args, capabilityArgs: { mac: 'unused' } };
      const list = await loadNetwork(confDir, 'demo');
      const printed = JSON.parse(await mustRun('add', one)) as Result;
      const [cached] = await ours().attachments('lib3');
      expect(cached).to.deep.include({ network: 'demo', containerId: 'lib3', ifname: 'eth0', args, capabilityArgs: { mac: 'unused' } });
      expect(cached?.config).to.deep.equal(list.bytes);
      expect(await ours().cachedResult(list, one)).to.deep.include({ ips: printed.ips });
      await ours().check(list, one);
      await ours().del(list, one);
      expect(await readCache(cacheDir)).to.deep.equal({});
      expect(world.emulator.nics()).to.deep.equal([]);
    });
  });
});
