import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Numbers of include/uapi/linux/capability.h. */
const NEEDED: Readonly<Record<string, bigint>> = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n, CAP_SYS_ADMIN: 21n };

/** Tells a process that it has been put into namespaces of its own already. */
const INSIDE = 'HOSTNIC_DEMO_INSIDE';

const NEEDS = `The demo makes network namespaces. It needs Linux, and one of:
  - root: sudo npm run demo
  - user namespaces: "unshare -Urnm true" must succeed. Where it does not, an administrator can allow it:
      sysctl kernel.unprivileged_userns_clone=1                (Debian)
      sysctl kernel.apparmor_restrict_unprivileged_userns=0    (Ubuntu 24.04 and later)
      sysctl user.max_user_namespaces=10000                    (RHEL)
  - a container with --privileged`;

function missingCapabilities(): readonly string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  return Object.entries(NEEDED)
    .filter(([, bit]) => ((effective >> bit) & 1n) === 0n)
    .map(([name]) => name);
}

/** How the demo can go on: here, inside a process of its own that has ended with this code, or not at all, and why. */
export type Way =
  | { readonly kind: 'here' }
  | { readonly kind: 'done'; readonly exitCode: number }
  | { readonly kind: 'no'; readonly why: string };

/** Runs this same command inside namespaces of its own, where it is root, and gives its exit code. */
function runInside(): Promise<number> {
  const { execPath, execArgv, argv } = process;
  const child = spawn('unshare', ['-Urnm', execPath, ...execArgv, ...argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  // Ctrl-C goes to the whole group; the one inside cleans up, and this one waits for it.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Finds out whether namespaces can be made here, and helps itself to a user namespace where that is what it takes. */
export async function findWay(): Promise<Way> {
  if (process.platform !== 'linux') return { kind: 'no', why: `This is ${process.platform}.\n\n${NEEDS}` };
  const missing = missingCapabilities();
  if (missing.length === 0) return { kind: 'here' };
  const trial = spawnSync('unshare', ['-Urnm', 'true'], { encoding: 'utf8' });
  if (process.env[INSIDE] === '1' || trial.status !== 0) {
    const said = trial.error?.message ?? trial.stderr.trim();
    return { kind: 'no', why: `${missing.join(', ')} missing, and user namespaces do not work here: ${said}\n\n${NEEDS}` };
  }
  return { kind: 'done', exitCode: await runInside() };
}
