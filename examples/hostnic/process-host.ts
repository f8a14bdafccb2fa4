import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createAttachmentEngine, createFileHostStore, createFileStore } from '../../lib/attachment/index.js';
import { createCallLimiter, unlimitedCalls } from '../../lib/call-budget/index.js';
import { systemClock } from '../../lib/clock.js';
import { createFileFolder } from '../../lib/folder/index.js';
import { createNetlinkDriver, fileLocker } from '../../netlink/index.js';
import type { PluginHost } from './plugin-host.js';
import { createPluginLog, loadDebugPrinter } from './plugin-log.js';
import { providers } from './providers.js';

/** Where the kernel tells this boot from others. */
const bootIdFile = '/proc/sys/kernel/random/boot_id';

/** The plugin's host as it is: the clouds there are, this kernel, this disk. */
export function createPluginHost(): PluginHost {
  return {
    providers,
    clock: systemClock,
    // Start-up counts: whoever waits for the answer began to wait then.
    startedAt: performance.timeOrigin,
    async createLog({ logFile, logLevel }, context) {
      const print = await loadDebugPrinter(process.env);
      return createPluginLog({
        level: logLevel,
        context,
        ...(logFile === undefined ? {} : { file: logFile }),
        ...(print === undefined ? {} : { print }),
      });
    },
    createLimiter({ hostDir, apiCallsPerHour: callsPerHour }, account, callsPerCommand, log) {
      if (callsPerHour === 0) return unlimitedCalls;
      const folder = createFileFolder({ directory: hostDir, locker: fileLocker, random: Math.random });
      return createCallLimiter({ folder, account, callsPerHour, callsPerCommand, clock: systemClock, random: Math.random, log });
    },
    async createEngine({ keeping, provider, log }) {
      const tools = { locker: fileLocker, clock: systemClock, random: Math.random };
      return createAttachmentEngine({
        provider,
        driver: createNetlinkDriver(),
        store: createFileStore({ ...tools, directory: keeping.dataDir }),
        hostStore: createFileHostStore({ ...tools, directory: keeping.hostDir, originalDirectory: keeping.originalDir }),
        bootId: readFileSync(bootIdFile, 'utf8').trim(),
        clock: systemClock,
        log,
        limits: { gatewayIdleMs: keeping.gatewayIdleMs },
      });
    },
  };
}
