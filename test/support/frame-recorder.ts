import { closeSync, readSync } from 'node:fs';
import { libc } from '#libc';
import { type NamespaceHandle, socketInNamespace } from '../../netlink/namespace.js';
import { checkCall } from '../../netlink/system-call.js';
import { AF, SOCK } from '../../netlink/system-constants.js';

const everyProtocol = 0x0003;

/** Records what arrives at a link or leaves by it. */
export interface FrameRecorder {
  /** The frames since the start, as hex. */
  frames(): readonly string[];
  /** Waits for a frame that `match` takes; a bounded number of looks, between which the event loop turns. */
  waitFor(match: (frame: string) => boolean): Promise<string>;
  /** Stops. */
  close(): void;
}

/** Starts to record, with a packet socket of its own (packet(7)), which is no part of what is tested. */
export function recordFrames(namespace: NamespaceHandle, linkIndex: number): FrameRecorder {
  const fd = socketInNamespace(namespace, AF.PACKET, SOCK.RAW | SOCK.NONBLOCK, 0);
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF.PACKET, 0);
  address.writeUInt16BE(everyProtocol, 2);
  address.writeInt32LE(linkIndex, 4);
  checkCall(libc.bind(fd, address), { op: 'record frames' });
  const seen: string[] = [];
  const buffer = Buffer.alloc(65_536);
  const frames = (): readonly string[] => {
    for (;;) {
      try {
        seen.push(buffer.toString('hex', 0, readSync(fd, buffer)));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return seen;
        throw error;
      }
    }
  };
  return {
    frames,
    async waitFor(match) {
      for (let looks = 0; looks < 20_000; looks++) {
        const found = frames().find(match);
        if (found !== undefined) return found;
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error(`no such frame among\n${seen.join('\n')}`);
    },
    close: () => closeSync(fd),
  };
}
