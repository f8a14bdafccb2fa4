import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import { silentLogger } from '../../../lib/log.js';
import { readConfig } from '../../../providers/qingcloud/config-file.js';
import { createQingCloudProvider } from '../../../providers/qingcloud/index.js';
import { readInstanceId } from '../../../providers/qingcloud/instance-id.js';

const SOURCE = 'qy_access_key_id: QYACCESSKEYIDEXAMPLE\nqy_secret_access_key: SECRETACCESSKEY\nzone: pek3a\n';

let folder: string;

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isNicError(error, 'ERR_CONFIG')) return error.message;
    throw error;
  }
  throw new Error('it resolved');
}

async function write(name: string, text: string, mode = 0o600): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

describe('files of the QingCloud provider', () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostnic-config-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  describe('readConfig()', () => {
    it('tells one version of a file from the next, by nothing that is in it', async () => {
      const first = await readConfig(await write('repaired.yaml', SOURCE));
      const same = await readConfig(join(folder, 'repaired.yaml'));
      expect(same.revision).to.equal(first.revision);
      let second = first;
      // The file system's clock has ticks of some milliseconds.
      while (second.revision === first.revision) second = await readConfig(await write('repaired.yaml', SOURCE));
      expect(second).to.deep.equal({ ...first, revision: second.revision });
      const identity = (config: typeof first): string | undefined => createQingCloudProvider({ config }).identity;
      expect(identity(second)).to.not.equal(identity(first));
      expect(identity({ ...first, zone: 'ap2a' })).to.not.equal(identity(first));
      expect(identity({ ...first, secretAccessKey: 'THE-SECRET-KEY' })).to.equal(identity(first));
    });

    it('reads a file', async () => {
      expect(await readConfig(await write('good.yaml', SOURCE))).to.include({ zone: 'pek3a', accessKeyId: 'QYACCESSKEYIDEXAMPLE' });
    });

    it('warns when everybody may read the secret, and does not show it', async () => {
      const heard: string[] = [];
      const log = { ...silentLogger, warn: (message: string) => void heard.push(message) };
      await readConfig(await write('private.yaml', SOURCE, 0o640), { log });
      expect(heard).to.deep.equal([]);
      const open = await write('open.yaml', SOURCE, 0o644);
      await readConfig(open, { log });
      expect(heard).to.have.length(1);
      expect(heard[0]).to.include(`chmod 600 ${open}`).and.not.to.include('SECRETACCESSKEY');
      const worse = await write('worse.yaml', SOURCE, 0o606);
      await readConfig(worse, { log });
      expect(heard.slice(1)).to.deep.equal([
        `${worse} holds the secret access key and everybody on this host may read it; run: chmod 600 ${worse}`,
        `${worse} says where requests go and everybody on this host may change it; run: chmod 600 ${worse}`,
      ]);
    });

    it('names a file that is missing or no file', async () => {
      const missing = join(folder, 'missing.yaml');
      expect(await refusal(readConfig(missing))).to.equal(`${missing}: there is no such provider file`);
      expect(await refusal(readConfig(folder))).to.equal(`${folder}: this cannot be the provider file: it is no plain file`);
      const below = join(await write('plain', SOURCE), 'x.yaml');
      expect(await refusal(readConfig(below))).to.equal(`${below}: there is no such provider file`);
    });

    it('refuses a pipe at once, which could be read for ever, and a file that is too large', async () => {
      const pipe = join(folder, 'pipe.yaml');
      expect(spawnSync('mkfifo', [pipe]).status).to.equal(0);
      expect(await refusal(readConfig(pipe))).to.equal(`${pipe}: this cannot be the provider file: it is no plain file`);
      expect(await refusal(readInstanceId(pipe))).to.match(/: it is no plain file$/);
      expect(await refusal(readConfig('/dev/zero'))).to.match(/: it is no plain file$/);
      const large = await write('large.yaml', `# ${'x'.repeat(2 ** 20)}\n${SOURCE}`);
      expect(await refusal(readConfig(large))).to.match(/: it is larger than 1 MiB$/);
    });

    it('names file and key that are wrong', async () => {
      const file = await write('wrong.yaml', SOURCE.replace('pek3a', 'PEK3A'));
      expect(await refusal(readConfig(file))).to.match(new RegExp(`^${file}: zone must be`));
    });

    it('takes ~/ for the home folder', async () => {
      const name = `hostnic-test-${process.pid}-missing.yaml`;
      expect(await refusal(readConfig(`~/${name}`))).to.include(`${homedir()}/${name}: there is no such`);
    });
  });

  describe('readInstanceId()', () => {
    it('cuts off white space', async () => {
      expect(await readInstanceId(await write('id', ' i-0abcdef1\r\n'))).to.equal('i-0abcdef1');
    });

    it('refuses what is no id, and names the file', async () => {
      for (const text of ['', '\n', 'i-0abc def', 'i-1\ni-2\n', '../x', 'i'.repeat(65), '-x']) {
        const file = await write('bad-id', text);
        expect(await refusal(readInstanceId(file)), JSON.stringify(text)).to.match(new RegExp(`^${file}: must hold the id`));
      }
      const missing = join(folder, 'no-id');
      expect(await refusal(readInstanceId(missing))).to.match(new RegExp(`^${missing}: the id of this instance cannot be read`));
    });
  });
});
