/** Takes the lock on the file that it is given and holds it until it is killed. For file-lock.test.ts. */
import { openSync, writeSync } from 'node:fs';
import { fileLocker } from '../../netlink/file-lock.js';

const [path = ''] = process.argv.slice(2);
writeSync(1, fileLocker.tryLock(openSync(path, 'w')) ? 'locked\n' : 'not locked\n');
setInterval(() => {}, 1000);
