import { Worker } from 'node:worker_threads';

/** Starts a TypeScript module as a worker thread. Node.js needs a loader for that, which its workers do not inherit; Bun does not. */
export function startWorker(module: URL, workerData?: unknown): Worker {
  if (process.versions['bun'] !== undefined) return new Worker(module, { workerData });
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const script = `import(${loader}).then(({ register }) => { register(); return import(${JSON.stringify(module.href)}); });`;
  return new Worker(script, { eval: true, workerData });
}
