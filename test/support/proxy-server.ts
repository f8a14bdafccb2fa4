import { createServer, type IncomingMessage, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a proxy was asked for. */
export interface ProxiedRequest {
  /** `CONNECT host:port`, or the method and the whole URL. */
  readonly line: string;
  /** What came in `Proxy-Authorization`. */
  readonly authorization: string | undefined;
  /** What came in `Host`. */
  readonly host: string | undefined;
}

/** What a proxy does instead of connecting: sends this text and ends, ends at once, or says nothing. */
export type ProxyTrick = { readonly kind: 'answer'; readonly text: string } | { readonly kind: 'end' } | { readonly kind: 'silence' };

/** A proxy on loopback that leads everything to one port of loopback, whatever name was asked for. */
export interface ProxyServer {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** All that it was asked for. */
  readonly requests: readonly ProxiedRequest[];
  /** Tunnels that are open. */
  open(): number;
  /** Is done instead, from now on. */
  trick(trick: ProxyTrick | undefined): void;
  /** Lets tunnels through that were held by the trick `silence`. */
  letThrough(): void;
  /** Stops at once. */
  close(): Promise<void>;
}

/** Starts a proxy. @param target the port of loopback it leads to @param tls key and certificate, for a proxy that speaks TLS itself */
export async function startProxyServer(target: number, tls?: { readonly key: string; readonly cert: string }): Promise<ProxyServer> {
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Duplex>();
  const held: (() => void)[] = [];
  let trick: ProxyTrick | undefined;
  let open = 0;
  const note = ({ method, url, headers }: IncomingMessage): void => {
    requests.push({ line: `${method} ${url}`, authorization: headers['proxy-authorization'], host: headers.host });
  };
  const tunnel = (client: Duplex, head: Buffer): void => {
    const server = connect(target, '127.0.0.1', () => {
      open++;
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.write(head);
      client.pipe(server).pipe(client);
    });
    sockets.add(server);
    server.on('error', () => client.destroy());
    server.on('close', () => {
      open--;
      client.destroy();
    });
    client.on('close', () => server.destroy());
  };
  const handler = tls === undefined ? createServer() : createTlsServer(tls);
  handler.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  handler.on('connect', (asked: IncomingMessage, client: Duplex, head: Buffer) => {
    note(asked);
    sockets.add(client);
    client.on('error', () => {});
    if (trick === undefined) tunnel(client, head);
    else if (trick.kind === 'answer') client.end(trick.text);
    else if (trick.kind === 'end') client.destroy();
    else held.push(() => tunnel(client, head));
  });
  handler.on('request', (asked: IncomingMessage, response) => {
    note(asked);
    if (trick?.kind === 'answer') {
      response.socket?.end(trick.text);
      return;
    }
    const { pathname, search } = new URL(asked.url ?? '');
    const { method = 'GET', headers } = asked;
    const options = { host: '127.0.0.1', port: target, path: pathname + search, method, headers: { host: headers.host ?? '' } };
    const forwarded = request(options, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    asked.pipe(forwarded);
  });
  await new Promise<void>((resolve) => handler.listen(0, '127.0.0.1', resolve));
  return {
    port: (handler.address() as AddressInfo).port,
    requests,
    open: () => open,
    trick: (next) => {
      trick = next;
    },
    letThrough: () => {
      for (const go of held.splice(0)) go();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        handler.close(() => resolve());
      }),
  };
}
