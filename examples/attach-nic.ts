/**
 * Gives a network namespace a NIC of the cloud for as long as a command line is open, then takes it back. As root, on an instance:
 *
 *     ip netns add demo
 *     npx tsx examples/attach-nic.ts /run/netns/demo /etc/qingcloud/client.yaml vxnet-xxxxxxx
 *
 * Whatever interrupts it, nothing is lost: the next run with the same folder finishes what is left over.
 */
import { readFileSync } from 'node:fs';
import { createAttachmentEngine, createFileHostStore, createFileStore } from 'hostnic-cni';
import { createNetlinkDriver, fileLocker } from 'hostnic-cni/netlink';
import { createQingCloudProvider, readConfig } from 'hostnic-cni/providers/qingcloud';

const [path = '/run/netns/demo', configFile = '/etc/qingcloud/client.yaml', subnetId = '', directory = '/var/lib/attach-nic'] =
  process.argv.slice(2);

const provider = createQingCloudProvider({ config: await readConfig(configFile) });
const engine = createAttachmentEngine({
  provider: async () => provider,
  driver: createNetlinkDriver(),
  store: createFileStore({ directory, locker: fileLocker }),
  hostStore: createFileHostStore({ directory: `${directory}/host`, locker: fileLocker }),
  bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
});

const key = { network: 'attach-nic', containerId: 'example', ifname: 'nic0' };
const namespace = { kind: 'path', path } as const;
const withinAMinute = () => ({ deadline: Date.now() + 60_000 });

const attachment = await engine.attach({ key, namespace, subnetIds: [subnetId], routes: [], defaultRoute: true }, withinAMinute());
console.log(`${path} has ${attachment.nicId} as nic0 with ${attachment.addresses[0]?.address}; press Enter to take it back`);
await new Promise((resolve) => process.stdin.once('data', resolve).once('end', resolve));
await engine.detach({ key, namespace }, withinAMinute());
console.log(`${attachment.nicId} is detached and deleted`);
await provider.close();
process.exit();
