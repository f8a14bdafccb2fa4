import { slim } from './slim.js';

/** As much of Bun's bundler as is used here. */
declare const Bun: {
  build(options: Readonly<Record<string, unknown>>): Promise<{ readonly success: boolean; readonly logs: readonly unknown[] }>;
};

/**
 * Compiles the plugin to one executable. Run by Bun itself: `compile.ts <entry> <outfile> <target> [<runtime of the target>]`.
 *
 * Bytecode and splitting make a start cheap: a chunk that is not reached costs nothing, one that is reached is not parsed.
 * The policy keeps the optimizing compilers from starting up within a run of a few milliseconds.
 * Without the four `autoload…` the executable would read settings from the working directory, whose `preload` runs code as root.
 * It leaves that directory before anything else, and so runs even where it was deleted, which Bun refuses otherwise.
 */
async function compile([entry, outfile, target, executablePath]: readonly string[]): Promise<void> {
  const { success, logs } = await Bun.build({
    entrypoints: [entry],
    target: 'bun',
    format: 'esm',
    splitting: true,
    bytecode: true,
    plugins: [slim],
    compile: {
      target,
      outfile,
      ...(executablePath === undefined ? {} : { executablePath }),
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

await compile(process.argv.slice(2));
