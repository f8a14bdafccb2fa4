import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkDriver } from '../../lib/driver.js';
import { createNetlinkDriver, createVethFabric, listenInNamespace } from '../../netlink/index.js';
import { DEFAULT_ACCOUNT, type Emulator, startEmulator } from '../../providers/qingcloud/emulator/index.js';
import { createPlace, type Place } from './place.js';

/** The vxnet that the machine's own NIC is in. */
export const NODE_VXNET = 'vxnet-nodes01';

/** The vxnet that pods get their NICs from. */
export const POD_VXNET = 'vxnet-pods001';

/** The machine's id in the cloud. */
export const INSTANCE = 'i-demo0001';

/** All that the demo plays on. */
export interface Stage {
  /** The cloud. */
  readonly emulator: Emulator;
  /** The virtual machine. */
  readonly vm: Place;
  /** The machine's address in the cloud. */
  readonly vmAddress: string;
  /** Folder of all files of this run. */
  readonly folder: string;
  /** The provider file, as the vendor's SDK takes it. */
  readonly providerFile: string;
  /** Opens namespaces. */
  readonly driver: NetworkDriver;
  /** Makes the namespace of a pod. */
  addPod(name: string): Promise<Place>;
  /** Takes everything down. Two closes are fine. */
  close(): Promise<void>;
}

async function configureVm(vm: Place, emulator: Emulator): Promise<string> {
  const nic = emulator.nics().find((entry) => entry.instanceId === INSTANCE);
  const links = await vm.net.listLinks();
  const link = links.find((entry) => entry.mac === nic?.id);
  if (nic === undefined || link === undefined) throw new Error('the primary NIC of the machine did not appear');
  await vm.net.changeLink(link.index, { up: true });
  await vm.net.addAddress(link.index, `${nic.address}/24`);
  await vm.net.replaceRoute({ dst: '0.0.0.0/0', gateway: '192.168.0.1', linkIndex: link.index });
  // What any Kubernetes node has.
  await vm.net.writeSysctl('ipv4/ip_forward', '1');
  return nic.address;
}

/** Builds a cloud, a VPC with two vxnets, and a machine in it. Whatever fails on the way, nothing is left. */
export async function openStage(): Promise<Stage> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hostnic-demo-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const driver = createNetlinkDriver();
    const vm = await createPlace('vm', driver);
    closers.push(() => vm.close());
    const fabric = createVethFabric();
    closers.push(() => fabric.close());
    // The API is where the machine finds it, though the server runs outside.
    const { fd, port } = listenInNamespace(vm.namespace, { host: '127.0.0.1', port: 0 });
    const emulator = await startEmulator({
      listen: { fd },
      fabric,
      vxnets: [
        { id: NODE_VXNET, routerId: 'rtr-demo0001', cidr: '192.168.0.0/24' },
        { id: POD_VXNET, routerId: 'rtr-demo0001', cidr: '192.168.100.0/24' },
      ],
      instances: [{ id: INSTANCE, namespace: { kind: 'fd', fd: vm.namespace.fd }, primaryNic: { vxnetId: NODE_VXNET } }],
      jobs: { attachMs: 0, detachMs: 0 },
    });
    closers.push(() => emulator.close());
    const vmAddress = await configureVm(vm, emulator);
    const providerFile = join(folder, 'client.yaml');
    const { accessKeyId, secretAccessKey } = DEFAULT_ACCOUNT;
    const yaml = [
      `qy_access_key_id: "${accessKeyId}"`,
      `qy_secret_access_key: "${secretAccessKey}"`,
      'zone: "pek3a"',
      'host: "127.0.0.1"',
      `port: ${port}`,
      'protocol: "http"',
    ];
    writeFileSync(providerFile, `${yaml.join('\n')}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'instance-id'), `${INSTANCE}\n`);
    return {
      emulator,
      vm,
      vmAddress,
      folder,
      providerFile,
      driver,
      async addPod(name) {
        const pod = await createPlace(name, driver);
        closers.push(() => pod.close());
        return pod;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
