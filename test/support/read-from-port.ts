/** Connects to a host and port and prints what it is sent, or the code of the error when it cannot. For listen.test.ts. */
import { writeSync } from 'node:fs';
import { connect } from 'node:net';

const [host = '', port = ''] = process.argv.slice(2);
connect({ host, port: Number(port) })
  .on('data', (chunk: Buffer) => writeSync(1, chunk))
  .on('error', (error: NodeJS.ErrnoException) => writeSync(1, `no: ${error.code}`));
