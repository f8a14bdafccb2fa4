/** What one program has to do in each of its turns. Numbers of the kind that a user would choose. */
export type BenchTask =
  /** List all links; there are `count` and perhaps a few more. */
  | { readonly task: 'dump'; readonly count: number }
  /** Add host routes 10.0.0.0, 10.0.0.1, … by a gateway, one by one, then remove them. */
  | { readonly task: 'routes'; readonly count: number; readonly gateway: string; readonly link: number; readonly linkName: string }
  /** The same with as many requests at once as the program likes. */
  | { readonly task: 'batch'; readonly count: number; readonly gateway: string; readonly link: number; readonly linkName: string }
  /** Move links to the namespace at the path `there`. */
  | { readonly task: 'move'; readonly links: readonly number[]; readonly linkNames: readonly string[]; readonly there: string }
  /** Watch links, then change the MTU of one again and again, each time when the change before has been seen. */
  | { readonly task: 'monitor'; readonly count: number; readonly link: number; readonly linkName: string }
  /** Add and remove `count` routes and list the links a hundred times. */
  | { readonly task: 'memory'; readonly count: number; readonly gateway: string; readonly link: number; readonly linkName: string };

/** What one turn took, in milliseconds, by what was timed: most have one number, a monitor one for each change. */
export type BenchTurn = Readonly<Record<string, readonly number[]>>;

/** The largest packets that the monitor's link is given in turns. */
export const MTUS = [1400, 1450] as const;

/** The n-th host address in 10.0.0.0/8. */
export function hostAddress(n: number): string {
  return `10.${(n >> 16) & 0xff}.${(n >> 8) & 0xff}.${n & 0xff}`;
}
