import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../support/machine.js';

/** Commands of busybox that the containers use. */
const applets = ['sh', 'ip', 'ping', 'sleep', 'cat'];

async function mustRun(command: string, args: readonly string[]): Promise<void> {
  const end = await runCommand(command, args);
  if (end.code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${end.code}: ${end.stderr}`);
}

/** Makes a root file system that holds busybox and nothing else. */
export async function makeRootFilesystem(folder: string): Promise<void> {
  for (const name of ['bin', 'proc', 'sys', 'dev', 'etc']) await mkdir(join(folder, name), { recursive: true });
  await copyFile('/bin/busybox', join(folder, 'bin/busybox'));
  for (const name of applets) await symlink('busybox', join(folder, 'bin', name));
}

/**
 * Packs a root file system into an archive that `ctr image import` and `podman load` take (OCI image layout 1.0), without any network.
 * @param reference what the image is called, such as `localhost/pause:1`
 * @param command what a container of it runs
 */
export async function makeImageArchive(
  rootFilesystem: string,
  reference: string,
  command: readonly string[],
  archive: string,
): Promise<void> {
  const folder = await mkdtemp(`${archive}.`);
  const blobs = join(folder, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (content: Uint8Array): Promise<{ digest: string; size: number }> => {
    const hash = createHash('sha256').update(content).digest('hex');
    await writeFile(join(blobs, hash), content);
    return { digest: `sha256:${hash}`, size: content.length };
  };
  const putJson = (value: unknown): Promise<{ digest: string; size: number }> => put(Buffer.from(JSON.stringify(value)));
  try {
    const layerFile = join(folder, 'layer.tar');
    await mustRun('tar', ['-C', rootFilesystem, '--numeric-owner', '-cf', layerFile, '.']);
    const layer = await put(await readFile(layerFile));
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const config = await putJson({
      architecture,
      os: 'linux',
      config: { Cmd: command, Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
    const manifest = await putJson({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    });
    const names = { 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': reference };
    const index = {
      schemaVersion: 2,
      manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest, annotations: names }],
    };
    await writeFile(join(folder, 'index.json'), JSON.stringify(index));
    await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await mustRun('tar', ['-C', folder, '-cf', archive, 'oci-layout', 'index.json', 'blobs']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
