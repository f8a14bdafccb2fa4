import { formatCidr, parseCidr } from '../address.js';
import type { Link, NetworkNamespace } from '../driver.js';
import { NicError } from '../errors.js';
import type { Command } from './context.js';
import { findElsewhere } from './elsewhere.js';
import { findHostLink } from './gateway-link.js';
import { attachmentId } from './names.js';
import { findNicLink } from './nic-link.js';
import type { AttachmentRecord, NicEntry } from './record.js';
import type { CheckRequest, KnownAttachment } from './request.js';

const MAIN_TABLE = 254;

/** Runs one CHECK: see {@link AttachmentEngine.check}. Nothing is changed. */
export async function check(command: Command, request: CheckRequest): Promise<void> {
  const { record, nic } = await requireRecord(command, request);
  const target = await command.open(request.namespace);
  if (target.cookie !== record.namespace?.cookie || record.bootId !== command.context.bootId) {
    throw wrong(request, `${target.label} is not the namespace that its NIC was given to`);
  }
  const link = findNicLink(await target.listLinks(), nic.mac);
  if (link === undefined) throw wrong(request, `NIC ${nic.id} (${nic.mac}) is not in ${target.label}`);
  checkLink(request, link);
  await checkAddresses(request, target, link, record);
  await checkRoutes(request, target, link, record);
  await checkGateway(command, request, record);
  await checkCloud(command, request, record, nic);
}

function wrong(request: CheckRequest, what: string): NicError {
  return new NicError('ERR_CHECK', `container ${request.key.containerId} ${request.key.ifname}: ${what}`);
}

async function requireRecord(
  command: Command,
  request: CheckRequest,
): Promise<{ readonly record: AttachmentRecord; readonly nic: NicEntry }> {
  const id = attachmentId(request.key);
  const stored = (await command.context.store.read(id)) ?? (await (await findElsewhere(command, id))?.read(id));
  if (stored === undefined) throw wrong(request, 'there is no record of it');
  if (stored.kind !== 'record') throw new NicError('ERR_JOURNAL', stored.reason);
  const { record } = stored;
  if (record.state !== 'complete') throw wrong(request, `its record says ${record.state}, so it is not attached`);
  if (record.jobFailure !== undefined) throw wrong(request, `attaching its NIC failed after all: ${record.jobFailure}`);
  const nic = record.nics.find((entry) => entry.id === record.nicId);
  if (nic === undefined) throw wrong(request, 'its record names no NIC');
  return { record, nic };
}

function checkLink(request: CheckRequest, link: Link): void {
  const { ifname } = request.key;
  if (link.name !== ifname) throw wrong(request, `its NIC is called ${link.name}`);
  if (!link.up) throw wrong(request, 'its NIC is down');
  const mac = request.known?.mac?.toLowerCase();
  if (mac !== undefined && link.mac !== mac) throw wrong(request, `its NIC has the address ${link.mac}, not ${mac}`);
}

function canonical(address: string): string {
  const cidr = parseCidr(address);
  return cidr === undefined ? address : formatCidr(cidr);
}

async function checkAddresses(request: CheckRequest, target: NetworkNamespace, link: Link, record: AttachmentRecord): Promise<void> {
  const present = (await target.listAddresses(link.index)).map((entry) => entry.address);
  const own = record.result?.addresses.map((entry) => entry.address) ?? [];
  for (const address of [...own, ...(request.known?.addresses ?? [])]) {
    if (!present.includes(canonical(address))) throw wrong(request, `the address ${address} is missing`);
  }
}

/** Plugins that run later may have changed routes on purpose: the earlier result, which has their changes, goes before the record. */
async function checkRoutes(request: CheckRequest, target: NetworkNamespace, link: Link, record: AttachmentRecord): Promise<void> {
  const { known } = request;
  // A result does not say which interface a route leaves by.
  const installed = (await target.listRoutes()).filter(
    (route) => route.table === MAIN_TABLE && (known?.routes !== undefined || route.linkIndex === link.index),
  );
  const wanted: NonNullable<KnownAttachment['routes']> =
    known?.routes ?? record.result?.routes.map(({ dst, gateway }) => (gateway === undefined ? { dst } : { dst, gateway })) ?? [];
  for (const { dst, gateway } of wanted) {
    const found = installed.some((route) => route.dst === canonical(dst) && (gateway === undefined || route.gateway === gateway));
    if (!found) throw wrong(request, `the route to ${dst}${gateway === undefined ? '' : ` by ${gateway}`} is missing`);
  }
}

async function checkGateway(command: Command, request: CheckRequest, record: AttachmentRecord): Promise<void> {
  const { gateway } = record;
  if (gateway === undefined) return;
  const link = await findHostLink(command, gateway.mac);
  if (link === undefined || !link.up) throw wrong(request, `the gateway NIC ${gateway.nicId} is not up on this host`);
}

async function checkCloud(command: Command, request: CheckRequest, record: AttachmentRecord, nic: NicEntry): Promise<void> {
  const signal = command.budget.whole();
  const { provider, instanceId } = await command.cloud();
  if (record.instanceId !== instanceId)
    throw wrong(request, `its record was written on instance ${record.instanceId}, this is ${instanceId}`);
  const [found] = await provider.listNics({ ids: [nic.id] }, { signal });
  if (found === undefined) throw wrong(request, `the cloud knows its NIC ${nic.id} no more`);
  if (found.instanceId === instanceId) return;
  if (found.status === 'in-use') throw wrong(request, `its NIC ${nic.id} is held by instance ${found.instanceId}`);
  // While the attach job is under way, a NIC may still be shown as available.
  const [job] = nic.job === undefined ? [] : await provider.describeJobs([nic.job.id], { signal });
  if (job?.status === 'running') return;
  if (job?.status === 'failed') throw wrong(request, `attaching its NIC ${nic.id} failed after all: ${job.reason ?? 'no reason given'}`);
  throw wrong(request, `its NIC ${nic.id} is attached to nothing`);
}
