import { existsSync } from 'node:fs';
import { requireLive } from './live.js';
import { stockPlugins } from './plugin-machine.js';

/**
 * Skips tests of the stock plugins, with a printed reason, where they cannot run. With `CI=true` that is a failure instead.
 * @param context the `this` of a mocha `before`
 * @param tools commands the test needs besides
 */
export function requireStockPlugins(context: Mocha.Context, tools: readonly string[] = []): void {
  requireLive(context, ['ip', 'nsenter', 'unshare', ...tools]);
  if (existsSync(`${stockPlugins}/bridge`)) return;
  const reason = `there are no plugins in ${stockPlugins}: apt-get install containernetworking-plugins`;
  if (process.env['CI'] === 'true') throw new Error(`a test cannot run, and CI=true: ${reason}`);
  console.log(`    skipped: ${reason}`);
  context.skip();
}
