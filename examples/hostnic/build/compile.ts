import { type BundlerPlugin, slim } from './slim.js';

/** As much of Bun's bundler as is used here. */
declare const Bun: {
  build(options: Readonly<Record<string, unknown>>): Promise<{ readonly success: boolean; readonly logs: readonly unknown[] }>;
};

/** What is compiled to what. */
export interface CompileOptions {
  /** The file that runs first. */
  readonly entry: string;
  /** Where the executable goes. */
  readonly outfile: string;
  /** What it runs on, as {@link BunRelease} calls it. */
  readonly target: string;
  /** The Bun it becomes part of; the one that compiles by default. */
  readonly runtime?: string;
  /** Plugins of the bundler beside {@link slim}. */
  readonly plugins?: readonly BundlerPlugin[];
}

/**
 * Compiles to one executable. Works in Bun only.
 *
 * Bytecode and splitting make a start cheap: a chunk that is not reached costs nothing, one that is reached is not parsed.
 * The policy keeps the optimizing compilers from starting up within a run of a few milliseconds.
 * Without the four `autoload…` the executable would read settings from the working directory, whose `preload` runs code as root.
 * It leaves that directory before anything else, and so runs even where it was deleted, which Bun refuses otherwise.
 */
export async function compile({ entry, outfile, target, runtime, plugins = [] }: CompileOptions): Promise<void> {
  const { success, logs } = await Bun.build({
    entrypoints: [entry],
    target: 'bun',
    format: 'esm',
    splitting: true,
    bytecode: true,
    plugins: [slim, ...plugins],
    compile: {
      target,
      outfile,
      ...(runtime === undefined ? {} : { executablePath: runtime }),
      execArgv: ['--cwd=/'],
      jitPolicy: 10,
      autoloadBunfig: false,
      autoloadDotenv: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  if (!success) throw new AggregateError(logs, `${entry} could not be compiled`);
}
