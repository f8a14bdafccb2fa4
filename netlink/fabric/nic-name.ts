import type { Link } from '../../lib/driver.js';

/** All names and alternative names in use. */
export function namesOf(links: readonly Pick<Link, 'name' | 'altNames'>[]): ReadonlySet<string> {
  return new Set(links.flatMap((link) => [link.name, ...link.altNames]));
}

/** The first of `eth0`, `eth1`, … that is free: what a card is called that appears. */
export function freeNicName(taken: ReadonlySet<string>): string {
  let n = 0;
  while (taken.has(`eth${n}`)) n++;
  return `eth${n}`;
}

/**
 * What a card is called that comes back because its namespace died: the name it had there or, where that is taken, `dev` with the index
 * it had there, or the first free number (`default_device_exit_net` in net/core/dev.c).
 */
export function returningNicName(taken: ReadonlySet<string>, before: { readonly name: string; readonly index: number }): string {
  if (!taken.has(before.name)) return before.name;
  let name = `dev${before.index}`;
  for (let n = 0; taken.has(name); n++) name = `dev${n}`;
  return name;
}
