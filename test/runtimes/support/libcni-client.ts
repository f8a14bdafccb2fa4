import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { requireLive } from '../../support/live.js';
import { runCommand } from '../../support/machine.js';

/** Where Debian's golang-github-appc-cni-dev puts the reference library. */
const goPath = '/usr/share/gocode';

/** Skips tests of the reference library, with a printed reason, where there is none. With `CI=true` that is a failure instead. */
export function requireLibcni(context: Mocha.Context, tools: readonly string[] = []): void {
  requireLive(context, ['go', 'ip', 'nsenter', 'unshare', ...tools]);
  if (existsSync(`${goPath}/src/github.com/containernetworking/cni/libcni`)) return;
  const reason = 'the reference library is not installed: apt-get install golang-go golang-github-appc-cni-dev';
  if (process.env['CI'] === 'true') throw new Error(`a test cannot run, and CI=true: ${reason}`);
  console.log(`    skipped: ${reason}`);
  context.skip();
}

/** Builds the client on the reference library. @param target path of the executable */
export async function buildLibcniClient(target: string): Promise<void> {
  const cwd = resolve(import.meta.dirname, '../libcni-client');
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: goPath, GOFLAGS: '', CGO_ENABLED: '0' };
  const end = await runCommand('go', ['build', '-o', target, '.'], { cwd, env, limitMs: 300_000 });
  if (end.code !== 0) throw new Error(`the client on the reference library cannot be built: ${end.stderr}`);
}
