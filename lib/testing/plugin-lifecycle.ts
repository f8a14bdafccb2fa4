import assert from 'node:assert/strict';
import { type AnyResult, type CniCommand, type CniVersion, cniCodes, encodeResult, isJsonObject, parseResult } from '../cni/index.js';
import { orThrow } from '../codec.js';
import {
  assertFailed,
  assertSilent,
  type PluginBed,
  type PluginEnd,
  type PluginSuiteOptions,
  type RunPlugin,
  variables,
} from './plugin-bed.js';

type DefineCase = (title: string, body: (bed: PluginBed) => Promise<void>) => void;

/** One attachment under test. */
class Attachment {
  readonly #run: RunPlugin;
  readonly #bed: PluginBed;
  readonly #version: CniVersion;
  readonly netns: string;
  readonly ifname: string;
  readonly containerId: string;
  #result: AnyResult | undefined;

  constructor(run: RunPlugin, bed: PluginBed, version: CniVersion, netns: string, ifname: string, containerId = 'suite') {
    this.#run = run;
    this.#bed = bed;
    this.#version = version;
    this.netns = netns;
    this.ifname = ifname;
    this.containerId = containerId;
  }

  command(command: CniCommand, keys: object = {}, env: Readonly<Record<string, string>> = {}): Promise<PluginEnd> {
    const attachment = { CNI_CONTAINERID: this.containerId, CNI_NETNS: this.netns, CNI_IFNAME: this.ifname, CNI_PATH: this.#bed.path };
    const stdin = JSON.stringify({ ...this.#bed.config, cniVersion: this.#version, name: 'suite', type: 'plugin', ...keys });
    return this.#run({ env: variables(command, { ...attachment, ...env }), stdin });
  }

  /** ADD, and all that its answer must be. */
  async add(): Promise<AnyResult> {
    const end = await this.command('ADD');
    assert.equal(end.exitCode, 0, `ADD was to succeed; it said: ${end.stdout}${end.stderr}`);
    const document: unknown = JSON.parse(end.stdout);
    assert.ok(isJsonObject(document), 'the result must be an object');
    assert.equal(document['cniVersion'], this.#version, 'the result must be in the version of the configuration');
    const result = orThrow(parseResult(end.stdout, this.#version));
    this.#assertResult(result);
    this.#result = result;
    await this.#bed.verifyAdded?.(this.netns, this.ifname, result);
    return result;
  }

  #assertResult(result: AnyResult): void {
    if (!('interfaces' in result)) return;
    const own = result.interfaces.filter(({ sandbox }) => sandbox !== undefined);
    for (const { name, sandbox } of own) assert.equal(sandbox, this.netns, `the sandbox of ${name} must be the text of CNI_NETNS`);
    for (const { address, interface: index } of result.ips) {
      if (index !== undefined) assert.ok(result.interfaces[index] !== undefined, `${address} must be on one of the interfaces`);
    }
  }

  get prevResult(): object {
    return this.#result === undefined ? {} : { prevResult: encodeResult(this.#result) };
  }

  check(): Promise<PluginEnd> {
    return this.command('CHECK', this.prevResult);
  }

  async del(keys: object = this.prevResult, env: Readonly<Record<string, string>> = {}): Promise<void> {
    assertSilent(await this.command('DEL', keys, env));
  }

  async verifyRemoved(): Promise<void> {
    await this.#bed.verifyRemoved?.(this.netns, this.ifname);
  }
}

const withCheck: readonly CniVersion[] = ['0.4.0', '1.0.0', '1.1.0'];

function defineAttachmentCases(test: DefineCase, run: RunPlugin, options: PluginSuiteOptions): void {
  const { versions, damage, ifname = 'eth0' } = options;
  const newest = versions.at(-1) ?? '1.0.0';
  const attach = async (bed: PluginBed, version: CniVersion = newest): Promise<Attachment> =>
    new Attachment(run, bed, version, await bed.createNamespace(), ifname);

  for (const version of versions) {
    test(`ADD, ${withCheck.includes(version) ? 'CHECK, ' : ''}DEL and DEL again work in version ${version}`, async (bed) => {
      const one = await attach(bed, version);
      await one.add();
      if (withCheck.includes(version)) assertSilent(await one.check());
      await one.del();
      await one.verifyRemoved();
      await one.del();
    });
  }

  test('attachments made at once do not disturb each other', async (bed) => {
    const all: Attachment[] = [];
    for (const id of ['suite-1', 'suite-2', 'suite-3']) all.push(new Attachment(run, bed, newest, await bed.createNamespace(), ifname, id));
    await Promise.all(all.map((one) => one.add()));
    const [first, ...rest] = all;
    await first?.del();
    if (withCheck.includes(newest)) for (const one of rest) assertSilent(await one.check());
    await Promise.all(rest.map((one) => one.del()));
    for (const one of all) await one.verifyRemoved();
  });

  if (withCheck.includes(newest) && damage !== undefined) {
    test('CHECK fails when what ADD made is broken', async (bed) => {
      const one = await attach(bed);
      await one.add();
      await damage(one.netns, one.ifname);
      assertFailed(await one.check());
      await one.del();
    });
  }

  test('keys are matched without regard to case', async (bed) => {
    const one = await attach(bed);
    const end = await one.command('ADD', { name: undefined, NAME: 'suite', cniVersion: undefined, CNIVERSION: newest });
    assert.equal(end.exitCode, 0, `it said: ${end.stdout}${end.stderr}`);
    await one.del({ name: undefined, NAME: 'suite', cniVersion: undefined, CNIVersion: newest });
  });
}

function defineRemovalCases(test: DefineCase, run: RunPlugin, options: PluginSuiteOptions): void {
  const { versions, ifname = 'eth0' } = options;
  const newest = versions.at(-1) ?? '1.0.0';

  test('DEL succeeds for what was never added', async (bed) => {
    const one = new Attachment(run, bed, newest, await bed.createNamespace(), ifname);
    await one.del();
    await one.del();
  });

  test('DEL succeeds when the namespace is gone', async (bed) => {
    const one = new Attachment(run, bed, newest, await bed.createNamespace(), ifname);
    await one.add();
    await bed.removeNamespace(one.netns);
    await one.del();
    await one.del();
  });

  test('DEL succeeds without a namespace and without the result', async (bed) => {
    const one = new Attachment(run, bed, newest, await bed.createNamespace(), ifname);
    await one.add();
    await bed.removeNamespace(one.netns);
    await one.del({}, { CNI_NETNS: '' });
  });
}

function defineRefusalCases(test: DefineCase, run: RunPlugin, options: PluginSuiteOptions): void {
  const { versions, ownNamespace, ifname = 'eth0' } = options;
  const newest = versions.at(-1) ?? '1.0.0';

  test('ADD to what is no namespace is refused, and DEL after it succeeds', async (bed) => {
    const gone = new Attachment(run, bed, newest, '/run/netns/there-is-no-such-namespace', ifname);
    assertFailed(await gone.command('ADD'));
    await gone.del({});
    assertFailed(await new Attachment(run, bed, newest, '/dev/null', ifname).command('ADD'));
  });

  if (ownNamespace !== undefined) {
    test("ADD to the plugin's own namespace is refused with code 8", async (bed) => {
      const one = new Attachment(run, bed, newest, ownNamespace, ifname);
      assertFailed(await one.command('ADD'), cniCodes.invalidNamespace);
    });
  }

  if (newest !== '1.1.0') return;

  test('STATUS says that it can serve, or why not', async (bed) => {
    const one = new Attachment(run, bed, newest, '', '', '');
    const end = await one.command('STATUS');
    if (end.exitCode === 0) assertSilent(end);
    else assertFailed(end);
  });

  test('GC leaves valid attachments alone', async (bed) => {
    const one = new Attachment(run, bed, newest, await bed.createNamespace(), ifname);
    await one.add();
    const valid = [{ containerID: one.containerId, ifname: one.ifname }];
    const network = new Attachment(run, bed, newest, '', '', '');
    assertSilent(await network.command('GC', { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid }));
    assertSilent(await one.check());
    await one.del();
    assertSilent(await network.command('GC', { 'cni.dev/valid-attachments': [], 'cni.dev/attachments': [] }));
  });
}

/** What the protocol wants of the life of an attachment. @internal */
export function defineLifecycleCases(test: DefineCase, run: RunPlugin, options: PluginSuiteOptions): void {
  defineAttachmentCases(test, run, options);
  defineRemovalCases(test, run, options);
  defineRefusalCases(test, run, options);
}
