/** A processor architecture the standalone plugin is built for, as Linux distributions and CNI releases spell it. */
export type Architecture = 'amd64' | 'arm64';

/** Where the Bun runtime of an architecture comes from and how its archive is known to be the right one. */
export interface BunRelease {
  /** The npm package that holds nothing but the executable; it has no install script. */
  readonly packageName: string;
  /** Its `dist.integrity` in the registry, pinned here so that a changed registry or mirror cannot slip in another runtime. */
  readonly integrity: string;
  /** What `bun build --target` calls it. */
  readonly target: string;
  /** What `process.arch` calls it. */
  readonly nodeArch: NodeJS.Architecture;
}

/** The one version of Bun the standalone plugin is built with and was measured with. */
export const bunVersion = '1.4.5';

/** The releases of {@link bunVersion}. They need glibc, and on amd64 a processor with AVX2. */
export const bunReleases: Readonly<Record<Architecture, BunRelease>> = {
  amd64: {
    packageName: '@oven/bun-linux-x64',
    integrity: 'sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==',
    target: 'bun-linux-x64',
    nodeArch: 'x64',
  },
  arm64: {
    packageName: '@oven/bun-linux-aarch64',
    integrity: 'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
    target: 'bun-linux-arm64',
    nodeArch: 'arm64',
  },
};
