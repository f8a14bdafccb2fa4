/** Takes calls out of the budget in the folder that it is given until that says no, and prints how many it had. For limiter.test.ts. */
import { writeSync } from 'node:fs';
import { createCallLimiter } from '../../lib/call-budget/index.js';
import { systemClock } from '../../lib/clock.js';
import { createFileFolder } from '../../lib/folder/index.js';
import { silentLogger } from '../../lib/log.js';
import { fileLocker } from '../../netlink/file-lock.js';

const [directory = '', callsPerHour = ''] = process.argv.slice(2);
const limiter = createCallLimiter({
  folder: createFileFolder({ directory, locker: fileLocker, random: Math.random }),
  account: 'a',
  callsPerHour: Number(callsPerHour),
  callsPerCommand: Number.MAX_SAFE_INTEGER,
  clock: systemClock,
  random: Math.random,
  log: silentLogger,
});

for (let count = 0; ; count++) {
  try {
    await limiter.acquire('create');
  } catch {
    writeSync(1, `${count}\n`);
    break;
  }
}
