import type { Contender } from './contender.js';
import { ipCommand, runIp } from './ip-command.js';
import type { Contenders } from './programs.js';
import { printFigure } from './report.js';
import { openStage } from './stage.js';

const LINKS = 3;

interface Times {
  readonly name: string;
  readonly times: { readonly start: number[]; readonly first: number[] };
  readonly residentMiB: undefined;
  missing: string | undefined;
}

async function startOnce(contender: Contender, namespacePath: string, { start, first }: Times['times']): Promise<void> {
  if (contender === ipCommand) {
    start.push(runIp(namespacePath, ['-d', '-j', 'link']).ms);
    return;
  }
  const begun = performance.now();
  const runner = await contender.start({ task: 'dump', count: LINKS }, namespacePath);
  try {
    const { dump = [] } = await runner.turn();
    start.push(performance.now() - begun);
    first.push(...dump);
  } finally {
    await runner.stop();
  }
}

/** From the start of a program until it has listed three links: loading the library, opening a socket, the first request. */
export async function benchStart({ ours, peers }: Contenders, { rounds }: { readonly rounds: number }): Promise<void> {
  const stage = await openStage(0);
  try {
    const all = [ours, ...peers].map((contender) => {
      const missing = 'missing' in contender ? contender.missing : undefined;
      const samples: Times = { name: contender.name, times: { start: [], first: [] }, residentMiB: undefined, missing };
      return { contender, samples };
    });
    for (let round = 0; round <= rounds; round++) {
      for (const { contender, samples } of all) {
        if ('missing' in contender || samples.missing !== undefined) continue;
        try {
          await startOnce(contender, stage.here, samples.times);
        } catch (error) {
          samples.missing = error instanceof Error ? error.message : String(error);
        }
      }
    }
    const samples = all.map((one) => one.samples);
    printFigure({ bench: `netlink: start a program and list ${LINKS} links`, of: 'start' }, samples);
    printFigure({ bench: 'netlink: the first listing after the start', of: 'first' }, samples);
  } finally {
    stage.close();
  }
}
