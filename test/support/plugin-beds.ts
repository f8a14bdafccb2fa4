import { basename } from 'node:path';
import type { JsonObject } from '../../lib/cni/index.js';
import type { PluginBed } from '../../lib/testing/index.js';
import type { PluginMachine } from './plugin-machine.js';

/** A place on a machine to try a plugin in. */
export function makePluginBed(host: PluginMachine, config: JsonObject, checks: Partial<PluginBed> = {}): PluginBed {
  return {
    createNamespace: () => host.addNamespace(),
    removeNamespace: async (path) => void (await host.sh(`ip netns del ${basename(path)}`)),
    config,
    path: host.plugins,
    teardown: async () => undefined,
    ...checks,
  };
}

/** The state of a link with its addresses, as `ip` prints it; empty when there is none, or no namespace. */
export function showLink(host: PluginMachine, netns: string, name: string): Promise<string> {
  const ip = `ip -n ${basename(netns)} -o`;
  return host.sh(`${ip} link show ${name} 2>/dev/null; ${ip} addr show ${name} 2>/dev/null; true`);
}

/** What a loopback plugin makes, looked at from outside. */
export function loopbackChecks(host: () => PluginMachine): Pick<PluginBed, 'verifyAdded' | 'verifyRemoved'> {
  const isUp = (state: string): boolean => /[<,]UP[,>]/.test(state);
  return {
    async verifyAdded(netns, ifname) {
      const state = await showLink(host(), netns, ifname);
      if (!isUp(state) || !state.includes('127.0.0.1/8')) throw new Error(`${ifname} is not up: ${state}`);
    },
    async verifyRemoved(netns, ifname) {
      const state = await showLink(host(), netns, ifname);
      if (isUp(state)) throw new Error(`${ifname} is still up: ${state}`);
    },
  };
}
