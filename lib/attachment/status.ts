import { isNicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import { askerOf, type Command } from './context.js';
import { findHostLink } from './gateway-link.js';
import { attachmentId } from './names.js';
import { isStuck } from './pending.js';
import type { StatusReport, StatusRequest } from './request.js';
import type { CloudStatus } from './store.js';
import { isSetAside } from './subnets.js';
import { type Survey, survey } from './survey.js';

/** What the host says, and whether the containers that are there may be cut off. */
interface Findings {
  readonly reasons: string[];
  connected: boolean;
}

/** Runs one STATUS: see {@link AttachmentEngine.status}. */
export async function status(command: Command, request: StatusRequest): Promise<StatusReport> {
  const findings: Findings = { reasons: [], connected: true };
  await attempt(findings, () => checkHost(command));
  const known = await attempt(findings, () => survey(command));
  if (known !== undefined) checkJournal(command, known, findings);
  await attempt(findings, () => checkGateways(command, findings));
  await attempt(findings, () => checkSubnets(command, request, findings));
  const cloud = await attempt(findings, () => cloudStatus(command));
  if (cloud?.problem !== undefined) findings.reasons.push(cloud.problem);
  await attempt(findings, () => checkRoom(command, cloud, findings));
  return { ready: findings.reasons.length === 0, connected: findings.connected, reasons: findings.reasons };
}

async function attempt<T>(findings: Findings, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!isNicError(error)) throw error;
    if (!findings.reasons.includes(error.message)) findings.reasons.push(error.message);
    return undefined;
  }
}

/** The container's namespaces can be opened as the host's can, and the journal can be locked, so its folder is there and writable. */
async function checkHost(command: Command): Promise<void> {
  await command.host();
  const anyId = attachmentId({ network: '', containerId: '', ifname: '' });
  (await command.context.store.tryLock(anyId))?.release();
}

function checkJournal(command: Command, known: Survey, findings: Findings): void {
  const { limits } = command.context;
  const stuck = known.records.filter(({ record }) => isStuck(command, record)).length;
  if (stuck > limits.maxPending) {
    findings.reasons.push(`the NICs of ${stuck} earlier containers could not be released (${limits.maxPending} are tolerated)`);
  }
  for (const stored of known.unreadable) command.context.log.warn('a record cannot be read', { id: stored.id, reason: stored.reason });
  const broken = known.records.filter(({ record }) => record.jobFailure !== undefined);
  for (const { record } of broken) {
    command.context.log.warn('attaching a NIC failed after all', { container: record.key.containerId, reason: record.jobFailure });
  }
}

/** Containers whose routes lead through a gateway that is down reach less than they should. */
async function checkGateways(command: Command, findings: Findings): Promise<void> {
  for (const stored of await command.context.hostStore.gateways.list()) {
    if (stored.kind !== 'record' || stored.record.state !== 'ready' || stored.record.bootId !== command.context.bootId) continue;
    const { nics, nicId, unusedSince, subnetId } = stored.record;
    const nic = nics.find((entry) => entry.id === nicId);
    if (nic === undefined || unusedSince !== undefined) continue;
    const link = await findHostLink(command, nic.mac);
    if (link?.up === true) continue;
    findings.connected = false;
    findings.reasons.push(`the gateway NIC ${nic.id} in subnet ${subnetId} is ${link === undefined ? 'missing' : 'down'} on this host`);
  }
}

/** Only what is known already: the cloud's word on subnets comes with every ADD. */
async function checkSubnets(command: Command, request: StatusRequest, findings: Findings): Promise<void> {
  const { hostStore, clock, limits } = command.context;
  const now = clock.now();
  const setAside = await hostStore.readSetAside();
  const cached = await hostStore.readSubnets();
  const isFull = (id: string): boolean => {
    if (isSetAside(command, setAside.get(id))) return true;
    const entry = cached.find((candidate) => candidate.subnet.id === id);
    return entry !== undefined && now - entry.fetchedAt <= limits.subnetMaxAgeMs && entry.subnet.freeAddresses === 0;
  };
  if (request.subnetIds.length > 0 && request.subnetIds.every(isFull)) {
    findings.reasons.push(`no subnet has room for a NIC (${request.subnetIds.join(', ')}): free addresses or configure another`);
  }
}

async function checkRoom(command: Command, cloud: CloudStatus | undefined, findings: Findings): Promise<void> {
  if (cloud?.nicIds === undefined) return;
  const { provider, instanceId } = await command.cloud();
  const most = provider.features.maxNicsPerInstance;
  if (cloud.nicIds.length >= most) findings.reasons.push(`instance ${instanceId} holds ${cloud.nicIds.length} NICs of ${most} possible`);
}

/** The cloud's state, asked at most once in five minutes, host and settings of the provider; one process asks, others take what is there. */
async function cloudStatus(command: Command): Promise<CloudStatus | undefined> {
  const { hostStore } = command.context;
  // First, since a provider file that cannot be read is a reason whatever the cloud said before.
  const cloud = await command.cloud();
  const { provider, instanceId } = cloud;
  const asker = askerOf(cloud);
  const before = await hostStore.readStatus(asker);
  if (isFresh(command, before)) return before;
  const signal = command.budget.whole();
  const lock = await hostStore.lock('status', { signal });
  try {
    const meanwhile = await hostStore.readStatus(asker);
    if (isFresh(command, meanwhile)) return meanwhile;
    const fresh = await ask(command, async () => (await provider.listNics({ instanceId }, { signal })).map((nic) => nic.id));
    await hostStore.writeStatus(asker, fresh);
    return fresh;
  } finally {
    lock.release();
  }
}

async function ask(command: Command, look: () => Promise<readonly string[]>): Promise<CloudStatus> {
  const { clock } = command.context;
  try {
    return { nicIds: await look(), problem: undefined, checkedAt: clock.now() };
  } catch (error) {
    if (!isNicError(error)) throw error;
    return { nicIds: undefined, problem: `the cloud cannot be used: ${toReason(error)}`, checkedAt: clock.now() };
  }
}

function isFresh(command: Command, known: CloudStatus | undefined): boolean {
  if (known === undefined) return false;
  const { clock, limits } = command.context;
  const age = clock.now() - known.checkedAt;
  const maxAge = known.problem === undefined ? limits.statusMaxAgeMs : limits.statusFailureMaxAgeMs;
  return age >= 0 && age <= maxAge;
}
