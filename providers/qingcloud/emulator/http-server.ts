import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { NicError } from '../../../lib/errors.js';
import type { Logger } from '../../../lib/log.js';
import type { Choices } from './choices.js';
import { type ControlParts, control } from './control.js';
import { isLoopback } from './loopback.js';
import type { ListenTarget } from './options.js';
import type { Answer } from './service.js';

/** The largest body taken, in bytes. */
const MAX_BODY_BYTES = 1_048_576;

/** The paths of the API: the Go SDK asks for the first, documentation and the other SDKs for the second. */
const API_PATHS: readonly string[] = ['/iaas', '/iaas/'];

/** One place that a server listens at. */
export interface ListeningAt {
  /** The address as bound. */
  readonly host: string;
  /** The port as bound. */
  readonly port: number;
}

/** What an HTTP server needs. */
export interface HttpServerParts extends ControlParts {
  /** How answers of the API are sent. */
  readonly httpForm: Required<Choices>['httpForm'];
  /** Where it tells what went wrong inside. */
  readonly log: Logger;
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** Old clients of the service decode a reply only when its content type is exactly this, without a charset. */
const JSON_TYPE = 'application/json';

/** Sends an answer of the API in the form that was chosen. */
function sendJson(request: IncomingMessage, response: ServerResponse, form: Required<Choices>['httpForm'], body: string): void {
  if (form === 'chunked') {
    response.writeHead(200, { 'Content-Type': JSON_TYPE, 'Transfer-Encoding': 'chunked' });
    response.write(body.slice(0, Math.ceil(body.length / 2)));
    response.end(body.slice(Math.ceil(body.length / 2)));
  } else if (form === 'gzip' && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    const bytes = gzipSync(body);
    response.writeHead(200, { 'Content-Type': JSON_TYPE, 'Content-Encoding': 'gzip', 'Content-Length': bytes.length });
    response.end(bytes);
  } else {
    if (form === 'close') response.setHeader('Connection', 'close');
    send(response, 200, JSON_TYPE, body);
  }
}

function deliver(parts: HttpServerParts, request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (answer.kind === 'json') sendJson(request, response, parts.httpForm, answer.body);
  else if (answer.kind === 'other') send(response, answer.status, answer.contentType, answer.body);
  else if (answer.kind === 'cut') response.destroy();
}

function sendControl(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, JSON_TYPE, `${JSON.stringify(body)}\n`);
}

async function handleControl(
  parts: HttpServerParts,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  body: string,
): Promise<void> {
  if (!isLoopback(request.socket.remoteAddress)) {
    sendControl(response, 403, { message: 'the control endpoint answers on loopback only' });
    return;
  }
  // A web page can send a form to loopback unasked, but not JSON.
  if (request.method === 'POST' && request.headers['content-type'] !== JSON_TYPE) {
    sendControl(response, 415, { message: `Content-Type must be ${JSON_TYPE}` });
    return;
  }
  const answer = await control(parts, { method: request.method ?? '', path, body });
  sendControl(response, answer.status, answer.body);
}

async function handle(parts: HttpServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '';
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const query = question < 0 ? '' : url.slice(question + 1);
  const body = await readBody(request);
  if (body === undefined) send(response, 413, 'text/plain', 'the body is too large\n');
  else if (path.startsWith('/control/')) await handleControl(parts, request, response, path, body);
  else if (!API_PATHS.includes(path)) send(response, 404, 'text/plain', 'the API is at /iaas and /iaas/\n');
  else if (request.method === 'GET') deliver(parts, request, response, await parts.service.handle({ method: 'GET', path, query }));
  else if (request.method === 'POST') deliver(parts, request, response, await parts.service.handle({ method: 'POST', path, query: body }));
  else send(response, 405, 'text/plain', 'only GET and POST\n');
}

/** Makes the HTTP server of an emulator; it does not listen yet. */
export function createHttpServer(parts: HttpServerParts): Server {
  const server = createServer((request, response) => {
    handle(parts, request, response).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      // A caller that hung up while it was sending is no news.
      if (reason !== 'aborted') parts.log.warn('a request failed inside', { reason });
      response.destroy();
    });
  });
  // A connection that a client's agent is about to use again must not be closed under it.
  server.keepAliveTimeout = 65_000;
  return server;
}

/**
 * Starts listening.
 * @throws NicError `ERR_IO` when the address cannot be bound or the descriptor is no socket that can listen
 */
export async function listen(server: Server, target: ListenTarget): Promise<ListeningAt> {
  await new Promise<void>((resolve, reject) => {
    const place = 'fd' in target ? `descriptor ${target.fd}` : `${target.host}:${target.port}`;
    const onError = (cause: Error): void =>
      reject(new NicError('ERR_IO', `emulator: cannot listen on ${place}: ${cause.message}`, { cause }));
    server.once('error', onError);
    server.listen('fd' in target ? { fd: target.fd } : { host: target.host, port: target.port }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new NicError('ERR_IO', 'emulator: the descriptor is no TCP socket');
  return { host: address.address, port: address.port };
}

/** Stops a server and cuts its connections. Two closes are fine. */
export async function closeHttpServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
