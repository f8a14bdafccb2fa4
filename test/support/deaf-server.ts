import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';

const SOURCE = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, server.address().port + '\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A port of 127.0.0.1 where connections are neither accepted nor refused. */
export interface DeafServer {
  /** The port. */
  readonly port: number;
  /** Ends the process that holds it. */
  close(): void;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text);
    });
    child.once('exit', () => reject(new Error('the server ended before it listened')));
  });
}

/** Starts a process that listens and never accepts, and fills its queue, so that the kernel leaves further connections without answer. */
export async function startDeafServer(): Promise<DeafServer> {
  const child = spawn(process.execPath, ['-e', SOURCE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(await firstLine(child));
  const sockets: Socket[] = [];
  // A queue of 1 holds 2 connections; those after it stay without answer.
  for (let i = 0; i < 2; i++) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    sockets.push(socket);
  }
  return {
    port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
