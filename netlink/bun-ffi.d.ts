/** What libc-bun.ts uses of Bun's FFI (https://bun.sh/docs/api/ffi). The full types clash with those of Node.js. */
declare module 'bun:ffi' {
  type Calls = Readonly<Record<string, { readonly args: readonly string[]; readonly returns: string }>>;
  export function dlopen(name: string, calls: Calls): { readonly symbols: Readonly<Record<string, unknown>> };
  export const read: { i32(address: number, offset: number): number };
}
