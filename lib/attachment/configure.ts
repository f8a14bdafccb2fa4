import type { Link, NetworkNamespace } from '../driver.js';
import { isNicError, NetlinkError, NicError } from '../errors.js';
import {
  applyOperations,
  type NetworkOperation,
  NetworkPlanError,
  type NetworkState,
  planChanges,
  readNetworkState,
  simulateOperations,
} from '../network-plan/index.js';
import type { Command } from './context.js';
import type { Journal } from './journal.js';
import { findNicLink } from './nic-link.js';
import type { PlannedRoute } from './plan.js';
import type { AttachmentRecord, ResultEntry, SysctlEntry } from './record.js';

const MAIN_TABLE = 254;
const MAX_BUSY = 3;

/** What the kernel's side of an attachment needs. */
export interface ConfigureOptions {
  /** The record, its lock held. */
  readonly journal: Journal<AttachmentRecord>;
  /** The container's namespace. */
  readonly target: NetworkNamespace;
  /** The interface's name there. */
  readonly ifname: string;
  /** The NIC's hardware address. */
  readonly mac: string;
  /** Rejects when the command must not go on. */
  readonly guard: () => Promise<void>;
}

/**
 * Moves the NIC into the container under its name. It is taken down and moved at once: the host's own software grabs new NICs.
 * @throws NicError `ERR_LINK_EXISTS` when the name is taken; the link may be in the container then, under its old name
 */
export async function moveIn(command: Command, options: ConfigureOptions, link: Link): Promise<Link> {
  const { journal, target, ifname, guard } = options;
  const host = await command.host();
  await guard();
  await journal.step('move', {});
  let up = link.up;
  for (let tries = 1; ; tries++) {
    try {
      if (up) await host.changeLink(link.index, { up: false });
      return await host.moveLink(link.index, target, ifname);
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === 'EEXIST') {
        throw new NicError('ERR_LINK_EXISTS', `${target.label}: an interface ${ifname} has appeared there meanwhile`, { cause: error });
      }
      // Somebody on the host took it up between the two requests: a link that is up cannot be renamed on older kernels.
      if (!(error instanceof NetlinkError) || error.errno !== 'EBUSY' || tries >= MAX_BUSY) throw error;
      up = true;
    }
  }
}

/** Redirects from a host that routes for the container are cached for 300 s and lead around it (net/ipv4/route.c). */
const REDIRECTS = [
  'ipv4/conf/all/accept_redirects',
  'ipv6/conf/all/accept_redirects',
  'ipv4/conf/%/accept_redirects',
  'ipv6/conf/%/accept_redirects',
] as const;

/** Carries out what leads from a state to what is wanted. What was done before a failure is taken back with the whole NIC. */
async function bringAbout(target: NetworkNamespace, state: NetworkState, operations: readonly NetworkOperation[]): Promise<NetworkState> {
  try {
    await applyOperations(target, state, operations, { undo: false });
  } catch (error) {
    throw error instanceof NetworkPlanError ? error.cause : error;
  }
  return simulateOperations(state, operations);
}

async function refuseRedirects(options: ConfigureOptions, state: NetworkState): Promise<NetworkState> {
  const { journal, target } = options;
  const present = REDIRECTS.filter((name) => state.sysctls[name] !== undefined);
  const operations = planChanges(state, { sysctls: Object.fromEntries(present.map((name) => [name, '0'])) });
  if (operations.length === 0) return state;
  // A setting of the interface itself goes with it; that of all interfaces has to be put back.
  const sysctls: SysctlEntry[] = operations.flatMap((operation) => {
    const before = operation.kind === 'sysctl.write' ? state.sysctls[operation.name] : undefined;
    return operation.kind === 'sysctl.write' && before !== undefined ? [{ name: operation.name, before }] : [];
  });
  await journal.step('redirects', { sysctls: [...journal.current.sysctls, ...sysctls] });
  return bringAbout(target, state, operations);
}

/** What the container's link shall carry. */
export interface LinkPlan {
  /** Addresses with prefix length. */
  readonly addresses: readonly string[];
  /** Routes, after the addresses. */
  readonly routes: readonly PlannedRoute[];
  /** MTU in bytes; the link's own without it. */
  readonly mtu: number | undefined;
  /** The subnet's router. */
  readonly gateway: string;
}

/** Configures the NIC in the container, tells the neighbours and gives back what the kernel shows then. @throws NicError `ERR_CHECK` when that is not what was asked for */
export async function configure(command: Command, options: ConfigureOptions, link: Link, plan: LinkPlan): Promise<ResultEntry> {
  const { journal, target, guard } = options;
  await guard();
  const found = await readNetworkState(target, { linkIndex: link.index, link, sysctls: REDIRECTS });
  const state = await refuseRedirects(options, found);
  const operations = planChanges(state, {
    ...(plan.mtu === undefined ? {} : { mtu: plan.mtu }),
    up: true,
    addresses: [...new Set(plan.addresses)],
    routes: plan.routes,
  });
  await guard();
  await journal.step('configure', {});
  await bringAbout(target, state, operations);
  await guard();
  await journal.step('announce', {});
  for (const address of plan.addresses) await announce(command, target, link, address);
  return readBack(options, plan);
}

async function announce(command: Command, target: NetworkNamespace, link: Link, address: string): Promise<void> {
  try {
    await target.announce(link.index, address.slice(0, address.indexOf('/')));
  } catch (error) {
    if (!isNicError(error)) throw error;
    // Neighbours find the container without it too, only later.
    command.context.log.warn('the address could not be announced', { address, reason: error.message });
  }
}

async function readBack(options: ConfigureOptions, plan: LinkPlan): Promise<ResultEntry> {
  const { target, ifname, mac } = options;
  const wrong = (what: string): NicError => new NicError('ERR_CHECK', `${target.label}: after configuring ${ifname}, ${what}`);
  const link = findNicLink(await target.listLinks(), mac);
  if (link === undefined) throw wrong(`there is no NIC ${mac} any more`);
  if (link.name !== ifname) throw wrong(`the NIC is called ${link.name}`);
  if (!link.up) throw wrong('it is down');
  if (plan.mtu !== undefined && link.mtu !== plan.mtu) throw wrong(`its MTU is ${link.mtu}, not ${plan.mtu}`);
  const present = await target.listAddresses(link.index);
  const addresses = plan.addresses.map((address) => {
    if (!present.some((entry) => entry.address === address)) throw wrong(`it has no address ${address}`);
    return { address, gateway: plan.gateway };
  });
  const installed = await target.listRoutes();
  const routes = plan.routes.map(({ dst, gateway }) => {
    const found = installed.find(
      (route) => route.dst === dst && route.gateway === gateway && route.linkIndex === link.index && route.table === MAIN_TABLE,
    );
    if (found === undefined) throw wrong(`there is no route to ${dst} by ${gateway}`);
    return { dst: found.dst, gateway: found.gateway };
  });
  return { mtu: link.mtu, addresses, routes };
}
