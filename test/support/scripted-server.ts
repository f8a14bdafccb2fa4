import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it came. */
export interface SeenRequest {
  /** `GET` … */
  readonly method: string;
  /** Path and query, not decoded. */
  readonly url: string;
  /** Decoded parameters of the query. */
  readonly params: Readonly<Record<string, string>>;
  /** Headers, names in lower case. */
  readonly headers: IncomingMessage['headers'];
}

/** What the server does with one request. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** A server on loopback that answers one request after the other as it was told. */
export interface ScriptedServer {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** All requests so far. */
  readonly requests: readonly SeenRequest[];
  /** How many connections came. */
  connections(): number;
  /** Appends answers. A request without one is answered with HTTP 599. */
  script(...answers: readonly Answer[]): void;
  /** What requests without an answer of their own get from now on. */
  otherwise(answer: Answer): void;
  /** Stops at once. */
  close(): Promise<void>;
}

/** Answers with a JSON document, as the service does. */
export function json(body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Answers with any text. */
export function text(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** Cuts the connection, after some bytes where given. */
export function cut(bytes = ''): Answer {
  return (response) => {
    const { socket } = response;
    if (bytes === '') socket?.resetAndDestroy();
    else socket?.end(bytes);
  };
}

/** Never answers. */
export const silence: Answer = () => {};

/** Starts a server. @param tls key and certificate for HTTPS */
export async function startScriptedServer(tls?: { readonly key: string; readonly cert: string }): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  const answers: Answer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let last: Answer = text('nothing is scripted', 599);
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? '';
    const params = Object.fromEntries(new URLSearchParams(url.slice(url.indexOf('?') + 1)));
    const seen = { method: request.method ?? '', url, params, headers: request.headers };
    requests.push(seen);
    (answers.shift() ?? last)(response, seen);
  };
  const server: Server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    connections: () => connections,
    script: (...more) => void answers.push(...more),
    otherwise: (answer) => {
      last = answer;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
