import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';

/** Requests of this process to servers of this process, counted at both ends. */
export interface OpenRequests {
  /** How many callers wait for an answer. */
  readonly asked: number;
  /** How many the server has taken and not answered. */
  readonly taken: number;
  /** Stops counting. */
  close(): void;
}

/** Counts the requests to a port of loopback, by what Node.js itself tells of them. */
export function countOpenRequests(port: number): OpenRequests {
  let asked = 0;
  let taken = 0;
  const onAsk = (message: unknown): void => {
    const { request } = message as { readonly request: ClientRequest };
    if (request.getHeader('host') !== `127.0.0.1:${port}`) return;
    asked++;
    request.once('close', () => asked--);
  };
  const onTake = (message: unknown): void => {
    const { request, response } = message as { readonly request: IncomingMessage; readonly response: ServerResponse };
    if (request.socket.localPort !== port) return;
    taken++;
    response.once('close', () => taken--);
  };
  subscribe('http.client.request.start', onAsk);
  subscribe('http.server.request.start', onTake);
  return {
    get asked() {
      return asked;
    },
    get taken() {
      return taken;
    },
    close() {
      unsubscribe('http.client.request.start', onAsk);
      unsubscribe('http.server.request.start', onTake);
    },
  };
}
