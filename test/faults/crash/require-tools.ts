import { requireLive } from '../../support/live.js';
import { findFakeTime } from './shifted-clock.js';

/** For `before`: skips, with a printed reason, where a machine of its own in a time of its own cannot be had. With `CI=true` that is a failure. */
export function requireCrashTools(this: Mocha.Context): void {
  requireLive(this, ['ip', 'nsenter', 'strace', 'unshare']);
  if (findFakeTime() !== undefined) return;
  const reason = 'libfaketime is not installed (Debian package faketime)';
  if (process.env['CI'] === 'true') throw new Error(`a live test cannot run, and CI=true: ${reason}`);
  console.log(`    skipped: ${reason}`);
  this.skip();
}
