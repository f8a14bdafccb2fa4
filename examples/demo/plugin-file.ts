import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['lib', 'netlink', 'providers', 'examples/hostnic', 'package.json'];

/** Thrown when the plugin's executable cannot be had. */
export class NoPlugin extends Error {
  override readonly name = 'NoPlugin';
}

function newest(path: string): number {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Builds the plugin for Node.js when there is none, or the sources are newer. @param say tells that it takes a moment */
function buildWhenNeeded(file: string, say: (text: string) => void): void {
  const sourcesAt = Math.max(...SOURCES.map((name) => newest(join(ROOT, name))));
  if (existsSync(file) && statSync(file).mtimeMs >= sourcesAt) return;
  say('building the plugin (npm run build), which is done once');
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new NoPlugin(`npm run build failed:\n${stdout}${stderr}`);
}

/**
 * The plugin to show: a file that is named, the standalone one, or the one for Node.js, which is built when it is missing or old.
 * @throws NoPlugin with what to do
 */
export function findPlugin(options: { readonly plugin?: string; readonly standalone: boolean }, say: (text: string) => void): string {
  if (options.plugin !== undefined) {
    if (existsSync(options.plugin)) return options.plugin;
    throw new NoPlugin(`${options.plugin} does not exist`);
  }
  if (options.standalone) {
    const file = join(ROOT, 'dist', `hostnic-linux-${arch() === 'x64' ? 'amd64' : arch()}`);
    if (existsSync(file)) return file;
    throw new NoPlugin(`${file} does not exist; "npm run build:binary" makes it`);
  }
  const file = join(ROOT, 'dist/hostnic');
  buildWhenNeeded(file, say);
  return file;
}
