import * as E from 'fp-ts/lib/Either.js';
import type { Got, RequestError } from 'got';
import type { CallLimiter } from '../../lib/call-budget/index.js';
import type { Clock } from '../../lib/clock.js';
import { decode } from '../../lib/codec.js';
import { isNicError, type NicError, ProviderError } from '../../lib/errors.js';
import type { Logger } from '../../lib/log.js';
import type { QingCloudConfig } from './config.js';
import { type RequestKind, toAbortedError, toRefusalError, toResponseError } from './errors.js';
import { adviceOn, mayPass, wasTurnedAway } from './http-status.js';
import { followHandshake, isCertificateError, neverLeft, textField, tlsReason } from './never-left.js';
import { type ParamValue, toParams } from './params.js';
import type { Environment } from './proxy-variables.js';
import { RetCode } from './ret-code.js';
import { formatTimeStamp, signQuery } from './signature.js';
import { createTransport, formatOrigin, type Transport } from './transport.js';
import { formatHost, formatProxy, TunnelError, VERIFY } from './tunnel.js';
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
  /** Limit from when a request is sent to the head of its reply, in milliseconds. */
  readonly responseTimeoutMs: number;
  /** Names the proxy, if there is one. */
  readonly environment: Environment;
}

/** One request. */
export interface ApiRequest {
  /** The action. */
  readonly action: string;
  /** How often it may reach the service. */
  readonly kind: RequestKind;
  /** Its own parameters. */
  readonly values: Readonly<Record<string, ParamValue>>;
  /** Aborts when it must not be sent any more. */
  readonly startSignal?: AbortSignal | undefined;
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

/** Rejects when a signal is aborted, until it is forgotten. */
class Aborted {
  readonly promise: Promise<never>;
  readonly #signal: AbortSignal | undefined;
  #listener = (): void => {};

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.promise = new Promise((_resolve, reject) => {
      this.#listener = () => reject(new Error('aborted'));
      signal?.addEventListener('abort', this.#listener, { once: true });
    });
    this.promise.catch(() => {});
  }

