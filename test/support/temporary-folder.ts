import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of a test's own. */
export interface TemporaryFolder {
  /** Where it is. */
  readonly path: string;
  /** Puts a file in it; gives its path. */
  file(name: string, text: string): Promise<string>;
  /** Puts a shell script in it; gives its path. */
  script(name: string, text: string): Promise<string>;
  /** Takes it away with all that is in it. */
  remove(): Promise<void>;
}

/** Makes a folder. @param label what its name begins with */
export async function makeTemporaryFolder(label: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `hn-${label}-`));
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(path, name), text);
    return join(path, name);
  };
  return {
    path,
    file,
    async script(name, text) {
      const script = await file(name, `#!/bin/sh\n${text}\n`);
      await chmod(script, 0o755);
      return script;
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
