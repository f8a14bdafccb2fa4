import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandEnd } from '../../support/machine.js';

const listings = `
for family in -4 -6; do printf 'addr show\\nrule show\\nroute show table all\\n' | ip $family -d -j -b -; done
ip -d -j link
`;

/** Neighbours come and go with traffic, so they are compared only where there is none. */
const neighbours = 'for family in -4 -6; do ip $family -d -j neigh; done';

const settings = 'cd /proc/sys/net; grep -rs . ipv4/conf ipv6/conf | sort';

/** Runs a command where the network is that is meant. */
export type RunThere = (command: string, args: readonly string[]) => Promise<CommandEnd>;

/**
 * Links, addresses, rules, routes of all tables and neighbours (`ip -d -j`) of both families and every setting below
 * `/proc/sys/net/{ipv4,ipv6}/conf`, as text to compare.
 */
export async function readNetwork(run: RunThere, { traffic }: { readonly traffic: boolean }): Promise<string> {
  const script = [listings, traffic ? '' : neighbours, settings].join('\n');
  const { code, stdout, stderr } = await run('sh', ['-c', script]);
  if (code !== 0) throw new Error(`the network cannot be read: ${stderr}`);
  return stdout.replaceAll(/\},\{"ifindex"/g, '},\n{"ifindex"').replaceAll(/\},\{"type"/g, '},\n{"type"');
}

/** What differs between two texts, by lines; empty when they are the same byte for byte. */
export function differingLines(before: string, after: string): readonly string[] {
  if (before === after) return [];
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    `${before.length} bytes before, ${after.length} after`,
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}

/** All files below a folder, lock files left out, by their paths below it. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return files.filter((file) => !file.startsWith('locks/')).sort();
}

/** The step that the newer of a record's two files names; undefined when there is none. */
export async function readStep(file: string): Promise<string | undefined> {
  let newest = -1;
  let step: string | undefined;
  for (const path of [file, file.replace(/\.json$/, '.quick.json')]) {
    try {
      const record = JSON.parse(await readFile(path, 'utf8'));
      if (record.revision <= newest) continue;
      newest = record.revision;
      step = record.step;
    } catch {
      // Not there.
    }
  }
  return step;
}
