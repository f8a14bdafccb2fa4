#!/usr/bin/env node
/**
 * Lists the links of a network namespace with their addresses. It needs no rights for its own namespace:
 *
 *     npx tsx examples/list-links.ts
 *     npx tsx examples/list-links.ts --netns blue --json
 */
import { Command } from 'commander';
import { type AddressMessage, IFF, type LinkMessage, openRtnetlink } from 'hostnic-cni/netlink';
import { fail, openNetns } from './netns.js';
import { formatTable } from './table.js';

function stateOf({ flags = 0 }: LinkMessage): string {
  if ((flags & IFF.UP) === 0) return 'down';
  return (flags & IFF.LOWER_UP) === 0 ? 'up, no carrier' : 'up';
}

/** What is shown of a link. `named` are the names of all links by index. */
function summarise(link: LinkMessage, named: ReadonlyMap<number, string>, addresses: readonly AddressMessage[]) {
  const { index, name = '', info, mtu, mac = '', altNames = [], masterIndex, lowerIndex, lowerNamespaceId } = link;
  return {
    index,
    name,
    altNames,
    kind: info?.kind ?? '',
    state: stateOf(link),
    mtu,
    mac,
    master: masterIndex === undefined ? '' : (named.get(masterIndex) ?? `#${masterIndex}`),
    // The other end may be in another namespace, where the index means something else.
    lower:
      lowerIndex === undefined || lowerIndex === 0
        ? ''
        : lowerNamespaceId === undefined
          ? (named.get(lowerIndex) ?? `#${lowerIndex}`)
          : `#${lowerIndex} elsewhere`,
    addresses: addresses.filter((one) => one.linkIndex === index).map((one) => `${one.local ?? one.address}/${one.prefix}`),
  };
}

async function list({ netns, json }: { readonly netns?: string; readonly json?: true }): Promise<void> {
  using namespace = await openNetns(netns);
  using rtnetlink = openRtnetlink(namespace);
  const [links, addresses] = await Promise.all([rtnetlink.link.list(), rtnetlink.address.list()]);
  const named = new Map(links.map(({ index, name = '' }) => [index, name]));
  const shown = links.map((link) => summarise(link, named, addresses));
  if (json === true) {
    console.log(JSON.stringify(shown, undefined, 2));
    return;
  }
  const head = ['#', 'NAME', 'KIND', 'STATE', 'MTU', 'MAC', 'MASTER', 'LOWER', 'ADDRESSES'];
  const rows = shown.map((one) => {
    const name = [one.name, ...one.altNames].join(' = ');
    return [`${one.index}`, name, one.kind, one.state, `${one.mtu}`, one.mac, one.master, one.lower, one.addresses.join(' ')];
  });
  console.log(formatTable([head, ...rows]).join('\n'));
}

await new Command('list-links')
  .description('Lists the links of a network namespace with their addresses.')
  .option('-n, --netns <netns>', 'name of the namespace as ip netns knows it, or its path (default: the own)')
  .option('--json', 'print JSON')
  .action(list)
  .parseAsync()
  .catch((error: unknown) => fail('list-links', error));
