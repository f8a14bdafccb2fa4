import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { TUNNEL_CODE } from './never-left.js';
import type { ProxyServer } from './proxy-variables.js';

/** Said wherever TLS begins: else the variable NODE_TLS_REJECT_UNAUTHORIZED could switch it off. */
export const VERIFY = { rejectUnauthorized: true } as const;

/** A way through a proxy that did not come about: nothing has been sent through it. Names the proxy, and no user of it. */
export class TunnelError extends Error {
  override readonly name = 'TunnelError';
  /** What got and Node know errors by. */
  readonly code = TUNNEL_CODE;
  /** Trying again may help. */
  readonly retryable: boolean;

  /** @param what what the proxy did */
  constructor(proxy: ProxyServer, what: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(`the proxy ${formatProxy(proxy)} (from ${proxy.variable}) ${what}`, options.cause === undefined ? {} : { cause: options.cause });
    this.retryable = options.retryable;
  }
}

/** Where a proxy is, without who uses it. */
export function formatProxy({ protocol, host, port }: ProxyServer): string {
  return `${protocol}://${formatHost(host)}:${port}`;
}

/** A host as it stands before a port. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function refusal(proxy: ProxyServer, status: number): TunnelError {
  const advice = status === 407 ? `: it wants another user and password in ${proxy.variable}` : '';
  const retryable = status >= 500 || status === 429;
  return new TunnelError(proxy, `answered ${status} when it was asked for a connection to the API${advice}`, { retryable });
}

/**
 * Connects to HTTPS servers through a proxy (RFC 9110, section 9.3.6, CONNECT), and speaks TLS with the server itself, whose certificate
 * is verified as without a proxy.
 *
 * The agents in npm's packages leave a request hanging that has no socket yet, past any time-out, when the proxy does not answer.
 */
export class TunnelAgent extends Agent {
  readonly #proxy: ProxyServer;
  readonly #timeoutMs: number;
  readonly #opening = new Set<{ destroy(): void }>();

  /** @param timeoutMs how long the proxy may take to make a connection */
  constructor(proxy: ProxyServer, timeoutMs: number, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
    this.#timeoutMs = timeoutMs;
  }

  /** Called by Node for a new connection. */
  override createConnection(options: RequestOptions, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    const proxy = this.#proxy;
    const authority = `${formatHost(options.host ?? '')}:${options.port}`;
    const request = (proxy.protocol === 'https' ? httpsRequest : httpRequest)({
      method: 'CONNECT',
      host: proxy.host,
      port: proxy.port,
      path: authority,
      headers: { host: authority, ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }) },
      agent: false,
      ...VERIFY,
      ...(isIP(proxy.host) === 0 ? { servername: proxy.host } : {}),
    });
    this.#opening.add(request);
    const timer = setTimeout(() => {
      request.destroy(new TunnelError(proxy, `did not connect to the API within ${this.#timeoutMs} ms`, { retryable: true }));
    }, this.#timeoutMs);
    const end = (error: Error | null, stream?: Duplex): void => {
      clearTimeout(timer);
      this.#opening.delete(request);
      // Node's own type wants a stream beside an error too.
      callback?.(error, stream as Duplex);
    };
    request.once('error', (cause) => {
      const why = 'code' in cause ? `${cause.message} (${String(cause.code)})` : cause.message;
      end(cause instanceof TunnelError ? cause : new TunnelError(proxy, `gave no connection: ${why}`, { retryable: true, cause }));
    });
    request.once('response', (response: IncomingMessage) => {
      end(refusal(proxy, response.statusCode ?? 0));
      request.destroy();
    });
    request.once('connect', (response: IncomingMessage, socket: Duplex) => {
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        end(null, super.createConnection({ ...options, ...VERIFY, socket } as RequestOptions) ?? undefined);
        return;
      }
      end(refusal(proxy, status));
      socket.destroy();
    });
    request.end();
    return undefined;
  }

  /** Ends connections that are being made, and idle ones. */
  override destroy(): void {
    for (const request of this.#opening) request.destroy();
    super.destroy();
  }
}
