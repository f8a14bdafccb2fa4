import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DEFAULT_ACCOUNT, type EmulatedNic } from '../../../providers/qingcloud/emulator/index.js';
import { pluginExecutable } from '../../support/plugin-executable.js';
import { ownFolders, type PluginWorld, startPluginWorld, worldInstanceId } from '../../support/plugin-world.js';
import { makeRootFilesystem } from './image.js';

/** A way the plugin is built. */
export interface PluginVariant {
  /** Its name in titles. */
  readonly name: string;
  /** The executable; undefined when it was not built. */
  path(): Promise<string | undefined>;
}

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const standalone = resolve(`dist/hostnic-linux-${architecture}`);

/** The plugin for Node.js, built for the test, and the standalone one, where `npm run build:binary` was run. */
export const pluginVariants: readonly PluginVariant[] = [
  { name: 'built for Node.js', path: pluginExecutable },
  { name: 'standalone', path: async () => (existsSync(standalone) ? standalone : undefined) },
];

/** A machine on which the plugin is installed as the original's instructions say, with its configuration and credentials in place. */
export interface RuntimeWorld extends PluginWorld {
  /** Folder of network configurations, `/etc/cni/net.d` inside. */
  readonly configFolder: string;
  /** Folder of plugins, `/opt/cni/bin` inside: ours, and the stock ones. */
  readonly pluginFolder: string;
  /** A root file system with busybox. */
  readonly rootFilesystem: string;
  /** Name of this run's cgroups and of what else must not meet other runs. */
  readonly unique: string;
  /** NICs that pods and gateways hold: all but the primary one. */
  secondaryNics(): readonly EmulatedNic[];
}

const fixture = (name: string): Promise<string> => readFile(new URL(`../../fixtures/hostnic/${name}`, import.meta.url), 'utf8');

/** Removes a cgroup and those in it. One that still has processes stays. */
async function removeCgroup(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  }
  await rmdir(path).catch(() => undefined);
}

/** Runtimes leave the cgroups of their name spaces behind. */
async function removeCgroups(name: string): Promise<void> {
  for (const hierarchy of await readdir('/sys/fs/cgroup')) await removeCgroup(join('/sys/fs/cgroup', hierarchy, name));
}

/** Installs a plugin on a machine of its own, in a cloud of its own. */
export async function startRuntimeWorld(executable: string): Promise<RuntimeWorld> {
  const unique = `hn-rt-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const world = await startPluginWorld({
    primaryVxnet: 'vxnet-xxxxx',
    emulator: {
      vxnets: [
        { id: 'vxnet-xxxxx', routerId: 'rtr-1', cidr: '192.168.100.0/24' },
        // Smaller, so that pods go to the vxnet of the primary NIC.
        { id: 'vxnet-xxxx', routerId: 'rtr-1', cidr: '192.168.101.0/28' },
      ],
      jobs: { attachMs: 200, detachMs: 200, pendingMs: 50 },
    },
    setup: (folder) =>
      [
        ownFolders(folder, ['/etc', '/opt', '/var/lib']),
        `mkdir -p ${folder}/netd ${folder}/bin /etc/cni/net.d /opt/cni/bin /etc/qingcloud`,
        `mount --bind ${folder}/netd /etc/cni/net.d`,
        `mount --bind ${folder}/bin /opt/cni/bin`,
      ].join('\n'),
  });
  try {
    const [configFolder, pluginFolder, rootFilesystem] = ['netd', 'bin', 'rootfs'].map((name) => join(world.folder, name));
    if (configFolder === undefined || pluginFolder === undefined || rootFilesystem === undefined) throw new RangeError('three names above');
    await mkdir(rootFilesystem, { recursive: true });
    await makeRootFilesystem(rootFilesystem);
    await symlink(executable, join(pluginFolder, 'hostnic'));
    for (const stock of ['loopback', 'portmap', 'firewall', 'tuning']) await symlink(`/usr/lib/cni/${stock}`, join(pluginFolder, stock));
    const conf = (await fixture('10-hostnic.conf'))
      .replace('kubernetes service cidr', '10.96.0.0/12')
      .replace('hostip or 0.0.0.0', '0.0.0.0');
    await writeFile(join(configFolder, '10-hostnic.conf'), conf);
    await writeFile(join(configFolder, '99-loopback.conf'), await fixture('99-loopback.conf'));
    const client = (await fixture('client.yaml'))
      .replace('Your access key id', DEFAULT_ACCOUNT.accessKeyId)
      .replace('Your secret access key', DEFAULT_ACCOUNT.secretAccessKey);
    const files = {
      'client.yaml': `${client}host: 127.0.0.1\nport: ${world.emulator.port}\nprotocol: http\n`,
      'instance-id': worldInstanceId,
    };
    for (const [name, text] of Object.entries(files)) {
      const end = await world.machine.run('sh', ['-c', `umask 077; cat > /etc/qingcloud/${name}`], { stdin: text });
      if (end.code !== 0) throw new Error(`${name}: ${end.stderr}`);
    }
    return {
      ...world,
      configFolder,
      pluginFolder,
      rootFilesystem,
      unique,
      secondaryNics: () => world.emulator.nics().filter(({ role }) => role === 0),
      async close() {
        await world.close();
        await removeCgroups(unique);
      },
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}
