import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { listenInNamespace } from '../../netlink/index.js';
import { type Place, run, spawnIn } from './place.js';

/** A service address, and what it stands for. */
export interface Service {
  /** The address that only the machine's rules know. */
  readonly address: string;
  /** Its port. */
  readonly port: number;
  /** The pod that does the work. */
  readonly backendAddress: string;
  /** Its port there. */
  readonly backendPort: number;
}

/** Something that runs until it is closed. */
export interface Closable {
  /** Ends it. Two closes are fine. */
  close(): Promise<void>;
}

/** A web server in a pod that says who asked. */
export async function serveIn(pod: Place, port: number): Promise<Closable> {
  const server = createServer((request, response) => {
    response.end(`${pod.name} was asked by ${request.socket.remoteAddress ?? 'nobody'}\n`);
  });
  const { fd } = listenInNamespace(pod.namespace, { host: '0.0.0.0', port });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd }, resolve);
  });
  return {
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function nftRules({ address, port, backendAddress, backendPort }: Service): string {
  return `
table ip hostnic-demo {
  chain prerouting {
    type nat hook prerouting priority -100;
    ip daddr ${address} tcp dport ${port} dnat to ${backendAddress}:${backendPort}
  }
  chain postrouting {
    type nat hook postrouting priority 100;
    ip daddr ${backendAddress} tcp dport ${backendPort} masquerade
  }
}`;
}

function iptablesRules({ address, port, backendAddress, backendPort }: Service): readonly (readonly string[])[] {
  const to = `${backendAddress}:${backendPort}`;
  return [
    ['-t', 'nat', '-A', 'PREROUTING', '-d', address, '-p', 'tcp', '--dport', `${port}`, '-j', 'DNAT', '--to-destination', to],
    ['-t', 'nat', '-A', 'POSTROUTING', '-d', backendAddress, '-p', 'tcp', '--dport', `${backendPort}`, '-j', 'MASQUERADE'],
  ];
}

/** Run by Node.js on the machine: kube-proxy's first mode, a proxy that listens at the service address. */
const PROXY = `
const { connect, createServer } = require('node:net');
const [address, port, backend, backendPort] = process.argv.slice(1);
createServer((client) => {
  const server = connect(Number(backendPort), backend);
  client.pipe(server).pipe(client);
  for (const socket of [client, server]) socket.on('error', () => { client.destroy(); server.destroy(); });
}).listen(Number(port), address, () => process.stdout.write('ready'));
process.stdin.on('end', () => process.exit(0)).resume();
`;

async function succeeds(vm: Place, command: string, args: readonly string[], stdin?: string): Promise<boolean> {
  try {
    return (await run(vm, command, args, stdin === undefined ? {} : { stdin })).code === 0;
  } catch {
    // Not installed.
    return false;
  }
}

async function startProxy(vm: Place, service: Service): Promise<Closable> {
  const loopback = (await vm.net.listLinks()).find((link) => link.loopback);
  if (loopback !== undefined) await vm.net.addAddress(loopback.index, `${service.address}/32`);
  const args = [service.address, service.port, service.backendAddress, service.backendPort].map(String);
  // It ends with this process, however this process ends: then its standard input does.
  const child: ChildProcess = spawnIn(vm, process.execPath, ['-e', PROXY, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the proxy of the service ended with ${code}`)));
  });
  return {
    close: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}

/**
 * Lets a machine translate a service address, as kube-proxy does: by nftables or iptables where there is one of them that works,
 * else by a proxy.
 * @returns what to close at the end, and how it is done in words
 */
export async function translate(vm: Place, service: Service): Promise<Closable & { readonly how: string }> {
  // Rules live and die with the machine's namespace.
  const nothing = { close: async () => {} };
  if (await succeeds(vm, 'nft', ['-f', '-'], nftRules(service))) return { ...nothing, how: 'nftables: DNAT and masquerade' };
  let done = true;
  for (const rule of iptablesRules(service)) done &&= await succeeds(vm, 'iptables', rule);
  if (done) return { ...nothing, how: 'iptables: DNAT and masquerade' };
  return { ...(await startProxy(vm, service)), how: 'a proxy, as there is no working nft or iptables' };
}
