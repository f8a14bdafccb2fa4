import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import * as E from 'fp-ts/lib/Either.js';
import type { Got, RequestError } from 'got';
import type { CallLimiter } from '../../lib/call-budget/index.js';
import type { Clock } from '../../lib/clock.js';
import { decode } from '../../lib/codec.js';
import { isNicError, ProviderError } from '../../lib/errors.js';
import type { Logger } from '../../lib/log.js';
import type { QingCloudConfig } from './config.js';
import { type RequestKind, toAbortedError, toRefusalError, toResponseError } from './errors.js';
import { followHandshake, isCertificateError, neverLeft, textField, tlsReason } from './never-left.js';
import { type ParamValue, toParams } from './params.js';
import { RetCode } from './ret-code.js';
import { formatTimeStamp, signQuery } from './signature.js';
import { EnvelopeCodec } from './wire.js';

/** A reply is a list of at most 100 small items; more than this is no reply. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

/** What {@link ApiClient} needs. */
export interface ApiClientOptions {
  /** Where the API is and who asks. */
  readonly config: QingCloudConfig;
  /** Gives the time stamps of requests. */
  readonly clock: Clock;
  /** Hears about each request. */
  readonly log: Logger;
  /** Says when a request may be sent. */
  readonly limiter: CallLimiter;
  /** Limit of one request, from its start to the last byte of its reply, in milliseconds. */
  readonly requestTimeoutMs: number;
}

/** One request. */
export interface ApiRequest {
  /** The action. */
  readonly action: string;
  /** How often it may reach the service. */
  readonly kind: RequestKind;
  /** Its own parameters. */
  readonly values: Readonly<Record<string, ParamValue>>;
}

/** A reply that says yes: an object with `ret_code` 0, of which nothing else is decoded. */
export type ApiReply = Readonly<Record<string, unknown>>;

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly date: string | undefined;
}

/** A function, since the compiler takes a signal that was not aborted for one that never will be. */
function isAborted(signal: AbortSignal | undefined): signal is AbortSignal {
  return signal?.aborted === true;
}

function describe({ message, code }: RequestError): string {
  return code === 'ETIMEDOUT' || message === '' ? `${message} (${code})` : message;
}

function describeTls(reason: string, shaking: boolean): string {
  if (!shaking) return `TLS failed: ${reason}`;
  return `the TLS handshake failed: ${reason}; does this port speak HTTPS? Check protocol, host and port in the provider file`;
}

