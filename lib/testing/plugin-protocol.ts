import assert from 'node:assert/strict';
import { type CniCommand, cniCodes, compareVersions, isJsonObject, parseVersion } from '../cni/index.js';
import { orThrow } from '../codec.js';
import { assertFailed, type PluginSuiteOptions, type RunPlugin, variables } from './plugin-bed.js';

type DefineCase = (title: string, body: () => Promise<void>) => void;

function isBelow(version: string, other: string): boolean {
  return compareVersions(orThrow(parseVersion(version)), orThrow(parseVersion(other))) < 0;
}

function conf(keys: object): string {
  return JSON.stringify({ cniVersion: '1.0.0', name: 'suite', type: 'plugin', ...keys });
}

function defineVersionCases(test: DefineCase, run: RunPlugin, { versions }: PluginSuiteOptions): void {
  const assertVersions = (stdout: string): void => {
    const answer: unknown = JSON.parse(stdout);
    assert.ok(isJsonObject(answer) && typeof answer['cniVersion'] === 'string', 'the answer must have a cniVersion');
    assert.deepEqual([...(answer['supportedVersions'] as readonly string[])].sort(), [...versions].sort());
  };
  const bare = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined, CNI_PATH: undefined };

  test('VERSION names the supported versions', async () => {
    const end = await run({ env: variables('VERSION', bare), stdin: '{"cniVersion":"1.1.0"}' });
    assert.equal(end.exitCode, 0, end.stderr);
    assertVersions(end.stdout);
  });

  test('VERSION waits for no standard input', async () => {
    assertVersions((await run({ env: variables('VERSION', bare), stdin: undefined })).stdout);
  });

  test('a version that is not supported is refused with code 1', async () => {
    for (const cniVersion of ['9.9.9', '1.0', 'nonsense']) {
      for (const command of ['ADD', 'DEL'] as const) {
        assertFailed(await run({ env: variables(command), stdin: conf({ cniVersion }) }), cniCodes.incompatibleVersion);
      }
    }
  });

  const before = (version: string): string | undefined => versions.find((one) => isBelow(one, version));
  const since = (version: string): boolean => versions.some((one) => !isBelow(one, version));
  const gates: readonly (readonly [command: CniCommand, version: string])[] = [
    ['CHECK', '0.4.0'],
    ['GC', '1.1.0'],
    ['STATUS', '1.1.0'],
  ];
  for (const [command, version] of gates) {
    const older = before(version);
    if (older === undefined || !since(version)) continue;
    test(`${command} is refused with code 1 in version ${older}, which does not have it`, async () => {
      assertFailed(await run({ env: variables(command), stdin: conf({ cniVersion: older }) }), cniCodes.incompatibleVersion);
    });
  }
}

function defineEnvironmentCases(test: DefineCase, run: RunPlugin, version: string): void {
  const stdin = conf({ cniVersion: version });
  const required: readonly (readonly [command: CniCommand, names: readonly string[]])[] = [
    ['ADD', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['DEL', ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH']],
  ];
  for (const [command, names] of required) {
    test(`${command} names each variable that is missing, with code 4`, async () => {
      for (const name of names) {
        for (const value of [undefined, '']) {
          const { msg } = assertFailed(await run({ env: variables(command, { [name]: value }), stdin }), cniCodes.invalidEnvironment);
          assert.ok(msg.includes(name), `the message must name ${name}: ${msg}`);
        }
      }
    });
  }

  test('a bad container id or interface name is refused with code 4', async () => {
    const bad = [
      { CNI_CONTAINERID: '../x' },
      { CNI_CONTAINERID: '-x' },
      { CNI_IFNAME: 'much-too-long-name' },
      { CNI_IFNAME: 'a/b' },
      { CNI_IFNAME: '..' },
    ];
    for (const env of bad) assertFailed(await run({ env: variables('ADD', env), stdin }), cniCodes.invalidEnvironment);
  });

  test('an unknown command is refused with code 4', async () => {
    assertFailed(await run({ env: { ...variables('ADD'), CNI_COMMAND: 'add' }, stdin }), cniCodes.invalidEnvironment);
  });
}

function defineInputCases(test: DefineCase, run: RunPlugin, version: string): void {
  const texts: Readonly<Record<string, string>> = {
    nothing: '',
    'no JSON': 'name=x',
    'a list': '[]',
    'text after the object': `${conf({ cniVersion: version })} x`,
    'an object that is cut': conf({ cniVersion: version }).slice(0, -1),
    'nesting of 100,000 levels': `{"name":"suite","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  };
  for (const [name, stdin] of Object.entries(texts)) {
    test(`${name} on standard input is refused with code 6`, async () => {
      for (const command of ['ADD', 'DEL'] as const) {
        assertFailed(await run({ env: variables(command), stdin }), cniCodes.decodingFailure);
      }
    });
  }

  test('a network name that is missing or none is refused with code 7', async () => {
    for (const name of [undefined, '', '../x', 'a b']) {
      assertFailed(await run({ env: variables('ADD'), stdin: conf({ cniVersion: version, name }) }), cniCodes.invalidNetworkConfig);
    }
  });
}

/** What the protocol wants of any plugin before it does anything. @internal */
export function defineProtocolCases(test: DefineCase, run: RunPlugin, options: PluginSuiteOptions): void {
  const newest = options.versions.at(-1) ?? '1.0.0';
  defineVersionCases(test, run, options);
  defineEnvironmentCases(test, run, newest);
  defineInputCases(test, run, newest);
}
