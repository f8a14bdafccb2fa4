import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

declare const Bun: { readonly main: string };

/** Takes the place of `startWorker()` in an executable of tests: the executable's own entry runs the module, which is compiled in. */
export function startWorker(module: URL, workerData?: unknown): Worker {
  return new Worker(Bun.main, { workerData, argv: ['--import', 'tsx', fileURLToPath(module)] });
}
