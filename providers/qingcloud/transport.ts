import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import * as E from 'fp-ts/lib/Either.js';
import type { NicError } from '../../lib/errors.js';
import type { QingCloudConfig } from './config.js';
import { type Environment, findProxy, type ProxyServer } from './proxy-variables.js';
import { formatHost, TunnelAgent, VERIFY } from './tunnel.js';

/** Makes a request as `http.request` does. */
type RequestFunction = (url: URL, options: RequestOptions, callback?: (response: IncomingMessage) => void) => ClientRequest;

/** How requests get to the API. */
export interface Transport {
  /** Connections that are kept and used again. */
  readonly agent: { readonly http: HttpAgent; readonly https: HttpsAgent };
  /** Sends requests to a proxy instead; undefined where they go out as they are. */
  readonly request: RequestFunction | undefined;
  /** The proxy on the way, if there is one. */
  readonly proxy: ProxyServer | undefined;
  /** Connections lead through a tunnel that the proxy must make first. */
  readonly tunnelled: boolean;
}

/** Where the API is. An IPv6 address stands in brackets, and the port is always written, as the vendor's SDK does. */
export function formatOrigin({ protocol, host, port }: QingCloudConfig): string {
  return `${protocol}://${formatHost(host)}:${port}`;
}

/** Without TLS a proxy gets the request itself, with the whole URL in place of the path (RFC 9112, section 3.2.2). */
function forwardBy(proxy: ProxyServer, origin: string): RequestFunction {
  const send = proxy.protocol === 'https' ? httpsRequest : httpRequest;
  return (url, options, callback) =>
    send(
      {
        ...options,
        ...VERIFY,
        protocol: `${proxy.protocol}:`,
        host: proxy.host,
        hostname: proxy.host,
        port: proxy.port,
        path: `${origin}${url.pathname}${url.search}`,
        headers: {
          ...options.headers,
          host: origin.slice('http://'.length),
          ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
        },
        ...(isIP(proxy.host) === 0 ? { servername: proxy.host } : {}),
      },
      callback,
    );
}

/**
 * Finds the way to the API: straight, or through the proxy that the environment names.
 * @param timeoutMs how long a proxy may take to make a connection
 * @returns an `ERR_CONFIG` where a variable names no proxy that can be used
 */
export function createTransport(config: QingCloudConfig, environment: Environment, timeoutMs: number): E.Either<NicError, Transport> {
  const found = findProxy(environment, config);
  if (E.isLeft(found)) return found;
  const proxy = found.right;
  const http = new HttpAgent({ keepAlive: true });
  if (proxy === undefined) {
    return E.right({ agent: { http, https: new HttpsAgent({ keepAlive: true, ...VERIFY }) }, request: undefined, proxy, tunnelled: false });
  }
  if (config.protocol === 'https') {
    return E.right({
      agent: { http, https: new TunnelAgent(proxy, timeoutMs, { keepAlive: true }) },
      request: undefined,
      proxy,
      tunnelled: true,
    });
  }
  const https = new HttpsAgent({ keepAlive: true, ...VERIFY });
  // The agent has to be that of the proxy's protocol, whatever the API's is.
  const forward = forwardBy(proxy, formatOrigin(config));
  const agent = proxy.protocol === 'https' ? https : http;
  return E.right({
    agent: { http, https },
    request: (url, options, callback) => forward(url, { ...options, agent }, callback),
    proxy,
    tunnelled: false,
  });
}
