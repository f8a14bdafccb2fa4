/// <reference path="./bun-ffi.d.ts" />
import { dlopen, read } from 'bun:ffi';
import type { Libc } from './libc.js';

type Argument = number | string | null | Uint8Array;
type NativeCall = (...args: readonly Argument[]) => number;

/** A C string. */
const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);

/** A `socklen_t` in memory, for calls that read and write it. */
const lengthOf = (value: Uint8Array): Uint8Array => new Uint8Array(Uint32Array.of(value.length).buffer);

/** The exact name: a bare `libc.so` would be looked up in the working directory too. */
function load(name: string, args: readonly string[], returns: string): NativeCall {
  const call = dlopen('libc.so.6', { [name]: { args, returns } }).symbols[name];
  if (call === undefined) throw new Error(`libc.so.6 has no ${name}`);
  return call as NativeCall;
}

let errnoLocation: NativeCall | undefined;

/** Binds a function on its first call: each binding is compiled by Bun, which a command that needs only a few would pay for. */
function define(name: string, args: readonly string[], returns = 'i32'): NativeCall {
  let call: NativeCall | undefined;
  return (...values) => {
    errnoLocation ??= load('__errno_location', [], 'ptr');
    call ??= load(name, args, returns);
    const result = call(...values);
    return result === -1 ? -read.i32(errnoLocation(), 0) : result;
  };
}

const bind = define('bind', ['i32', 'ptr', 'u32']);
const connect = define('connect', ['i32', 'ptr', 'u32']);
const getsockname = define('getsockname', ['i32', 'ptr', 'ptr']);
const setsockopt = define('setsockopt', ['i32', 'i32', 'i32', 'ptr', 'u32']);
const getsockopt = define('getsockopt', ['i32', 'i32', 'i32', 'ptr', 'ptr']);
const send = define('send', ['i32', 'ptr', 'u64', 'i32'], 'i64_fast');
const recv = define('recv', ['i32', 'ptr', 'u64', 'i32'], 'i64_fast');
const recvfrom = define('recvfrom', ['i32', 'ptr', 'u64', 'i32', 'ptr', 'ptr'], 'i64_fast');
const poll = define('poll', ['ptr', 'u64', 'i32']);
const mount = define('mount', ['ptr', 'ptr', 'ptr', 'u64', 'ptr']);
const umount = define('umount2', ['ptr', 'i32']);

/** The calls bound by bun:ffi, for the standalone executable. */
export const libc: Libc = {
  socket: define('socket', ['i32', 'i32', 'i32']),
  close: define('close', ['i32']),
  bind: (fd, address) => bind(fd, address, address.length),
  connect: (fd, address) => connect(fd, address, address.length),
  listen: define('listen', ['i32', 'i32']),
  getsockname: (fd, address) => getsockname(fd, address, lengthOf(address)),
  setsockopt: (fd, level, option, value) => setsockopt(fd, level, option, value, value.length),
  getsockopt: (fd, level, option, value) => getsockopt(fd, level, option, value, lengthOf(value)),
  send: (fd, bytes, flags) => send(fd, bytes, bytes.length, flags),
  recv: (fd, buffer, flags) => recv(fd, buffer, buffer.length, flags),
  recvfrom: (fd, buffer, flags, address) => recvfrom(fd, buffer, buffer.length, flags, address, lengthOf(address)),
  poll: (descriptors, timeoutMs) => poll(descriptors, descriptors.length / 8, timeoutMs),
  fcntl: define('fcntl', ['i32', 'i32', 'i64']),
  ioctl: define('ioctl', ['i32', 'u64', 'u64']),
  flock: define('flock', ['i32', 'i32']),
  setns: define('setns', ['i32', 'i32']),
  unshare: define('unshare', ['i32']),
  mount: (source, target, flags) => mount(text(source), text(target), null, flags, null),
  umount: (target, flags) => umount(text(target), flags),
  abort: define('abort', []),
};
