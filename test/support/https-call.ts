import { unlimitedCalls } from '../../lib/call-budget/index.js';
import { systemClock } from '../../lib/clock.js';
import { ProviderError } from '../../lib/errors.js';
import { silentLogger } from '../../lib/log.js';
import { ApiClient } from '../../providers/qingcloud/client.js';

/** Calls the API over HTTPS at the port given, as often as given (once), and prints what became of the last call. A process of its own, since trust is set when one starts. */
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
  limiter: unlimitedCalls,
  requestTimeoutMs: 5000,
});
let last: unknown;
try {
  for (let calls = Number(process.argv[3] ?? 1); calls > 0; calls--) {
    last = await client.send({ action: 'DescribeNics', kind: 'read', values: {} }, undefined);
  }
} catch (error) {
  if (!(error instanceof ProviderError)) throw error;
  last = { code: error.code, outcome: error.outcome };
}
console.log(JSON.stringify(last));
client.close();
