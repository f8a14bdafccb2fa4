import { runPlugin } from '../../lib/cni/index.js';
import { createHostnicPlugin } from './handlers.js';
import { createPluginHost } from './process-host.js';

/** Serves one CNI command as this process, and ends it. */
export async function runHostnic(): Promise<void> {
  await runPlugin(createHostnicPlugin(createPluginHost()));
}
