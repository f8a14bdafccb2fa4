import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { findWay } from './environment.js';
import { findPlugin } from './plugin-file.js';
import { Report } from './report.js';
import { tell } from './story.js';

interface DemoOptions {
  readonly plugin?: string;
  readonly standalone: boolean;
  readonly rounds: number;
  readonly jobMs: number;
}

/** The exit code of a command that Ctrl-C ended, by the shell's convention. */
const INTERRUPTED = 130;

function parseMilliseconds(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of milliseconds, at most 99999.');
  return Number(text);
}

function parseRounds(text: string): number {
  if (!/^[1-9][0-9]{0,2}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 999.');
  return Number(text);
}

async function demonstrate(options: DemoOptions): Promise<number> {
  const way = await findWay();
  if (way.kind === 'done') return way.exitCode;
  if (way.kind === 'no') {
    console.error(way.why);
    return 1;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  // A reader that goes away (a pipe to head, a closed terminal) ends the story, but everything must still be taken down.
  let heard = true;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      heard = false;
      stop.abort(new Error(`nobody reads any more: ${error.message}`));
    });
  }
  const report = new Report(
    (line) => {
      if (heard) console.log(line);
    },
    () => performance.now(),
    stop.signal,
  );
  try {
    const plugin = resolve(findPlugin(options, (text) => report.say(text)));
    report.say(`the plugin is ${plugin}`);
    await tell({ plugin, rounds: options.rounds, jobMs: options.jobMs, signal: stop.signal, report });
    report.chapter('Summary');
    report.block(report.summary());
    report.chapter('All went well, and nothing is left behind.');
    return 0;
  } catch (error) {
    report.chapter(stop.signal.aborted ? 'Stopped; nothing is left behind.' : 'Summary');
    if (stop.signal.aborted) return INTERRUPTED;
    report.block(report.summary());
    if (heard) console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

const command = new Command('demo')
  .description('Shows hostnic at work: a cloud, a VPC, a machine and pods as namespaces of this machine, and the real plugin.')
  .option('--standalone', 'show dist/hostnic-linux-<arch>, which npm run build:binary makes', false)
  .option('--plugin <file>', 'show another executable of the plugin')
  .option('--rounds <count>', 'how often each ADD is timed', parseRounds, 5)
  .option('--job-ms <ms>', 'how long the attach jobs of the second timing take', parseMilliseconds, 2_000)
  .action(async (options: DemoOptions) => {
    process.exitCode = await demonstrate(options);
  });

command.parseAsync().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
