import { basename, dirname, join } from 'node:path';
import { NicError } from '../../lib/errors.js';
import type { RuntimeFiles } from '../../lib/runtime/index.js';

/** Files in memory, with faults at will. */
export class MemoryFiles implements RuntimeFiles {
  readonly #files = new Map<string, Uint8Array>();
  readonly #faults = new Map<string, string>();

  /** Puts a file there. */
  set(path: string, content: string | Uint8Array): void {
    this.#files.set(path, typeof content === 'string' ? new TextEncoder().encode(content) : content);
  }

  /** Makes an operation on a path fail from now on. */
  fail(operation: 'read' | 'list' | 'replace' | 'remove', path: string): void {
    this.#faults.set(`${operation} ${path}`, `${path}: cannot ${operation} (EIO): the disk reports an error: check it`);
  }

  /** The text of a file; undefined when there is none. */
  text(path: string): string | undefined {
    const bytes = this.#files.get(path);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /** The names of the files right in a folder. */
  names(folder: string): readonly string[] {
    return [...this.#files.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path));
  }

  #check(operation: string, path: string): void {
    const fault = this.#faults.get(`${operation} ${path}`);
    if (fault !== undefined) throw new NicError('ERR_IO', fault);
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    this.#check('read', path);
    return this.#files.get(path);
  }

  async list(path: string): Promise<readonly { readonly name: string; readonly isFolder: boolean }[] | undefined> {
    this.#check('list', path);
    const below = [...this.#files.keys()].filter((file) => file.startsWith(`${path}/`)).map((file) => file.slice(path.length + 1));
    if (below.length === 0) return undefined;
    const names = new Set(below.map((file) => file.split('/')[0] ?? ''));
    return [...names].reverse().map((name) => ({ name, isFolder: !this.#files.has(join(path, name)) }));
  }

  async isFile(path: string): Promise<boolean> {
    return this.#files.has(path);
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    this.#check('replace', path);
    this.#files.set(path, bytes);
  }

  async remove(path: string): Promise<void> {
    this.#check('remove', path);
    this.#files.delete(path);
  }
}
