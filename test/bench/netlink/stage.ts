import { createNamespace, type NamespaceHandle, openRtnetlink } from '../../../netlink/index.js';

/** Addresses and names of what every stage has: a veth whose ends are up, so that routes by it are taken. */
export const STAGE = { link: 10, linkName: 'bench0', otherLink: 11, otherName: 'bench1', gateway: '192.0.2.2' } as const;

/** Two namespaces of this process's own, which end with it at the latest. */
export interface Stage {
  /** Path of the namespace with the links. */
  readonly here: string;
  /** Path of the other, which is empty. */
  readonly there: string;
  /** Index of the first of the links that were asked for. */
  readonly firstLink: number;
  /** Closes both. */
  close(): void;
}

/** What namespaces are opened by, as another process sees it. */
function pathOf({ fd }: NamespaceHandle): string {
  return `/proc/${process.pid}/fd/${fd}`;
}

/** Name of the n-th of the links that were asked for. */
export function linkName(n: number): string {
  return `link${n}`;
}

/** Makes the namespaces. @param links how many links there shall be beside the veth: ends of veths, as containers have */
export async function openStage(links: number): Promise<Stage> {
  const here = await createNamespace('benchmark');
  const there = await createNamespace('benchmark, target of moves');
  const firstLink = 1000;
  const rtnetlink = openRtnetlink(here);
  try {
    const { link, linkName: name, otherLink, otherName } = STAGE;
    await rtnetlink.link.add({ kind: 'veth', name, index: link, peer: { name: otherName, index: otherLink } });
    for (const index of [1, link, otherLink]) await rtnetlink.link.set(index, { up: true });
    await rtnetlink.address.add({ linkIndex: link, address: '192.0.2.1/24' });
    for (let n = 0; n < links; n += 2) {
      const peer = { name: linkName(n + 1), index: firstLink + n + 1 };
      await rtnetlink.link.add({ kind: 'veth', name: linkName(n), index: firstLink + n, peer });
    }
  } finally {
    rtnetlink.close();
  }
  return {
    here: pathOf(here),
    there: pathOf(there),
    firstLink,
    close() {
      here.close();
      there.close();
    },
  };
}

/** Runs something on several stages, and closes them. */
export async function onStages(count: number, links: number, work: (stages: (place: number) => Stage) => Promise<void>): Promise<void> {
  const stages: Stage[] = [];
  try {
    while (stages.length < count) stages.push(await openStage(links));
    await work((place) => {
      const stage = stages[place];
      if (stage === undefined) throw new RangeError(`there are ${count} stages, and none at place ${place}`);
      return stage;
    });
  } finally {
    for (const stage of stages) stage.close();
  }
}
