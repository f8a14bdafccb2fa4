/** Writes test/fixtures/qingcloud/go-proxies.json: which proxy Go's HTTP client takes for which variables. Needs Go. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROXIES = [
  { HTTPS_PROXY: 'http://proxy.test:3128' },
  { https_proxy: 'proxy.test:3128' },
  { HTTPS_PROXY: 'https://[2001:db8::1]:8443', https_proxy: 'http://other.test' },
  { HTTP_PROXY: 'http://plain.test:8080' },
  { HTTPS_PROXY: '', https_proxy: 'http://lower.test:1' },
  { HTTPS_PROXY: 'http://user:secret@proxy.test:3128' },
  { ALL_PROXY: 'http://all.test:1' },
];
const LISTS = [
  '*',
  'api.test',
  '.api.test',
  '*.api.test',
  'test',
  'API.Test',
  'pi.test',
  'api.test:443',
  'api.test:8443',
  ' other.test , api.test ',
  '*.test:8443',
  'a*',
  ',,',
  '10.0.0.0/8',
  '10.1.2.3',
  '10.1.2.3:443',
  '10.1.2.3:8443',
  '10.0.0.0/33',
  '10.1.2',
  '2001:db8::/32',
  '2001:db8::5',
  '[2001:db8::5]:8443',
  '[2001:db8::5]:443',
  ':443',
  '127.0.0.1',
];
const TARGETS = [
  'https://api.test:443/iaas',
  'https://x.api.test:8443/iaas',
  'https://API.TEST:443/',
  'https://10.1.2.3:443/',
  'https://10.1.2.3:8443/',
  'https://[2001:db8::5]:443/',
  'https://[2001:db8::5]:8443/',
  'http://api.test:80/iaas',
  'https://localhost:443/',
  'https://127.0.0.1:443/',
  'https://127.9.9.9:443/',
  'https://[::1]:443/',
];

const folder = mkdtempSync(join(tmpdir(), 'hostnic-go-'));
const program = join(folder, 'go-proxies');
const source = fileURLToPath(new URL('./go-proxies/main.go', import.meta.url));
execFileSync('go', ['build', '-o', program, source], { stdio: 'inherit' });
const ask = (env: Readonly<Record<string, string>>, target: string) => ({
  env,
  target,
  proxy: execFileSync(program, [target], { env: { ...env }, encoding: 'utf8' }),
});
const base = { HTTPS_PROXY: 'http://proxy.test:3128', HTTP_PROXY: 'http://plain.test:8080' };
const cases = [
  ...PROXIES.flatMap((env) => ['https://api.test:443/iaas', 'http://api.test:80/iaas'].map((target) => ask(env, target))),
  ...LISTS.flatMap((list) => TARGETS.map((target) => ask({ ...base, NO_PROXY: list }, target))),
  ask({ ...base, no_proxy: 'api.test' }, 'https://api.test:443/iaas'),
  ask({ ...base, NO_PROXY: 'x', no_proxy: 'api.test' }, 'https://api.test:443/iaas'),
];
const go = execFileSync('go', ['version'], { encoding: 'utf8' }).trim();
const lines = cases.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
writeFileSync(
  new URL('../fixtures/qingcloud/go-proxies.json', import.meta.url),
  `{\n  "origin": "net/http.ProxyFromEnvironment of ${go}; written by test/support/capture-proxies.ts",\n  "cases": [\n${lines}\n  ]\n}\n`,
);
rmSync(folder, { recursive: true });
