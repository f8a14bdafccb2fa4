import type { Command } from './context.js';
import { type AttachmentRecord, type GatewayRecord, RECORD_VERSION } from './record.js';
import type { AttachmentKey } from './request.js';

/** A record that knows nothing yet but its key, with what is known. */
export function blankRecord(command: Command, key: AttachmentKey, patch: Partial<AttachmentRecord>): AttachmentRecord {
  const { bootId, clock } = command.context;
  return {
    version: RECORD_VERSION,
    kind: 'attachment',
    revision: 0,
    instanceId: undefined,
    asker: undefined,
    bootId,
    attempts: 0,
    retryAt: undefined,
    step: undefined,
    nicName: undefined,
    subnetIds: [],
    nics: [],
    nicId: undefined,
    create: undefined,
    uncertainAt: undefined,
    key,
    state: 'adding',
    createdAt: clock.now(),
    namespace: undefined,
    sysctls: [],
    gateway: undefined,
    result: undefined,
    jobFailure: undefined,
    original: false,
    macs: [],
    ...patch,
  };
}

/** A gateway's record that knows nothing yet but its subnet, with what is known. */
export function blankGateway(bootId: string, subnetId: string, patch: Partial<GatewayRecord>): GatewayRecord {
  return {
    version: RECORD_VERSION,
    kind: 'gateway',
    revision: 0,
    instanceId: undefined,
    asker: undefined,
    bootId,
    attempts: 0,
    retryAt: undefined,
    step: undefined,
    nicName: undefined,
    subnetIds: [subnetId],
    nics: [],
    nicId: undefined,
    create: undefined,
    uncertainAt: undefined,
    subnetId,
    state: 'adding',
    found: false,
    address: undefined,
    unusedSince: undefined,
    ...patch,
  };
}
