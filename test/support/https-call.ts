import { systemClock } from '../../lib/clock.js';
import { silentLogger } from '../../lib/log.js';
import { ApiClient } from '../../providers/qingcloud/client.js';

/** Calls the API over HTTPS at the port given and prints what became of it. A process of its own, since trust is set when one starts. */
const client = new ApiClient({
  config: {
    accessKeyId: 'QYACCESSKEYIDEXAMPLE',
    secretAccessKey: 'SECRETACCESSKEY',
    zone: 'pek3a',
    protocol: 'https',
    host: '127.0.0.1',
    port: Number(process.argv[2]),
    path: '/iaas',
    connectionRetries: 0,
    connectionTimeoutMs: 5000,
    logLevel: 'warn',
  },
  clock: systemClock,
  log: silentLogger,
  requestTimeoutMs: 5000,
});
console.log(JSON.stringify(await client.send({ action: 'DescribeNics', kind: 'read', values: {} }, undefined)));
client.close();
