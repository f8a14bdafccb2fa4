import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import { loadNetwork, loadNetworks, type NetworkList } from '../../../lib/runtime/index.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { saysAsReference } from '../../support/reference-text.js';
import { rejection } from '../../support/rejection.js';

interface Vector {
  readonly name: string;
  readonly network: string;
  readonly files: Readonly<Record<string, unknown>> | null;
  readonly loaded?: {
    readonly cniVersion: string;
    readonly disableCheck: boolean;
    readonly disableGC: boolean;
    readonly loadOnlyInlinedPlugins: boolean;
    readonly name: string;
    readonly plugins: readonly unknown[];
  };
  readonly error?: string;
  readonly kind?: string;
}

const vectors = JSON.parse(readFileSync(new URL('../../fixtures/cni/conf.json', import.meta.url), 'utf8')) as readonly Vector[];

/** The codes that stand for the reference's kinds of errors. */
const codes: Readonly<Record<string, string>> = {
  'no-configs-found': 'ERR_NO_NETWORKS',
  'not-found': 'ERR_NETWORK_NOT_FOUND',
  other: 'ERR_CONFIG',
};

function filesOf(contents: Vector['files']): MemoryFiles {
  const files = new MemoryFiles();
  for (const [name, content] of Object.entries(contents ?? {})) {
    files.set(`/conf/${name}`, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return files;
}

/** The one difference: the file is named at the end. */
function withoutFile(message: string): string {
  return message.replace(/ \(in \/conf\/[^)]*\)$/, '').replaceAll('/conf', 'CONFDIR');
}

function loadFrom(contents: Readonly<Record<string, unknown>>, network = 'n1'): Promise<NetworkList> {
  return loadNetwork('/conf', network, filesOf(contents));
}

describe('loadNetwork()', () => {
  it('has the recorded folders to load from', () => {
    expect(vectors.length).to.be.at.least(30);
  });

  for (const vector of vectors) {
    it(`loads ${vector.name} as the reference does`, async () => {
      const files = filesOf(vector.files);
      if (vector.error !== undefined) {
        const error = await rejection(loadNetwork('/conf', vector.network, files));
        expect(error.code).to.equal(codes[vector.kind ?? '']);
        expect(saysAsReference(withoutFile(error.message), vector.error), `${error.message}\ninstead of\n${vector.error}`).to.equal(true);
        return;
      }
      const { disableGc, plugins, bytes, ...rest } = await loadNetwork('/conf', vector.network, files);
      expect({ ...rest, disableGC: disableGc, plugins: plugins.map(({ raw }) => raw) }).to.deep.equal(vector.loaded);
      expect(JSON.parse(new TextDecoder().decode(bytes))).to.include({ name: vector.network });
    });
  }

  it('names the file that cannot be understood, and quotes nothing of it', async () => {
    const error = await rejection(loadFrom({ 'a.conflist': '{"name":"n1","secret":"s3cret"' }), 'ERR_CONFIG');
    expect(error.message).to.match(/ \(in \/conf\/a\.conflist\)$/);
    expect(error.message).not.to.include('s3cret');
  });

  it('keeps the bytes of a list as they are, and makes those of a list from a single plugin', async () => {
    const text = '{ "name": "n1",\n "plugins": [ {"type": "pa"} ] }\n';
    expect(new TextDecoder().decode((await loadFrom({ 'a.conflist': text })).bytes)).to.equal(text);
    const single = await loadFrom({ 'a.conf': '{"type":"pa","name":"n1","x":1.50}' });
    expect(new TextDecoder().decode(single.bytes)).to.equal('{"cniVersion":"","name":"n1","plugins":[{"type":"pa","name":"n1","x":1.5}]}');
  });

  it('never leaves its folder for a network whose name is a path', async () => {
    const files = filesOf({ 'sub/a.conflist': '{"name":"../other"}', 'other/10.conf': '{"type":"evil"}' });
    const error = await rejection(loadNetwork('/conf/sub', '../other', files), 'ERR_CONFIG');
    expect(error.message).to.include('no plugin configs found');
  });

  it('matches keys of plugins without regard to case, and those of lists as they are', async () => {
    const list = await loadFrom({ 'a.conflist': { name: 'n1', plugins: [{ TYPE: 'pa', Capabilities: { mac: true, ips: null } }] } });
    expect(list.plugins[0]).to.include({ type: 'pa' });
    expect(list.plugins[0]?.capabilities).to.deep.equal({ mac: true, ips: false });
  });

  const refused: readonly { readonly name: string; readonly list: unknown; readonly says: string }[] = [
    { name: 'a name that is no text', list: { name: 5 }, says: 'invalid name type float64' },
    { name: 'a version that is no text', list: { name: 'n1', cniVersion: null }, says: 'invalid cniVersion type <nil>' },
    { name: 'versions that are no list', list: { name: 'n1', cniVersions: 'x' }, says: 'invalid type for cniVersions: string' },
    { name: 'a version that is none', list: { name: 'n1', cniVersions: ['1.0', 'x'] }, says: 'invalid cniVersions entry x at index 1' },
    {
      name: 'a flag that is neither true nor false',
      list: { name: 'n1', disableCheck: 'yes' },
      says: 'invalid value "yes" for disableCheck',
    },
    { name: 'a flag that is null', list: { name: 'n1', disableGC: null }, says: 'invalid type <nil> for disableGC' },
    {
      name: 'inlined plugins only, without any',
      list: { name: 'n1', loadOnlyInlinedPlugins: true },
      says: "`loadOnlyInlinedPlugins` is true, and no 'plugins' key",
    },
    {
      name: 'a plugin without a type',
      list: { name: 'n1', plugins: [{ type: 'a' }, {}] },
      says: "plugin config 1: error parsing configuration: missing 'type'",
    },
    { name: 'a plugin that is null', list: { name: 'n1', plugins: [null] }, says: "missing 'type'" },
    {
      name: 'name servers that are no list',
      list: { name: 'n1', plugins: [{ type: 'a', dns: { nameservers: 'x' } }] },
      says: 'dns.nameservers',
    },
    { name: 'a result that is no object', list: { name: 'n1', plugins: [{ type: 'a', prevResult: [] }] }, says: 'prevResult' },
  ];
  for (const { name, list, says } of refused) {
    it(`refuses ${name}`, async () => {
      expect((await rejection(loadFrom({ 'a.conflist': list }), 'ERR_CONFIG')).message).to.include(says);
    });
  }

  it('refuses nesting that could not be handed to a plugin', async () => {
    const deep = `{"name":"n1","plugins":[{"type":"pa","x":${'['.repeat(9000)}${']'.repeat(9000)}}]}`;
    expect((await rejection(loadFrom({ 'a.conflist': deep }), 'ERR_CONFIG')).message).to.include('nested too deep');
  });

  it('passes on that a folder cannot be read', async () => {
    const files = filesOf({ 'a.conflist': { name: 'n1', plugins: [{ type: 'pa' }] } });
    files.fail('list', '/conf/n1');
    const error = await rejection(loadNetwork('/conf', 'n1', files), 'ERR_IO');
    expect(error.message).to.match(/^failed to read plugin config files in \/conf\/n1: /);
  });
});

describe('loadNetworks()', () => {
  it('gives every file in the order of the search, broken ones with their error', async () => {
    const files = filesOf({
      '10.conf': { name: 'single', type: 'pa' },
      '20.conflist': { name: 'list', plugins: [{ type: 'pb' }] },
      '05.json': 'garbage',
      'README.md': 'no configuration',
    });
    const found = await loadNetworks('/conf', files);
    expect(found.map(({ file }) => file)).to.deep.equal(['/conf/20.conflist', '/conf/05.json', '/conf/10.conf']);
    expect(found.map(({ network }) => network?.name)).to.deep.equal(['list', undefined, 'single']);
    expect(isNicError(found[1]?.error, 'ERR_CONFIG')).to.equal(true);
  });

  it('gives nothing where there is no folder', async () => {
    expect(await loadNetworks('/nowhere', new MemoryFiles())).to.deep.equal([]);
  });
});