  forget(): void {
    this.#signal?.removeEventListener('abort', this.#listener);
  }
}

/**
 * Sends signed requests, one attempt each, and tells exactly what became of them. The only place where got is used,
 * and where its errors are translated: they hold the signed URL, so none of them is passed on.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  readonly #transport: E.Either<NicError, Transport>;
  #got: Promise<Got> | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    const { config, environment, requestTimeoutMs } = options;
    const tunnelMs = config.connectionTimeoutMs === 0 ? requestTimeoutMs : Math.min(config.connectionTimeoutMs, requestTimeoutMs);
    this.#transport = createTransport(config, environment, tunnelMs);
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
    const transport = this.#transport;
    if (E.isLeft(transport)) {
      const { code, message } = transport.left;
      throw new ProviderError(code, `${action} was not sent: ${message}`, {
        action,
        retryable: false,
        outcome: 'refused',
        cause: transport.left,
      });
    }
    await this.#admit(request, signal);
    const start = clock.now();
    try {
      const reply = await this.#exchange(request, transport.right, signal);
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
  async #admit({ action, kind, startSignal }: ApiRequest, signal: AbortSignal | undefined): Promise<void> {
    const either = signal !== undefined && startSignal !== undefined ? AbortSignal.any([signal, startSignal]) : (startSignal ?? signal);
    const giveUp = (): void => {
      if (isAborted(either)) throw toAbortedError(action, either, 'refused');
    };
    giveUp();
    try {
      await this.#options.limiter.acquire(kind, either === undefined ? {} : { signal: either });
    } catch (error) {
      giveUp();
      if (!isNicError(error)) throw error;
      const options = { action, retryable: true, outcome: 'refused', cause: error } as const;
      throw new ProviderError(error.code, `${action} was not sent: ${error.message}`, options);
    }
    giveUp();
  }

  /** Closes idle connections. */
  close(): void {
    if (E.isLeft(this.#transport)) return;
    const { http, https } = this.#transport.right.agent;
    http.destroy();
    https.destroy();
  }

  #load({ agent, request }: Transport): Promise<Got> {
    // Loading it takes 20 ms, which a command without a call to the cloud need not pay.
    this.#got ??= import('got').then(({ got }) => {
      const { config, requestTimeoutMs, responseTimeoutMs } = this.#options;
      const { connectionTimeoutMs, protocol } = config;
      const connecting = connectionTimeoutMs === 0 ? {} : { lookup: connectionTimeoutMs, connect: connectionTimeoutMs };
      const securing = connectionTimeoutMs === 0 || protocol === 'http' ? {} : { secureConnect: connectionTimeoutMs };
      return got.extend({
        agent,
        ...(request === undefined ? {} : { request }),
        retry: { limit: 0 },
        followRedirect: false,
        https: VERIFY,
        throwHttpErrors: false,
        responseType: 'text',
        // Nothing compressed is asked for: a few bytes of it could stand for any number of them.
        decompress: false,
        timeout: { ...connecting, ...securing, response: responseTimeoutMs, request: requestTimeoutMs },
        // With the port, be it the default one, as the vendor's SDK writes it.
        headers: { 'user-agent': 'hostnic-cni', host: `${formatHost(config.host)}:${config.port}` },
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
    return `${formatOrigin(this.#options.config)}${path}?${signQuery({ path, params, secretAccessKey })}`;
  }

  async #exchange(request: ApiRequest, transport: Transport, signal: AbortSignal | undefined): Promise<Reply> {
    const { action } = request;
    const got = await this.#load(transport);
    if (isAborted(signal)) throw toAbortedError(action, signal, 'refused');
    const running = got.get(this.#url(request), signal === undefined ? {} : { signal });
    let oversized = false;
    let isShaking = (): boolean => transport.tunnelled;
    running.on('request', (sent) => {
      isShaking = followHandshake(sent, transport.tunnelled);
    });
    running.on('downloadProgress', ({ transferred }) => {
      if (transferred <= MAX_REPLY_BYTES) return;
      oversized = true;
      running.cancel();
    });
    const aborted = new Aborted(signal);
    try {
      // A request that waits for its tunnel cannot be ended from outside.
      const { statusCode, body, headers } = await Promise.race([running, aborted.promise]);
      return { status: statusCode, body, date: headers.date };
    } catch (error) {
      if (isAborted(signal)) throw toAbortedError(action, signal, isShaking() || neverLeft(error) ? 'refused' : 'unknown');
      if (oversized) throw this.#noAnswer(request, `a reply of more than ${MAX_REPLY_BYTES} bytes came`, false);
      if (textField(error, 'code')?.startsWith('HPE_') === true) throw this.#noAnswer(request, 'something that is no HTTP came', true);
      throw this.#broken(request, error as RequestError, isShaking());
    } finally {
      aborted.forget();
    }
  }

  #read(request: ApiRequest, reply: Reply): ApiReply {
    const { action, kind } = request;
    const { status } = reply;
    // The service answers everything it understands with 200 (docs, api/overview): anything else is from something in between.
    if (status !== 200) {
      const outcome = wasTurnedAway(status) ? 'refused' : 'unknown';
      throw this.#noAnswer(request, `HTTP status ${status} came`, mayPass(status), { outcome, advice: this.#adviceOn(status) });
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
    return new ProviderError(
      'ERR_TRANSPORT',
      `${request.action}: ${formatOrigin(this.#options.config)} gave no answer: ${this.#redact(why)}`,
      {
        action: request.action,
        // Peers that do not understand each other will not later; a broken connection may hold next time.
        retryable:
          error.cause instanceof TunnelError ? error.cause.retryable : !isCertificateError(error) && !(shaking && reason !== undefined),
        outcome: refused ? 'refused' : 'unknown',
        cause: error.cause,
      },
    );
  }

  #adviceOn(status: number): string {
    const proxy = E.isLeft(this.#transport) ? undefined : this.#transport.right.proxy;
    return adviceOn(status, proxy === undefined ? undefined : { name: formatProxy(proxy), variable: proxy.variable });
  }

  /** Names the place: what answers may be something else that listens there. */
  #noAnswer(
    { action }: ApiRequest,
    what: string,
    retryable: boolean,
    { outcome, advice = '' }: { readonly outcome?: ProviderError['outcome']; readonly advice?: string } = {},
  ): ProviderError {
    const { config } = this.#options;
    return toResponseError(action, `${what} from ${formatOrigin(config)}${config.path}${advice}`, retryable, outcome);
  }

  #redact(text: string): string {
    const { accessKeyId, secretAccessKey } = this.#options.config;
    return text
      .replaceAll(secretAccessKey, '…')
      .replaceAll(accessKeyId, '…')
      .replace(/signature=[^&\s]+/g, 'signature=…');
  }
}