/**
 * Sends signed requests, one attempt each, and tells exactly what became of them. The only place where got is used,
 * and where its errors are translated: they hold the signed URL, so none of them is passed on.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  readonly #agent: { readonly http: HttpAgent; readonly https: HttpsAgent };
  #got: Promise<Got> | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#agent = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  }

  /**
   * Sends a request once.
   * @returns the reply, whose `ret_code` is 0; the rest of it is not decoded
   * @throws ProviderError of any kind
   */
  async send(request: ApiRequest, signal: AbortSignal | undefined): Promise<ApiReply> {
    const { action } = request;
    const { clock, log, limiter } = this.#options;
    if (isAborted(signal)) throw toAbortedError(action, signal, 'refused');
    await this.#admit(request, signal);
    const start = clock.now();
    try {
      const reply = await this.#exchange(request, signal);
      const body = this.#read(request, reply);
      log.debug(`${action} succeeded`, { action, ms: clock.now() - start });
      return body;
    } catch (error) {
      if (error instanceof ProviderError) {
        const { code, retCode, outcome } = error;
        log.debug(`${action} failed`, { action, ms: clock.now() - start, code, retCode, outcome });
        if (code === 'ERR_RATE_LIMIT') await limiter.throttled();
      }
      throw error;
    }
  }

  /** Waits for leave to send. What is refused here was never sent. */
  async #admit({ action, kind }: ApiRequest, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#options.limiter.acquire(kind, signal === undefined ? {} : { signal });
    } catch (error) {
      if (isAborted(signal)) throw toAbortedError(action, signal, 'refused');
      if (!isNicError(error)) throw error;
      const options = { action, retryable: true, outcome: 'refused', cause: error } as const;
      throw new ProviderError(error.code, `${action} was not sent: ${error.message}`, options);
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.http.destroy();
    this.#agent.https.destroy();
  }

  #load(): Promise<Got> {
    // Loading it takes 20 ms, which a command without a call to the cloud need not pay.
    this.#got ??= import('got').then(({ got }) => {
      const { connectionTimeoutMs, protocol } = this.#options.config;
      const connecting = connectionTimeoutMs === 0 ? {} : { lookup: connectionTimeoutMs, connect: connectionTimeoutMs };
      const securing = connectionTimeoutMs === 0 || protocol === 'http' ? {} : { secureConnect: connectionTimeoutMs };
      return got.extend({
        agent: this.#agent,
        retry: { limit: 0 },
        followRedirect: false,
        throwHttpErrors: false,
        responseType: 'text',
        // Nothing compressed is asked for: a few bytes of it could stand for any number of them.
        decompress: false,
        timeout: { ...connecting, ...securing, request: this.#options.requestTimeoutMs },
        headers: { 'user-agent': 'hostnic-cni' },
      });
    });
    return this.#got;
  }

  /** The URL, signed with the time of now. */
  #url({ action, values }: ApiRequest): string {
    const { accessKeyId, secretAccessKey, path, zone } = this.#options.config;
    const params = toParams({
      ...values,
      action,
      zone,
      time_stamp: formatTimeStamp(this.#options.clock.now()),
      access_key_id: accessKeyId,
      signature_method: 'HmacSHA256',
      signature_version: '1',
    });
    return `${this.#origin()}${path}?${signQuery({ path, params, secretAccessKey })}`;
  }

  /** Where the API is. An IPv6 address stands in brackets, and the port is always written, as the vendor's SDK does. */
  #origin(): string {
    const { protocol, host, port } = this.#options.config;
    return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  async #exchange(request: ApiRequest, signal: AbortSignal | undefined): Promise<Reply> {
    const { action } = request;
    const got = await this.#load();
    if (isAborted(signal)) throw toAbortedError(action, signal, 'refused');
    const running = got.get(this.#url(request), signal === undefined ? {} : { signal });
    let oversized = false;
    let isShaking = (): boolean => false;
    running.on('request', (sent) => {
      isShaking = followHandshake(sent);
    });
    running.on('downloadProgress', ({ transferred }) => {
      if (transferred <= MAX_REPLY_BYTES) return;
      oversized = true;
      running.cancel();
    });
    try {
      const { statusCode, body, headers } = await running;
      return { status: statusCode, body, date: headers.date };
    } catch (error) {
      if (isAborted(signal)) throw toAbortedError(action, signal, isShaking() || neverLeft(error) ? 'refused' : 'unknown');
      if (oversized) throw this.#noAnswer(request, `a reply of more than ${MAX_REPLY_BYTES} bytes came`, false);
      if (textField(error, 'code')?.startsWith('HPE_') === true) throw this.#noAnswer(request, 'something that is no HTTP came', true);
      throw this.#broken(request, error as RequestError, isShaking());
    }
  }

  #read(request: ApiRequest, reply: Reply): ApiReply {
    const { action, kind } = request;
    // The service answers everything it understands with 200 (docs, api/overview): anything else is from something in between.
    if (reply.status !== 200) {
      const advice = reply.status === 404 ? '; check uri, host and port in the provider file' : '';
      throw this.#noAnswer(request, `HTTP status ${reply.status} came`, reply.status >= 500 || reply.status === 429, advice);
    }
    let body: unknown;
    try {
      body = JSON.parse(reply.body);
    } catch {
      throw this.#noAnswer(request, `${reply.body.length} characters came that are no JSON`, true);
    }
    const envelope = decode(EnvelopeCodec, body, `${action} reply`);
    if (E.isLeft(envelope)) throw this.#noAnswer(request, envelope.left.message, true);
    const { ret_code: retCode, message } = envelope.right;
    if (retCode === RetCode.ok) return { ...envelope.right };
    throw toRefusalError({ action, kind, retCode, message: this.#redact(message ?? ''), skewMs: this.#skew(reply.date) });
  }

  #skew(date: string | undefined): number | undefined {
    const time = date === undefined ? Number.NaN : Date.parse(date);
    return Number.isNaN(time) ? undefined : this.#options.clock.now() - time;
  }

  #broken(request: ApiRequest, error: RequestError, shaking: boolean): ProviderError {
    const refused = shaking || neverLeft(error);
    const reason = tlsReason(error.message);
    const why = reason === undefined ? describe(error) : describeTls(reason, shaking);
    return new ProviderError('ERR_TRANSPORT', `${request.action}: ${this.#origin()} gave no answer: ${this.#redact(why)}`, {
      action: request.action,
      // Peers that do not understand each other will not later; a broken connection may hold next time.
      retryable: !isCertificateError(error) && !(shaking && reason !== undefined),
      outcome: refused ? 'refused' : 'unknown',
      cause: error.cause,
    });
  }

  /** Names the place: what answers may be something else that listens there. */
  #noAnswer(request: ApiRequest, what: string, retryable: boolean, advice = ''): ProviderError {
    return toResponseError(request.action, `${what} from ${this.#origin()}${this.#options.config.path}${advice}`, retryable);
  }

  #redact(text: string): string {
    const { accessKeyId, secretAccessKey } = this.#options.config;
    return text
      .replaceAll(secretAccessKey, '…')
      .replaceAll(accessKeyId, '…')
      .replace(/signature=[^&\s]+/g, 'signature=…');
  }
}
