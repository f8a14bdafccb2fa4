import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import { startPluginWorld } from '../support/plugin-world.js';
import { builds } from './builds.js';
import { ROWS, TRIED } from './choice-rows.js';
import { Host } from './host.js';
import { printFigures, scaled } from './scale.js';

/** Through the host, by a gateway NIC that has to be made. */
const ROUTED = { ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] } };

async function liveThrough(host: Host): Promise<void> {
  const { world } = host;
  const before = await host.networkState();
  for (const pod of ['plain', 'routed', 'wished']) await world.addPod(pod);
  const { result } = await host.succeed({ command: 'ADD', containerId: 'plain' });
  await host.succeed({ command: 'ADD', containerId: 'routed', conf: ROUTED });
  await host.succeed({ command: 'ADD', containerId: 'wished', conf: { runtimeConfig: { ips: ['192.168.100.77'] } } });
  // Three containers and a gateway.
  expect(host.nics()).to.have.length(4);
  await host.succeed({ command: 'CHECK', containerId: 'plain', conf: { prevResult: result } });
  expect((await host.run({ command: 'ADD', containerId: 'plain' })).code, 'a second ADD').to.be.above(0);
  expect(host.nics()).to.have.length(4);
  for (const containerId of ['plain', 'wished']) await host.succeed({ command: 'DEL', containerId });
  // Its NIC comes back to the host, and nobody sends DEL.
  await world.removePod('routed');
  await host.succeed({ command: 'GC', conf: { 'cni.dev/valid-attachments': [] } });
  await host.succeed({ command: 'DEL', containerId: 'plain' });
  await host.expectAsBefore(before);
}

describe(`the plugin under what nobody knows of the service, chosen in ${ROWS} ways that have every two choices together`, () => {
  for (const { index, choices, title } of scaled({ short: TRIED.slice(-1), full: TRIED })) {
    it(title, async function () {
      requireLive(this);
      this.timeout(3_600_000);
      const build = builds.at(-1);
      if (build === undefined) throw new Error('there is a build in every scale');
      const world = await startPluginWorld({
        executable: await build.path(),
        emulator: { choices, jobs: { attachMs: 300, detachMs: 300 } },
      });
      try {
        const host = new Host(world, { gatewayIdleSeconds: 0 });
        await liveThrough(host);
        printFigures(`row ${index}, ${build.name}`, { commands: host.commands, 'slowest command in ms': Math.round(host.slowestMs) });
      } finally {
        await world.close();
      }
    });
  }
});
