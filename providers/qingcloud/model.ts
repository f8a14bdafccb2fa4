import { formatCidr, formatIp, parseCidr, parseIp, toNetwork } from '../../lib/address.js';
import type { Job, Nic, Subnet } from '../../lib/nic.js';
import { oneLine } from './errors.js';
import type { JobWire, NicWire, VxnetWire } from './wire.js';

/** The service writes an empty text for "none". */
function present(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The addresses of a NIC: none when DHCP or `disable_ip` left it without one. */
export function toAddresses(privateIp: string | undefined): readonly string[] {
  const ip = parseIp(privateIp ?? '');
  return ip === undefined ? [] : [formatIp(ip)];
}

/** Times are in UTC; the documentation's sample lacks the `Z`. */
function toDate(text: string | undefined): Date | undefined {
  const time = present(text);
  if (time === undefined) return undefined;
  const date = new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(time) ? time : `${time}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Maps an item of DescribeNics. The id of a NIC is its MAC address, and role 1 is the primary one. */
export function toNic(wire: NicWire): Nic {
  const instanceId = present(wire.instance_id);
  const free = wire.status === 'available' || (wire.status !== 'in-use' && instanceId === undefined);
  return {
    id: wire.nic_id,
    name: wire.nic_name ?? '',
    mac: wire.nic_id.toLowerCase(),
    subnetId: wire.vxnet_id,
    addresses: toAddresses(wire.private_ip),
    status: free ? 'available' : 'in-use',
    instanceId,
    role: wire.role === 1 ? 'primary' : 'secondary',
    createdAt: toDate(wire.create_time),
  };
}

/** Maps an item of DescribeVxnets. Without a router the vxnet is in no private network. */
export function toSubnet(wire: VxnetWire): Subnet {
  const cidr = parseCidr(wire.router?.ip_network ?? '');
  const gateway = parseIp(wire.router?.manager_ip ?? '');
  return {
    id: wire.vxnet_id,
    networkId: present(wire.router?.router_id),
    cidr: cidr === undefined ? undefined : formatCidr(toNetwork(cidr)),
    gateway: gateway === undefined ? undefined : formatIp(gateway),
    // Less than nothing is no count.
    freeAddresses: wire.available_ip_count === undefined || wire.available_ip_count < 0 ? undefined : wire.available_ip_count,
  };
}

/** Maps an item of DescribeJobs. `done with failure`, which the SDK's own waiter overlooks, is an end; a status nobody knows is not. */
export function toJob(wire: JobWire): Job {
  if (wire.status === 'successful') return { id: wire.job_id, status: 'succeeded', reason: undefined };
  if (wire.status !== 'failed' && wire.status !== 'done with failure') return { id: wire.job_id, status: 'running', reason: undefined };
  const what = `${oneLine(wire.job_action ?? 'the job')} ended as "${wire.status}"`;
  const codes = present(oneLine(wire.error_codes ?? ''));
  return { id: wire.job_id, status: 'failed', reason: codes === undefined ? what : `${what}, error codes ${codes}` };
}
