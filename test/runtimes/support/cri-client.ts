import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { decodeMessage, encodeMessage, type Field } from './cri-messages.js';

/** A condition of the runtime, as its Status call tells it to the kubelet. */
export interface RuntimeCondition {
  /** `RuntimeReady` or `NetworkReady`. */
  readonly type: string;
  /** Whether it holds. */
  readonly status: boolean;
  /** Why not. */
  readonly message: string;
}

/** What a kubelet asks of its runtime, as far as pod networks go (CRI v1, `runtime.v1.RuntimeService`). */
export interface CriClient {
  /** Conditions of the runtime. */
  status(): Promise<readonly RuntimeCondition[]>;
  /** Starts a pod; resolves with its id. Rejects with the text that a kubelet would show. */
  runPodSandbox(pod: { readonly name: string; readonly namespace: string; readonly uid: string; readonly cgroup: string }): Promise<string>;
  /** The pod's address as the runtime reports it. */
  podAddress(id: string): Promise<string>;
  /** Takes the pod's network away and ends it. */
  stopPodSandbox(id: string): Promise<void>;
  /** Forgets the pod. */
  removePodSandbox(id: string): Promise<void>;
}

const textOf = (value: number | Buffer | undefined): string => (Buffer.isBuffer(value) ? value.toString() : '');
const bytesOf = (value: number | Buffer | undefined): Buffer => (Buffer.isBuffer(value) ? value : Buffer.alloc(0));

/** One gRPC call: an HTTP/2 POST whose body is a flag byte, a length and the message; the outcome is in the trailers. */
async function call(socketPath: string, method: string, request: readonly Field[]): Promise<Buffer> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(socketPath) });
  try {
    const failed = once(session, 'error').then(([error]) => Promise.reject(error));
    const stream = session.request({
      ':method': 'POST',
      ':path': `/runtime.v1.RuntimeService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let trailers: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    stream.on('response', (headers) => {
      trailers = { ...headers };
    });
    stream.on('trailers', (headers) => {
      trailers = { ...trailers, ...headers };
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const message = encodeMessage(request);
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([frame, message]));
    await Promise.race([once(stream, 'close'), failed]);
    if (trailers['grpc-status'] !== '0')
      throw new Error(decodeURIComponent(String(trailers['grpc-message'] ?? 'the runtime broke the call off')));
    return Buffer.concat(chunks).subarray(5);
  } finally {
    session.destroy();
  }
}

/** A client of the CRI service that listens on a Unix socket. Field numbers are those of `k8s.io/cri-api` v1. */
export function createCriClient(socketPath: string): CriClient {
  return {
    async status() {
      const reply = decodeMessage(await call(socketPath, 'Status', []));
      const conditions = decodeMessage(bytesOf(reply.get(1)?.[0])).get(1) ?? [];
      return conditions.map((condition) => {
        const fields = decodeMessage(bytesOf(condition));
        return { type: textOf(fields.get(1)?.[0]), status: fields.get(2)?.[0] === 1, message: textOf(fields.get(4)?.[0]) };
      });
    },
    async runPodSandbox(pod) {
      const metadata: Field = [
        1,
        [
          [1, pod.name],
          [2, pod.uid],
          [3, pod.namespace],
        ],
      ];
      const linux: Field = [8, [[1, pod.cgroup]]];
      const dns: Field = [4, [[1, '192.0.2.53']]];
      const reply = await call(socketPath, 'RunPodSandbox', [[1, [metadata, [2, pod.name], dns, linux]]]);
      return textOf(decodeMessage(reply).get(1)?.[0]);
    },
    async podAddress(id) {
      const status = decodeMessage(bytesOf(decodeMessage(await call(socketPath, 'PodSandboxStatus', [[1, id]])).get(1)?.[0]));
      return textOf(decodeMessage(bytesOf(status.get(5)?.[0])).get(1)?.[0]);
    },
    async stopPodSandbox(id) {
      await call(socketPath, 'StopPodSandbox', [[1, id]]);
    },
    async removePodSandbox(id) {
      await call(socketPath, 'RemovePodSandbox', [[1, id]]);
    },
  };
}
