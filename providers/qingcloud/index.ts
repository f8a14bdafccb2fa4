/**
 * NICs of QingCloud: reads the provider file that users of the vendor's SDK have, and speaks the vendor's API.
 *
 * @example
 * ```ts
 * import { createQingCloudProvider, readConfig } from 'hostnic-cni/providers/qingcloud';
 *
 * const provider = createQingCloudProvider({ config: await readConfig('/etc/qingcloud/client.yaml') });
 * console.log(await provider.listNics({ instanceId: await provider.instanceId() }));
 * await provider.close();
 * ```
 * @packageDocumentation
 */
export { parseConfig, type QingCloudConfig } from './config.js';
export { type ReadConfigOptions, readConfig } from './config-file.js';
export { INSTANCE_ID_FILE, readInstanceId } from './instance-id.js';
export type { Instance } from './instances.js';
export type { CreateNicsRequest } from './nic-creation.js';
export { createQingCloudProvider, type QingCloudProvider, type QingCloudProviderOptions } from './provider.js';
