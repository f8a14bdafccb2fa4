import { unlimitedCalls } from '../../lib/call-budget/index.js';
import { systemClock } from '../../lib/clock.js';
import { ProviderError } from '../../lib/errors.js';
import { silentLogger } from '../../lib/log.js';
import { ApiClient } from '../../providers/qingcloud/client.js';

/**
 * Calls the API over HTTPS at the port given, as often as given (once), at the host given (127.0.0.1), and prints what became of the last call.
 * A process of its own, since trust and variables are set when one starts.
 */
const [, , port, calls = '1', host = '127.0.0.1'] = process.argv;
const client = new ApiClient({
  config: {
    accessKeyId: 'QYACCESSKEYIDEXAMPLE',
    secretAccessKey: 'SECRETACCESSKEY',
    zone: 'pek3a',
    protocol: 'https',
    host,
    port: Number(port),
    path: '/iaas',
    connectionRetries: 0,
    connectionTimeoutMs: 5000,
    logLevel: 'warn',
  },
  clock: systemClock,
  log: silentLogger,
  limiter: unlimitedCalls,
  requestTimeoutMs: 5000,
  responseTimeoutMs: 5000,
  environment: process.env,
});
let last: unknown;
try {
  for (let left = Number(calls); left > 0; left--) {
    last = await client.send({ action: 'DescribeNics', kind: 'read', values: {} }, undefined);
  }
} catch (error) {
  if (!(error instanceof ProviderError)) throw error;
  last = { code: error.code, outcome: error.outcome, message: error.message };
}
console.log(JSON.stringify(last));
client.close();
