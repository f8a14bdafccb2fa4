/** Prints what an HTTP server answers, or the code of the error when it does not. For listen.test.ts. */
import { writeSync } from 'node:fs';
import { get } from 'node:http';

const [url = ''] = process.argv.slice(2);
get(url, (reply) => {
  reply.on('data', (chunk: Buffer) => writeSync(1, chunk));
}).on('error', (error: NodeJS.ErrnoException) => writeSync(1, `no: ${error.code}`));
