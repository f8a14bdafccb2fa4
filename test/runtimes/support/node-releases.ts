import type { PackedExecutable } from '../../../examples/hostnic/build/fetch-executable.js';

type NodeArchitecture = 'x64' | 'arm64';

/** One version of Node.js with the hash of its package for each architecture. */
interface NodeRelease {
  readonly version: string;
  readonly integrity: Readonly<Record<NodeArchitecture, string>>;
}

/** The oldest version that package.json allows, and one of each later line with long-term support. */
const releases: readonly NodeRelease[] = [
  {
    version: '20.19.0',
    integrity: {
      x64: 'sha512-HzVYgEgabV/n3nP2F9mcxS0Nxgg99jynX9CMovakLmSYTuTdQRbbtw0yadY8+qKcqXfiDAtb2hmtR7nDPzclGA==',
      arm64: 'sha512-kT7jX7frbsrMrXMsBaFt3Th1SWs5VjxTzd0U8vxcmdCFkaqeu5hFK0+QoYfIo5drmr3DmwJfLtO2gnD/7hNE/Q==',
    },
  },
  {
    version: '22.23.3',
    integrity: {
      x64: 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
      arm64: 'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
    },
  },
  {
    version: '24.21.0',
    integrity: {
      x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
      arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  },
];

/** The versions of Node.js that tests run under beside the one that runs the tests. They need glibc. */
export const nodeVersions: readonly string[] = releases.map(({ version }) => version);

/** Where one of {@link nodeVersions} comes from on this machine. @throws Error when there is none for it */
export function nodeExecutable(version: string): PackedExecutable {
  const release = releases.find((one) => one.version === version);
  const { arch } = process;
  if (release === undefined || (arch !== 'x64' && arch !== 'arm64')) throw new Error(`no Node.js ${version} is pinned for ${arch}`);
  return { packageName: `node-linux-${arch}`, version, integrity: release.integrity[arch], file: 'bin/node' };
}
