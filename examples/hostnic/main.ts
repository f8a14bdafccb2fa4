#!/usr/bin/env node
import { writeSync } from 'node:fs';

/**
 * Everything is imported when it is known to be needed: a runtime may ask VERSION for each plugin on each of its own starts, and a plugin that
 * was copied instead of linked has none of the files beside it and must still answer as CNI wants.
 */
async function main(): Promise<void> {
  if (process.env['CNI_COMMAND'] === 'VERSION') {
    const { answerVersion } = await import('./version.js');
    answerVersion();
    return;
  }
  // Runtimes call a plugin without arguments, and name a command; a person does neither.
  if ((process.env['CNI_COMMAND'] ?? '') === '' && process.argv.length > 2) {
    const { runByHand } = await import('./by-hand.js');
    await runByHand(process.argv.slice(2));
    return;
  }
  const { runHostnic } = await import('./plugin.js');
  await runHostnic();
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  const advice = missing
    ? '; link to dist/hostnic of the package instead of copying it, or use the standalone file hostnic-linux-<arch>'
    : '';
  const answer = { cniVersion: '1.1.0', code: 999, msg: `hostnic cannot start${advice}`, details: message };
  writeSync(1, JSON.stringify(answer, undefined, 4));
  process.exit(1);
});
