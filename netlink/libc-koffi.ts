import { createRequire } from 'node:module';
import type koffi from 'koffi';
import type { Libc } from './libc.js';

type Argument = number | string | null | Uint8Array;
type NativeCall = (...args: readonly Argument[]) => number;

const LIBRARIES = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'];

interface Native {
  readonly library: ReturnType<typeof koffi.load>;
  errno(): number;
}

/** Exact names only: a bare `libc.so` would be looked up in the working directory too. */
function loadLibrary(): Native {
  const native = createRequire(import.meta.url)('koffi') as typeof koffi;
  const failures: unknown[] = [];
  for (const name of LIBRARIES) {
    try {
      return { library: native.load(name), errno: () => native.errno() };
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `no C library found under the names ${LIBRARIES.join(', ')}`);
}

let loaded: Native | undefined;

/** Binds a function on its first call, so that importing this module costs nothing and loads nothing native. */
function define(prototype: string): NativeCall {
  let call: NativeCall | undefined;
  return (...args) => {
    loaded ??= loadLibrary();
    call ??= loaded.library.func(prototype) as NativeCall;
    const result = call(...args);
    return result === -1 ? -loaded.errno() : result;
  };
}

const bind = define('int bind(int fd, const void *address, uint32_t length)');
const connect = define('int connect(int fd, const void *address, uint32_t length)');
const getsockname = define('int getsockname(int fd, void *address, void *length)');
const setsockopt = define('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)');
const getsockopt = define('int getsockopt(int fd, int level, int option, void *value, void *length)');
const send = define('int64_t send(int fd, const void *bytes, size_t length, int flags)');
const recv = define('int64_t recv(int fd, void *buffer, size_t length, int flags)');
const recvfrom = define('int64_t recvfrom(int fd, void *buffer, size_t length, int flags, void *address, void *addressLength)');
const poll = define('int poll(void *descriptors, unsigned long count, int timeout)');
const mount = define('int mount(const char *source, const char *target, void *type, unsigned long flags, void *data)');

/** A `socklen_t` in memory, for calls that read and write it. */
const lengthOf = (value: Uint8Array): Uint8Array => new Uint8Array(Uint32Array.of(value.length).buffer);

/** The calls bound by koffi, for Node.js. */
export const libc: Libc = {
  socket: define('int socket(int domain, int type, int protocol)'),
  close: define('int close(int fd)'),
  bind: (fd, address) => bind(fd, address, address.length),
  connect: (fd, address) => connect(fd, address, address.length),
  listen: define('int listen(int fd, int backlog)'),
  getsockname: (fd, address) => getsockname(fd, address, lengthOf(address)),
  setsockopt: (fd, level, option, value) => setsockopt(fd, level, option, value, value.length),
  getsockopt: (fd, level, option, value) => getsockopt(fd, level, option, value, lengthOf(value)),
  send: (fd, bytes, flags) => send(fd, bytes, bytes.length, flags),
  recv: (fd, buffer, flags) => recv(fd, buffer, buffer.length, flags),
  recvfrom: (fd, buffer, flags, address) => recvfrom(fd, buffer, buffer.length, flags, address, lengthOf(address)),
  poll: (descriptors, timeoutMs) => poll(descriptors, descriptors.length / 8, timeoutMs),
  // Variadic in C; on Linux x64 and arm64 whole numbers are passed the same way as in a fixed signature.
  fcntl: define('int fcntl(int fd, int command, long argument)'),
  ioctl: define('int ioctl(int fd, unsigned long request, unsigned long argument)'),
  flock: define('int flock(int fd, int operation)'),
  setns: define('int setns(int fd, int type)'),
  unshare: define('int unshare(int flags)'),
  mount: (source, target, flags) => mount(source, target, null, flags, null),
  umount: define('int umount2(const char *target, int flags)'),
  abort: define('int abort()'),
};
