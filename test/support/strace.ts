import { execFileSync } from 'node:child_process';
import { release } from 'node:os';

/** Arguments of strace that show every byte of netlink's messages, and nothing else. */
export const STRACE: readonly string[] = ['-e', 'trace=sendmsg,recvmsg', '-e', 'write=all', '-e', 'read=all', '-s', '0'];

/** All buffers that one system call carried, in order, out of strace's hex dumps. */
export function buffersOf(trace: string, call: string): Buffer[] {
  const found: Buffer[] = [];
  let current: string[] | undefined;
  const flush = (): void => {
    if (current !== undefined && current.length > 0) found.push(Buffer.from(current.join(''), 'hex'));
    current = undefined;
  };
  for (const line of trace.split('\n')) {
    const dump = /^ \| [0-9a-f]+ {2}((?:[0-9a-f]{2} +){1,16})/.exec(line);
    if (dump !== null) current?.push((dump[1] ?? '').replaceAll(' ', ''));
    else if (!line.startsWith(' * ')) {
      flush();
      if (line.includes(`${call}(`)) current = [];
    }
  }
  flush();
  return found;
}

/** Bytes as lines of a fixture. */
export function hexLines(bytes: Buffer): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 32) lines.push(bytes.toString('hex', at, at + 32));
  return lines;
}

/** The tool and the kernel that captures come from. */
export function toolVersion(): string {
  const version = /iproute2-[0-9.]+/.exec(execFileSync('ip', ['-V'], { encoding: 'utf8' }))?.[0] ?? 'iproute2';
  return `${version}, Linux ${release().split('-')[0]}`;
}
