import type { QingCloudConfig } from '../../providers/qingcloud/index.js';

/** Settings for a service on this machine that speaks HTTP without TLS, with the keys of the API's own examples. */
export function loopbackConfig(port: number, more: Partial<QingCloudConfig> = {}): QingCloudConfig {
  return {
    accessKeyId: 'QYACCESSKEYIDEXAMPLE',
    secretAccessKey: 'SECRETACCESSKEY',
    zone: 'pek3a',
    protocol: 'http',
    host: '127.0.0.1',
    port,
    path: '/iaas',
    connectionRetries: 3,
    connectionTimeoutMs: 5000,
    logLevel: 'warn',
    ...more,
  };
}
