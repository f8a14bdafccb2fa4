import type { PathMetrics, RouteSettings } from '../driver.js';

/** RTAX_MTU and RTAX_RTO_MIN, include/uapi/linux/rtnetlink.h. */
const MTU = 2;
const RTO_MIN = 13;

/** Each metric with its number in the kernel (RTAX_*) and its word in iproute2 (iproute.c), in the kernel's order. */
const METRICS: readonly (readonly [Exclude<keyof PathMetrics, 'lock'>, number, string])[] = [
  ['window', 3, 'window'],
  ['rtt', 4, 'rtt'],
  ['rttvar', 5, 'rttvar'],
  ['ssthresh', 6, 'ssthresh'],
  ['cwnd', 7, 'cwnd'],
  ['advmss', 8, 'advmss'],
  ['reordering', 9, 'reordering'],
  ['hoplimit', 10, 'hoplimit'],
  ['initcwnd', 11, 'initcwnd'],
  ['features', 12, 'features'],
  ['rtoMin', RTO_MIN, 'rto_min'],
  ['initrwnd', 14, 'initrwnd'],
  ['quickack', 15, 'quickack'],
  ['congestionControl', 16, 'congctl'],
  ['fastopenNoCookie', 17, 'fastopen_no_cookie'],
];
const LOCKABLE: ReadonlySet<keyof PathMetrics> = new Set(
  METRICS.map(([name]) => name).filter((name) => !['rtoMin', 'quickack', 'congestionControl', 'fastopenNoCookie'].includes(name)),
);
/** RTAX_FEATURE bits that `ip` has a word for. */
const FEATURES: readonly (readonly [number, string])[] = [
  [1, 'ecn'],
  [16, 'tcp_usec_ts'],
];

/** Whether the kernel keeps its hands off the MTU of a route. */
export function isMtuLocked({ metrics }: RouteSettings): boolean {
  return ((metrics?.lock ?? 0) & (1 << MTU)) !== 0;
}

/** Metrics as the kernel shows them again: without those that are 0, which are none. Undefined when none is left. */
export function toShownMetrics(metrics: PathMetrics | undefined): PathMetrics | undefined {
  const { lock = 0 } = metrics ?? {};
  const entries = METRICS.flatMap(([name]) => {
    const value = metrics?.[name];
    return value === undefined || value === 0 || value === '' ? [] : [[name, value] as const];
  });
  if (lock === 0 && entries.length === 0) return undefined;
  return { ...(lock === 0 ? {} : { lock }), ...Object.fromEntries(entries) };
}

/**
 * Metrics to ask for, as they will be shown. A least retransmission time is locked, as `ip` does it: the kernel heeds no other
 * (tcp_rto_min, net/ipv4/tcp_output.c).
 */
export function toWantedMetrics(metrics: PathMetrics | undefined): PathMetrics | undefined {
  const shown = toShownMetrics(metrics);
  return shown?.rtoMin === undefined ? shown : { ...shown, lock: (shown.lock ?? 0) | (1 << RTO_MIN) };
}

/** Whether both are the same. */
export function isSameMetrics(a: PathMetrics | undefined, b: PathMetrics | undefined): boolean {
  return JSON.stringify(toShownMetrics(a)) === JSON.stringify(toShownMetrics(b));
}

/** Whether all that is wanted is there; what was not said may be anything. */
export function hasMetrics(found: PathMetrics | undefined, wanted: PathMetrics | undefined): boolean {
  return isSameMetrics({ ...found, ...wanted }, found);
}

/** An MTU and metrics as `ip route` takes them. */
export function metricWords({ mtu, metrics = {} }: RouteSettings): readonly string[] {
  const { lock = 0 } = metrics;
  const words = (word: string, number: number, value: number | string | undefined): readonly string[] => {
    const locked = (lock & (1 << number)) !== 0;
    // What is locked without a value is a lock of 0 for `ip`.
    return value === undefined && !locked ? [] : [word, ...(locked ? ['lock'] : []), String(value ?? 0)];
  };
  return [
    ...words('mtu', MTU, mtu),
    ...METRICS.flatMap(([name, number, word]) => {
      const value = metrics[name];
      if (name === 'features') return [...features(Number(value ?? 0))];
      // `ip` locks the one without being told, and has no way to lock the others.
      if (!LOCKABLE.has(name)) return value === undefined ? [] : [word, String(value)];
      return words(word, number, value);
    }),
  ];
}

function features(bits: number): readonly string[] {
  const words = FEATURES.flatMap(([bit, word]) => ((bits & bit) === 0 ? [] : [word]));
  return words.length === 0 ? [] : ['features', ...words];
}
