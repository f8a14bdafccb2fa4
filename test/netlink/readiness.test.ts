import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { libc } from '#libc';
import { createReadinessPoller } from '../../netlink/readiness.js';
import { FCNTL } from '../../netlink/system-constants.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';

describe('createReadinessPoller()', () => {
  it('asks for no signal when the kernel refuses to make it a harmless one, and finds out all the same', async () => {
    const folder = await makeTemporaryFolder('readiness');
    const pipe = join(folder.path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const { fcntl } = libc;
    const asked: number[] = [];
    Object.assign(libc, {
      fcntl: (of: number, command: number, argument: number) => {
        asked.push(command);
        return command === FCNTL.SETSIG ? -1 : fcntl(of, command, argument);
      },
    });
    try {
      const ready = new Promise<void>((resolve) => {
        const stop = createReadinessPoller().watch(fd, () => {
          stop();
          resolve();
        });
      });
      writeSync(fd, 'x');
      await ready;
      expect(asked).to.include(FCNTL.SETSIG).and.not.to.include(FCNTL.SETFL);
    } finally {
      Object.assign(libc, { fcntl });
      closeSync(fd);
      await folder.remove();
    }
  });
});
