import type { PackedExecutable } from './fetch-executable.js';

/** A processor architecture the standalone plugin is built for, as Linux distributions and CNI releases spell it. */
export type Architecture = 'amd64' | 'arm64';

/** Where the Bun runtime of an architecture comes from: a package that holds nothing but the executable. */
export interface BunRelease extends PackedExecutable {
  /** What `bun build --target` calls it. */
  readonly target: string;
  /** What `process.arch` calls it. */
  readonly nodeArch: NodeJS.Architecture;
}

/** The one version of Bun the standalone plugin is built with and was measured with. */
const bunVersion = '1.4.5';

/** The releases of the one version. They need glibc, and on amd64 a processor with AVX2. */
export const bunReleases: Readonly<Record<Architecture, BunRelease>> = {
  amd64: {
    packageName: '@oven/bun-linux-x64',
    version: bunVersion,
    integrity: 'sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==',
    file: 'bin/bun',
    target: 'bun-linux-x64',
    nodeArch: 'x64',
  },
  arm64: {
    packageName: '@oven/bun-linux-aarch64',
    version: bunVersion,
    integrity: 'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
    file: 'bin/bun',
    target: 'bun-linux-arm64',
    nodeArch: 'arm64',
  },
};

/** The architecture of this machine. @throws Error when there is no Bun for it */
export function hostArchitecture(): Architecture {
  for (const name of ['amd64', 'arm64'] as const) {
    if (bunReleases[name].nodeArch === process.arch) return name;
  }
  throw new Error(`there is no Bun for ${process.arch}: name what to build for, one of ${Object.keys(bunReleases).join(', ')}`);
}
