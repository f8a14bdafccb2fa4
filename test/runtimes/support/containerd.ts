import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../../support/machine.js';

/** A containerd that runs inside a {@link Machine}. */
export interface Containerd {
  /** Its socket, reachable from inside and outside the machine. */
  readonly socket: string;
  /** What it logged so far. */
  log(): string;
  /** Ends it. What its shims still run ends with the machine. */
  close(): Promise<void>;
}

/** What containerd is started with. */
export interface ContainerdOptions {
  /** Folder for its state; must be short, since socket paths are limited to 107 bytes. */
  readonly folder: string;
  /** Folders of CNI configuration and plugins for the CRI service; without it the service is off. */
  readonly cri?: { readonly configFolder: string; readonly pluginFolder: string; readonly pauseImage: string };
}

function formatConfig(options: ContainerdOptions, socket: string): string {
  const { cri, folder } = options;
  const head = `version = 2\nroot = "${folder}/root"\nstate = "${folder}/state"\n`;
  const grpc = `[grpc]\n  address = "${socket}"\n`;
  if (cri === undefined) return `${head}disabled_plugins = ["io.containerd.grpc.v1.cri"]\n${grpc}`;
  return `${head}${grpc}[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${cri.pauseImage}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cri.pluginFolder}"
    conf_dir = "${cri.configFolder}"
`;
}

/** Starts containerd and waits until it answers. */
export async function startContainerd(machine: Machine, options: ContainerdOptions): Promise<Containerd> {
  await mkdir(options.folder, { recursive: true });
  const socket = join(options.folder, 'c.sock');
  const config = join(options.folder, 'config.toml');
  await writeFile(config, formatConfig(options, socket));
  const daemon = await machine.start('containerd', ['--config', config]);
  // containerd says "successfully booted" before every service listens, so it is asked until it answers.
  for (let tries = 0; tries < 150; tries++) {
    if (!daemon.isRunning()) break;
    const { code } = await machine.run('ctr', ['--address', socket, 'version']);
    if (code === 0) return { socket, log: () => daemon.output(), close: () => daemon.stop() };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await daemon.stop();
  throw new Error(`containerd did not start:\n${daemon.output()}`);
}
