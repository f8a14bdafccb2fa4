import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Machine, startMachine } from './machine.js';
import { makeTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';

/** Where Debian installs the stock plugins. */
export const stockPlugins = '/usr/lib/cni';

/** A machine of its own with plugins that are called from outside as if they were here. */
export interface PluginMachine {
  /** The machine. */
  readonly machine: Machine;
  /** A folder seen under the same path from inside and outside. */
  readonly folder: TemporaryFolder;
  /** Folder of scripts that run plugins inside of the machine; to be used as CNI_PATH. */
  readonly plugins: string;
  /** Makes such a script. @param target what it runs; the stock plugin of that name without it */
  install(name: string, target?: string): Promise<string>;
  /** Makes a namespace inside; gives its path there. */
  addNamespace(): Promise<string>;
  /** Runs a shell command inside, and gives what it printed. Rejects when it fails. */
  sh(script: string): Promise<string>;
  /** Takes everything down. */
  close(): Promise<void>;
}

/** Starts one. */
export async function startPluginMachine(): Promise<PluginMachine> {
  const folder = await makeTemporaryFolder('plugins');
  const machine = await startMachine();
  const plugins = join(folder.path, 'bin');
  await mkdir(plugins);
  let namespaces = 0;
  const sh = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await machine.run('sh', ['-c', script]);
    if (code !== 0) throw new Error(`${script}: exit ${code}: ${stdout}${stderr}`);
    return stdout;
  };
  return {
    machine,
    folder,
    plugins,
    sh,
    install(name, target = `${stockPlugins}/${name}`) {
      const enter = `exec nsenter --target ${machine.pid} --net --mount --pid -- ${target}`;
      // A plugin that another one delegates to is called from inside already.
      return folder.script(`bin/${name}`, `[ -n "$INSIDE" ] && exec ${target}\nexport INSIDE=1\n${enter}`);
    },
    async addNamespace() {
      const name = `pod${namespaces++}`;
      await sh(`ip netns add ${name}`);
      return `/run/netns/${name}`;
    },
    async close() {
      await machine.close();
      await folder.remove();
    },
  };
}
