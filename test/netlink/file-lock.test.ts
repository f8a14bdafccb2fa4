import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { fileLocker } from '../../netlink/file-lock.js';

describe('fileLocker', () => {
  let folder: string;
  let path: string;
  let child: ChildProcess | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hn-lock-'));
    path = join(folder, 'lock');
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    child = undefined;
    rmSync(folder, { recursive: true });
  });

  it('gives the lock to one descriptor at a time, and again to the one that has it', () => {
    const first = openSync(path, 'w');
    const second = openSync(path, 'w');
    expect(fileLocker.tryLock(first)).to.equal(true);
    expect(fileLocker.tryLock(second)).to.equal(false);
    expect(fileLocker.tryLock(first)).to.equal(true);
    closeSync(first);
    expect(fileLocker.tryLock(second)).to.equal(true);
    closeSync(second);
  });

  it('locks descriptors that were opened for reading only', () => {
    closeSync(openSync(path, 'w'));
    const reader = openSync(path, 'r');
    const other = openSync(path, 'r');
    expect(fileLocker.tryLock(reader)).to.equal(true);
    expect(fileLocker.tryLock(other)).to.equal(false);
    closeSync(reader);
    closeSync(other);
  });

  it('excludes other processes until they die, however they do', async () => {
    const program = fileURLToPath(new URL('../support/hold-a-lock.ts', import.meta.url));
    const holder = spawn(process.execPath, ['--import', 'tsx', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    child = holder;
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const descriptor = openSync(path, 'w');
    expect(fileLocker.tryLock(descriptor)).to.equal(false);
    const ended = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await ended;
    expect(fileLocker.tryLock(descriptor)).to.equal(true);
    closeSync(descriptor);
  });

  it('rejects a descriptor that is not open with ERR_IO', () => {
    try {
      fileLocker.tryLock(1_000_000);
    } catch (error) {
      expect(isNicError(error, 'ERR_IO')).to.equal(true);
      expect(String(error)).to.contain('EBADF');
      return;
    }
    expect.fail('taken');
  });
});
