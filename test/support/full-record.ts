import type { AttachmentRecord } from '../../lib/attachment/index.js';
import { RECORD_VERSION } from '../../lib/attachment/record.js';
import { keyOf } from './attachment-bed.js';

/** A record of container `c1` that has every field there is. */
export function fullRecord(revision: number, patch: Partial<AttachmentRecord> = {}): AttachmentRecord {
  return {
    version: RECORD_VERSION,
    kind: 'attachment',
    revision,
    instanceId: 'i-1',
    asker: '0123456789abcdef0123456789abcdef',
    bootId: 'boot',
    attempts: 0,
    retryAt: undefined,
    step: 'attach',
    nicName: 'hostnic-p',
    subnetIds: ['net-1'],
    nics: [
      { id: 'nic-1', mac: '52:54:00:00:00:01', subnetId: 'net-1', addresses: ['192.168.100.2'], job: { id: 'job-1', kind: 'attach' } },
    ],
    nicId: 'nic-1',
    create: { subnetId: 'net-1', notAfter: 5 },
    uncertainAt: 7,
    key: keyOf('c1'),
    state: 'complete',
    createdAt: 1,
    namespace: { path: '/run/netns/c1', cookie: '4711' },
    sysctls: [{ name: 'ipv4/conf/all/accept_redirects', before: '1' }],
    gateway: { nicId: 'nic-2', mac: '52:54:00:00:00:02', address: '192.168.100.3' },
    result: {
      mtu: 1500,
      addresses: [{ address: '192.168.100.2/24', gateway: '192.168.100.1' }],
      routes: [{ dst: '0.0.0.0/0', gateway: undefined }],
    },
    jobFailure: 'why',
    original: true,
    macs: ['52:54:00:00:00:03'],
    ...patch,
  };
}
