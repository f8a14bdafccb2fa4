#!/usr/bin/env node
/**
 * Tells of every change of the links of a network namespace, until it is stopped (Ctrl-C). It needs no rights for its own namespace:
 *
 *     npx tsx examples/watch-links.ts
 *     npx tsx examples/watch-links.ts --netns blue --json
 */
import { Command } from 'commander';
import { isNicError, type Link } from 'hostnic-cni';
import { type LinkEvent, openLinkMonitor, openRtnetlink } from 'hostnic-cni/netlink';
import { fail, openNetns } from './netns.js';

const SHOWN = ['name', 'altNames', 'mac', 'mtu', 'up', 'carrier', 'masterIndex', 'lowerIndex'] as const;

function describe({ index, name, kind, mac, mtu, up, carrier }: Link): string {
  return `${index} ${name}  ${kind ?? 'card'}  ${mac}  mtu ${mtu}  ${up ? (carrier ? 'up' : 'up, no carrier') : 'down'}`;
}

function formatEvent(event: LinkEvent): string {
  if (event.kind === 'resync') return 'resync   events were lost; what has changed meanwhile follows';
  if (event.kind !== 'changed') return `${event.kind.padEnd(7)}  ${describe(event.link)}`;
  const { link, before } = event;
  const changes = SHOWN.filter((key) => `${link[key]}` !== `${before[key]}`).map(
    (key) => `${key} ${before[key] ?? 'none'} → ${link[key] ?? 'none'}`,
  );
  return `changed  ${link.index} ${link.name}  ${changes.join(', ')}`;
}

/** Aborts when the process is asked to stop, or nobody reads any more. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  process.stdout.on('error', () => stop.abort());
  return stop.signal;
}

async function watch({ netns, json }: { readonly netns?: string; readonly json?: true }): Promise<void> {
  const signal = untilStopped();
  const print = (event: LinkEvent): void => console.log(json === true ? JSON.stringify(event) : formatEvent(event));
  using namespace = await openNetns(netns);
  using rtnetlink = openRtnetlink(namespace);
  try {
    using monitor = await openLinkMonitor(rtnetlink, { signal });
    // In this order nothing is missed: the iterator collects from its making on.
    const events = monitor.events({ signal });
    for (const link of monitor.links()) print({ kind: 'added', link });
    console.error(`watching ${namespace.label}; Ctrl-C to stop`);
    for await (const event of events) print(event);
  } catch (error) {
    if (!(signal.aborted && isNicError(error, 'ERR_CANCELLED'))) throw error;
  }
}

await new Command('watch-links')
  .description('Tells of every change of the links of a network namespace, those there are first, until it is stopped (Ctrl-C).')
  .option('-n, --netns <netns>', 'name of the namespace as ip netns knows it, or its path (default: the own)')
  .option('--json', 'print one JSON document a line')
  .action(watch)
  .parseAsync()
  .catch((error: unknown) => fail('watch-links', error));
