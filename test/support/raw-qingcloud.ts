import { formatTimeStamp, signQuery } from '../../providers/qingcloud/signature.js';

/** What a raw request is made of. */
export interface RawQingCloudOptions {
  /** Host and port, as `127.0.0.1:7777`. */
  readonly host: string;
  /** The cloud's time for `time_stamp`; the system's by default. */
  readonly now?: () => number;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly path?: string;
  readonly method?: 'GET' | 'POST';
  readonly zone?: string;
}

/** A reply as it came, before anything is made of it. */
export interface RawReply {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

/** A signed request with nothing between the test and the wire. The common parameters can be overruled or, with undefined, left out. */
export async function rawCall(
  options: RawQingCloudOptions,
  action: string,
  params: Readonly<Record<string, string | undefined>> = {},
  init: RequestInit = {},
): Promise<RawReply> {
  const { host, now = Date.now, secretAccessKey = 'SECRETACCESSKEY', path = '/iaas', method = 'GET' } = options;
  const all: Record<string, string> = {};
  const merged = {
    action,
    zone: options.zone ?? 'pek3a',
    access_key_id: options.accessKeyId ?? 'QYACCESSKEYIDEXAMPLE',
    signature_method: 'HmacSHA256',
    signature_version: '1',
    time_stamp: formatTimeStamp(now()),
    ...params,
  };
  for (const [name, value] of Object.entries(merged)) if (value !== undefined) all[name] = value;
  const signatureMethod = all['signature_method'] === 'HmacSHA1' ? 'HmacSHA1' : 'HmacSHA256';
  const query = signQuery({ method, path, params: all, secretAccessKey, signatureMethod });
  const url = `http://${host}${path}`;
  const response =
    method === 'GET'
      ? await fetch(`${url}?${query}`, init)
      : await fetch(url, { ...init, method, body: query, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  return { status: response.status, contentType: response.headers.get('content-type'), text: await response.text() };
}
