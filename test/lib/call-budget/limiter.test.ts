import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type CallLimiter, type CallLimiterOptions, createCallLimiter } from '../../../lib/call-budget/index.js';
import { type Clock, systemClock } from '../../../lib/clock.js';
import { NicError } from '../../../lib/errors.js';
import { createFileFolder, createMemoryFolder, type Folder } from '../../../lib/folder/index.js';
import { type LogFields, silentLogger } from '../../../lib/log.js';
import { fileLocker } from '../../../netlink/file-lock.js';
import { seededRandom } from '../../support/random.js';
import { rejection } from '../../support/rejection.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const HOUR = 3_600_000;

function createBed() {
  const clock = new VirtualClock();
  const folder = createMemoryFolder('/var/lib/hostnic');
  const warnings: LogFields[] = [];
  const { next: random } = seededRandom();
  const log = { ...silentLogger, warn: (_message: string, fields: LogFields = {}) => void warnings.push(fields) };
  const base = { folder, account: 'one', callsPerHour: 200, clock, random, log };
  const open = (options: Partial<CallLimiterOptions> = {}): CallLimiter => createCallLimiter({ ...base, ...options });
  /** How many changes go through without a wait. */
  const drain = async (options: Partial<CallLimiterOptions> = {}): Promise<number> => {
    const impatient: Clock = {
      now: () => clock.now(),
      sleep: () => Promise.reject(new NicError('ERR_CANCELLED', 'it would have to wait')),
    };
    const limiter = open({ callsPerCommand: 1000, ...options, clock: impatient });
    for (let count = 0; ; count++) {
      const refused = await limiter.acquire('change').then(
        () => false,
        () => true,
      );
      if (refused) return count;
    }
  };
  return { clock, folder, warnings, open, drain };
}

