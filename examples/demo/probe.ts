import { type Place, run } from './place.js';

/** An answer from the network. */
export interface Reached {
  /** How it was found out. */
  readonly how: string;
  /** What came back, in a few words. */
  readonly answer: string;
}

/** Thrown when nothing answers. */
export class NotReached extends Error {
  override readonly name = 'NotReached';
}

/** Run by Node.js inside the namespace: a refused connection is an answer as good as an accepted one. */
const CONNECT = `
const { connect } = require('node:net');
const [host, port] = process.argv.slice(1);
const socket = connect({ host, port: Number(port), timeout: 3000 });
const end = (text, code) => { process.stdout.write(text); process.exit(code); };
socket.on('connect', () => end('accepted', 0));
socket.on('timeout', () => end('timed out', 1));
socket.on('error', (error) => end(error.code === 'ECONNREFUSED' ? 'refused, so it is there' : error.code, error.code === 'ECONNREFUSED' ? 0 : 1));
`;

/** Run by Node.js inside the namespace: prints what the server says. */
const GET = `
const { get } = require('node:http');
const request = get(process.argv[1], { timeout: 3000 }, (response) => {
  response.setEncoding('utf8').on('data', (text) => process.stdout.write(text));
});
request.on('timeout', () => request.destroy(new Error('timed out')));
request.on('error', (error) => { process.stdout.write(error.code ?? error.message); process.exit(1); });
`;

async function pingOnce(place: Place, address: string): Promise<string | undefined> {
  try {
    const { code, stdout } = await run(place, 'ping', ['-n', '-c', '1', '-W', '3', address]);
    const time = /time=([0-9.]+ ms)/.exec(stdout)?.[1];
    return code === 0 && time !== undefined ? `answered in ${time}` : undefined;
  } catch {
    // Not installed.
    return undefined;
  }
}

/** Sends one ping, or, where there is no usable ping, tries a TCP connection. @throws NotReached */
export async function reach(from: Place, address: string, port: number): Promise<Reached> {
  const pong = await pingOnce(from, address);
  if (pong !== undefined) return { how: 'ping', answer: pong };
  const { code, stdout } = await run(from, process.execPath, ['-e', CONNECT, address, String(port)]);
  if (code !== 0) throw new NotReached(`${from.name} does not reach ${address}: no pong, and TCP port ${port}: ${stdout}`);
  return { how: `TCP port ${port}`, answer: stdout };
}

/** Asks a web server. @throws NotReached */
export async function ask(from: Place, url: string): Promise<Reached> {
  const { code, stdout } = await run(from, process.execPath, ['-e', GET, url]);
  if (code !== 0) throw new NotReached(`${from.name} gets no answer from ${url}: ${stdout}`);
  return { how: 'HTTP', answer: stdout.trim() };
}
