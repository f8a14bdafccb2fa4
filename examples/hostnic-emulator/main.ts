#!/usr/bin/env node
import { isNicError } from '../../lib/errors.js';
import { createCommand } from './command.js';
import { serve } from './serve.js';

/** Resolves at the first signal that asks to stop, and when nobody reads any more what is printed. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.on('error', () => resolve());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

const command = createCommand(async (options) => {
  const stopped = untilStopped();
  const running = await serve(options, (line) => console.log(line));
  await stopped;
  await running.close();
});

command.parseAsync().catch((error: unknown) => {
  // What the user can mend is said in a line; anything else is a defect, and shown whole.
  console.error(isNicError(error) ? `hostnic-emulator: ${error.message}` : error);
  process.exitCode = 1;
});
