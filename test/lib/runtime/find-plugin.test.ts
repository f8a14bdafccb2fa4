import { expect } from 'chai';
import { findPlugin } from '../../../lib/runtime/index.js';
import { rejection } from '../../support/rejection.js';

const nothing = async (): Promise<boolean> => false;

describe('findPlugin()', () => {
  const refused: readonly { readonly type: string; readonly folders: readonly string[]; readonly message: string }[] = [
    { type: '', folders: ['/a'], message: 'no plugin name provided' },
    { type: '../x', folders: ['/a'], message: 'invalid plugin name: ../x' },
    { type: 'x', folders: [], message: 'no paths provided' },
    { type: 'x', folders: ['/a', '/b'], message: 'failed to find plugin "x" in path [/a /b]' },
  ];
  for (const { type, folders, message } of refused) {
    it(`says: ${message}`, async () => {
      expect((await rejection(findPlugin(type, folders, nothing), 'ERR_PLUGIN')).message).to.equal(message);
    });
  }

  it('takes the first folder that has it', async () => {
    expect(await findPlugin('x', ['/a', '/b', '/c'], async (path) => path !== '/a/x')).to.equal('/b/x');
  });

  it('never gives a bare name, which would be looked for in PATH', async () => {
    expect(await findPlugin('x', ['.'], async () => true)).to.equal('./x');
    await rejection(
      findPlugin('x', [''], async () => true),
      'ERR_PLUGIN',
    );
  });
});
