import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import type { PluginExec } from '../../../lib/cni/index.js';
import { isNicError } from '../../../lib/errors.js';
import { PluginCallError, parseNetworkList, parsePluginConfig, parseSingleNetwork } from '../../../lib/runtime/index.js';
import { seededRandom } from '../../support/random.js';
import { attachment, makeRuntimeBed, networkOf, silentEnd } from '../../support/runtime-bed.js';

const random = seededRandom();
const rounds = 400;

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(random.next() * items.length)] as T;
}

/** Keys that mean something somewhere, so that random documents get past the first check. */
const keys = ['name', 'cniVersion', 'cniVersions', 'plugins', 'type', 'capabilities', 'ipam', 'dns', 'prevResult', 'disableCheck', 'kind'];
const moreKeys = [
  'result',
  'config',
  'containerId',
  'ifName',
  'networkName',
  'cniArgs',
  'ips',
  'interfaces',
  'address',
  'code',
  'msg',
  '__proto__',
  '',
];
const leaves = [null, true, false, 0, -1, 1e300, '', 'n1', '1.1.0', '0.1.0', 'cniCacheV1', '10.0.0.1/24', 'ä\u0000', 'eth0'];

function randomValue(depth: number): unknown {
  const shape = random.next();
  if (depth === 0 || shape < 0.4) return pick<unknown>(leaves);
  const size = Math.floor(random.next() * 4);
  if (shape < 0.6) return Array.from({ length: size }, () => randomValue(depth - 1));
  return Object.fromEntries(Array.from({ length: size + 1 }, () => [pick([...keys, ...moreKeys]), randomValue(depth - 1)]));
}

/** A document that is almost one: cut, with bytes changed, or whole. */
function randomText(): string {
  const text = JSON.stringify(randomValue(5));
  const damage = random.next();
  if (damage < 0.2) return text.slice(0, Math.floor(random.next() * text.length));
  if (damage < 0.3) return text.replace(/./, String.fromCharCode(Math.floor(random.next() * 256)));
  return text;
}

describe(`the runtime side given anything at all (${random.label})`, () => {
  it('parses configurations or says what is wrong, and never throws', () => {
    for (let round = 0; round < rounds; round++) {
      const text = randomText();
      for (const parse of [parseNetworkList, parseSingleNetwork, parsePluginConfig]) {
        const parsed = parse(new TextEncoder().encode(text));
        if (E.isLeft(parsed)) expect(isNicError(parsed.left, 'ERR_CONFIG'), text).to.equal(true);
      }
    }
  });

  it('makes a result of what a plugin answers or a PluginCallError', async () => {
    let stdout = '';
    let exitCode = 0;
    const exec: PluginExec = { find: async () => '/x', run: async () => ({ ...silentEnd, stdout, exitCode, ending: 'exit status 1' }) };
    const { runtime } = makeRuntimeBed({ exec });
    for (let round = 0; round < rounds; round++) {
      stdout = randomText();
      exitCode = random.next() < 0.5 ? 0 : 1;
      try {
        const result = await runtime.add(networkOf([{ type: 'pa' }], {}, pick(['', '0.2.0', '0.4.0', '1.1.0'])), attachment);
        expect(exitCode, stdout).to.equal(0);
        expect(result.cniVersion, stdout).to.be.a('string');
      } catch (error) {
        if (!(error instanceof PluginCallError)) throw new Error(`not typed, for ${stdout}`, { cause: error });
        expect(error.stdout).to.equal(stdout);
      }
    }
  });

  it('lives with any content of the cache: DEL always succeeds and clears it, CHECK succeeds or says why not', async () => {
    for (let round = 0; round < rounds; round++) {
      const { runtime, files } = makeRuntimeBed();
      const content = random.next() < 0.5 ? randomText() : JSON.stringify({ kind: 'cniCacheV1', ...(randomValue(3) as object | null) });
      files.set('/cache/results/n1-ctr1-eth0', content);
      const list = networkOf([{ type: 'pa' }], {}, pick(['0.4.0', '1.0.0', '1.1.0']));
      await runtime.check(list, attachment).catch((error: unknown) => {
        if (!isNicError(error)) throw new Error(`not typed, for ${content}`, { cause: error });
      });
      await runtime.attachments();
      await runtime.del(list, attachment);
      // What says it belongs to another attachment stays.
      const left = files.text('/cache/results/n1-ctr1-eth0');
      if (left !== undefined) expect(left).to.match(/networkName|containerId|ifName/i);
    }
  });

  it('refuses deep nesting within a second, in configurations and in answers', async () => {
    const deep = `{"name":"n1","type":"pa","plugins":[{"type":"pa","x":${'['.repeat(500_000)}`;
    const startedAt = performance.now();
    expect(E.isLeft(parseNetworkList(new TextEncoder().encode(deep)))).to.equal(true);
    expect(E.isLeft(parseSingleNetwork(new TextEncoder().encode(deep + ']'.repeat(500_000))))).to.equal(true);
    const stdout = `{"cniVersion":"1.1.0","x":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
    const exec: PluginExec = { find: async () => '/x', run: async () => ({ ...silentEnd, stdout }) };
    const { runtime } = makeRuntimeBed({ exec });
    await runtime.add(networkOf([{ type: 'pa' }]), attachment).catch((error: unknown) => {
      if (!(error instanceof PluginCallError)) throw error;
    });
    expect(performance.now() - startedAt).to.be.below(1000);
  });
});