describe('a limiter after another died in the middle of a write', () => {
  it('removes what that one left', async () => {
    const { folder, open } = createBed();
    folder.write('calls', '.0123.json.7x1.tmp', '{', 'quick');
    await open().acquire('read');
    expect(folder.list('calls').filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
    expect(folder.list('calls')).to.have.length(1);
  });
});

describe('createCallLimiter()', () => {
  it('counts the calls of all who share a folder and an account together, and of other accounts apart', async () => {
    const { open, drain } = createBed();
    for (let i = 0; i < 60; i++) await open().acquire('read');
    expect(await drain()).to.equal(40);
    expect(await drain({ account: 'two' })).to.equal(100);
  });

  it('tells who would begin something new to come back, with what can be done, and counts nothing for it', async () => {
    const { open, clock, drain } = createBed();
    for (let i = 0; i < 80; i++) await open().acquire('create');
    const error = await rejection(open().acquire('create'), 'ERR_RATE_LIMIT');
    expect(error.message).to.match(/^the API budget of this host, 200 calls an hour, is used up for \d+ s: .*apiCallsPerHour/);
    expect(await drain()).to.equal(20);
    clock.skip(HOUR);
    await open().acquire('create');
  });

  it('lets what is under way wait for its next call, until its signal says otherwise', async () => {
    const { open, clock } = createBed();
    for (let i = 0; i < 100; i++) await open().acquire('change');
    const start = clock.now();
    await open().acquire('change');
    // 100 calls an hour flow back.
    expect(clock.now() - start).to.be.within(36_000, 36_000 * 1.2 + 1);
    const controller = new AbortController();
    const call = open().acquire('change', { signal: controller.signal });
    controller.abort(new NicError('ERR_DEADLINE', 'the deadline has passed'));
    await rejection(call, 'ERR_DEADLINE');
    await rejection(open().acquire('read', { signal: controller.signal }), 'ERR_DEADLINE');
    // A look can be had later.
    await rejection(open().acquire('read'), 'ERR_RATE_LIMIT');
  });

  it('lets one command make so many calls and no more, and leaves it some to take back what it began', async () => {
    const { open } = createBed();
    const limiter = open({ callsPerHour: 10_000, callsPerCommand: 20 });
    for (let i = 0; i < 16; i++) await limiter.acquire('create');
    await rejection(limiter.acquire('create'), 'ERR_RATE_LIMIT');
    for (let i = 0; i < 3; i++) await limiter.acquire('read');
    await rejection(limiter.acquire('read'), 'ERR_RATE_LIMIT');
    await limiter.acquire('change');
    expect((await rejection(limiter.acquire('change'), 'ERR_RATE_LIMIT')).message).to.include('20 calls');
    await open({ callsPerHour: 10_000 }).acquire('create');
  });

  it('makes half as many calls once the cloud has refused one', async () => {
    const { open, drain } = createBed();
    await open().throttled();
    expect(await drain()).to.equal(50);
  });

  it('hears once what several processes are told at the same time', async () => {
    const { open, drain } = createBed();
    for (let process = 0; process < 10; process++) await open().throttled();
    expect(await drain()).to.equal(50);
  });

  for (const text of [
    '',
    '{',
    '[]',
    '{"version":2,"bucket":{"tokens":1,"at":0,"pace":1}}',
    '{"version":1,"bucket":{"tokens":-1,"at":0,"pace":1}}',
  ]) {
    it(`starts anew, and says so once, where its file holds ${text === '' ? 'nothing' : text}`, async () => {
      const { open, folder, warnings, drain } = createBed();
      await open().acquire('read');
      const [name = ''] = folder.list('calls');
      folder.write('calls', name, text, 'quick');
      expect(await drain()).to.equal(100);
      expect(warnings).to.have.length(1);
    });
  }

  it('goes on with what is left when its size has changed', async () => {
    const { open, drain } = createBed();
    await open().acquire('read');
    expect(await drain({ callsPerHour: 20 })).to.equal(10);
    expect(await drain()).to.equal(0);
  });

  it('lets calls through, and says so once, while the disk is full', async () => {
    const { open, folder, warnings } = createBed();
    const full: Folder = {
      ...folder,
      write() {
        throw new NicError('ERR_IO', 'the disk is full');
      },
    };
    const limiter = open({ folder: full });
    for (let i = 0; i < 150; i++) await limiter.acquire('change');
    expect(warnings).to.deep.equal([{ error: 'the disk is full' }]);
  });

  it('does not wait for ever for a process that was stopped with the lock held', async () => {
    const { open, folder, clock, warnings } = createBed();
    const lock = folder.tryLock('calls');
    const start = clock.now();
    await open().acquire('change');
    expect(clock.now() - start).to.be.within(2000, 2100);
    expect(warnings).to.have.length(1);
    lock?.release();
  });

  it('refuses a budget of no calls', () => {
    expect(() => createBed().open({ callsPerHour: 0 })).to.throw(RangeError);
  });

  describe('shared by processes', () => {
    let directory: TemporaryFolder;
    const children = new Set<ChildProcess>();
    const program = fileURLToPath(new URL('../../support/spend-calls.ts', import.meta.url));

    function spend(callsPerHour: number): { readonly child: ChildProcess; readonly result: Promise<string> } {
      const args = ['--import', 'tsx/esm', program, directory.path, `${callsPerHour}`];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      children.add(child);
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      const result = new Promise<string>((resolve) =>
        child.once('close', () => {
          children.delete(child);
          resolve(text);
        }),
      );
      return { child, result };
    }

    beforeEach(async () => {
      directory = await makeTemporaryFolder('calls');
    });
    afterEach(async () => {
      for (const child of children) child.kill('SIGKILL');
      await directory.remove();
    });

    it('gives each call to one of them', async () => {
      const counts = await Promise.all(Array.from({ length: 6 }, () => spend(400).result));
      // A call that flowed back meanwhile may have been taken too: one does every 18 s.
      expect(counts.reduce((sum, text) => sum + Number(text), 0)).to.be.within(160, 170);
    });

    it('is neither blocked nor spoilt by one that is killed at any moment', async () => {
      const { child } = spend(100_000);
      const folder = createFileFolder({ directory: directory.path, locker: fileLocker, random: Math.random });
      const limiter = createCallLimiter({
        ...{ folder, account: 'a', callsPerHour: 100_000, clock: systemClock, random: Math.random },
        log: { ...silentLogger, warn: (message) => expect.fail(message) },
      });
      while (folder.list('calls').length === 0) await systemClock.sleep(2);
      child.kill('SIGKILL');
      for (let i = 0; i < 20; i++) await limiter.acquire('change');
    });
  });
});
