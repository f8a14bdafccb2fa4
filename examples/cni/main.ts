#!/usr/bin/env node
import { access } from 'node:fs/promises';
import { NicError } from '../../lib/errors.js';
import { createPluginExec, nodeFiles } from '../../lib/runtime/index.js';
import { runCni } from './command.js';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => stop.abort(new NicError('ERR_CANCELLED', `stopped by ${signal}`)));
}

process.exitCode = await runCni(process.argv.slice(2), {
  env: process.env,
  print: (text) => console.log(text),
  warn: (text) => console.error(text),
  signal: stop.signal,
  files: nodeFiles,
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  // Time for plugins to take back what they did, as they would on a signal of their own.
  exec: createPluginExec({ graceMs: 2000 }),
});
