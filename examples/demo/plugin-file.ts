import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
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

function isFresh(file: string): boolean {
  return existsSync(file) && statSync(file).mtimeMs >= Math.max(...SOURCES.map((name) => newest(join(ROOT, name))));
}

/** Builds the plugin alone, into a folder where nobody takes it for the whole build. */
function build(folder: string): void {
  const script = fileURLToPath(new URL('./build-plugin.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, script, folder], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new NoPlugin(`the plugin could not be built:\n${stdout}${stderr}`);
}

function findNodePlugin(say: (text: string) => void): string {
  const whole = join(ROOT, 'dist/hostnic');
  const alone = join(ROOT, '.cache/demo/hostnic');
  for (const file of [whole, alone]) if (isFresh(file)) return file;
  say('building the plugin, since there is no build of these sources; npm run build makes one');
  const folder = dirname(alone);
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new NoPlugin(`${folder} cannot be written (run "npm run build" as the owner of this checkout first)`, { cause: error });
  }
  build(folder);
  return alone;
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
  if (!options.standalone) return findNodePlugin(say);
  const file = join(ROOT, 'dist', `hostnic-linux-${arch() === 'x64' ? 'amd64' : arch()}`);
  if (existsSync(file)) return file;
  throw new NoPlugin(`${file} does not exist; "npm run build:binary" makes it`);
}
