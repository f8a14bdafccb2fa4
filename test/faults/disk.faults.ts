import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import type { CommandEnd } from '../support/machine.js';
import { type PluginWorld, startPluginWorld } from '../support/plugin-world.js';
import { builds } from './builds.js';
import { printFigures, scaled } from './scale.js';

/** What can run out on a file system: room for data, in pages of tmpfs, and room for names. */
interface Resource {
  readonly name: string;
  /** Shell commands that leave `count` of it. */
  readonly leave: (count: number) => string;
  /** How much is left, one run after the other, up to what serves an ADD. */
  readonly levels: readonly number[];
}

const upTo = (most: number): readonly number[] => Array.from({ length: most }, (_, i) => i);

const resources: readonly Resource[] = [
  {
    name: 'pages',
    leave: (count) => `cat /dev/zero > fill 2>/dev/null; truncate -s -${count * 4096} fill`,
    levels: scaled({ short: [0, 3], full: upTo(24) }),
  },
  {
    name: 'inodes',
    leave: (count) =>
      `i=0; while touch fill$i 2>/dev/null; do i=$((i+1)); done; n=0; while [ $n -lt ${count} ]; do i=$((i-1)); rm fill$i; n=$((n+1)); done`,
    levels: scaled({ short: [4, 7], full: upTo(40) }),
  },
];

for (const build of builds) {
  describe(`the disk of the ${build.name}`, function () {
    this.timeout(scaled({ short: 60_000, full: 600_000 }));
    let world: PluginWorld;
    let pods = 0;

    before(async function () {
      requireLive(this, ['ip', 'nsenter', 'unshare', 'mount']);
      const setup = (folder: string): string =>
        `mkdir -p ${folder}/disk; mount -t tmpfs -o size=256k,nr_inodes=64,mode=0755 tmpfs ${folder}/disk`;
      world = await startPluginWorld({ executable: await build.path(), setup });
    });
    after(() => world?.close());
    // What a failed test left must not fail those after it.
    afterEach(() => world?.machine.run('sh', ['-c', `mount -o remount,rw ${world.folder}/disk; rm -rf ${world.folder}/disk/*`]));

    const shell = async (script: string): Promise<string> => {
      const end = await world.machine.run('sh', ['-c', `cd ${world.folder}/disk && { ${script}\n}`]);
      expect(end.code, `${script}: ${end.stderr}`).to.equal(0);
      return end.stdout;
    };
    const onDisk = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
      world.conf({
        dataDir: join(world.folder, 'disk', 'data'),
        hostDir: join(world.folder, 'disk', 'host'),
        ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] },
        gatewayIdleSeconds: 0,
        ...changes,
      });
    const call = (command: string, pod: string, changes: Readonly<Record<string, unknown>> = {}): Promise<CommandEnd> =>
      world.call({ command, pod, stdin: onDisk(changes) });
    const newPod = async (): Promise<string> => {
      pods += 1;
      await world.addPod(`pod-${pods}`);
      return `pod-${pods}`;
    };
    const nics = (): number => world.emulator.nics().length;
    /** Records and temporary files. */
    const left = async (): Promise<string> => shell('find data/attachments host/gateways -type f 2>/dev/null || true');
    const succeeded = (end: CommandEnd): void => {
      expect(end.code, `${end.stdout}${end.stderr}`).to.equal(0);
      expect(end.stdout).to.equal('');
    };
    const refused = (end: CommandEnd, code: number, says: RegExp): void => {
      expect(end.code, `${end.stdout}${end.stderr}`).to.equal(1);
      expect(JSON.parse(end.stdout)).to.deep.include({ code });
      expect(end.stdout).to.match(says);
    };
    const empty = (): Promise<string> => shell('rm -rf fill* data host');

    for (const resource of resources) {
      it(`fills up at each write of an ADD: ${resource.name}`, async () => {
        const pod = await newPod();
        const before = await world.networkState();
        const seen = { levels: 0, refused: 0, served: 0, gateways: 0, 'DEL refused': 0 };
        for (const free of resource.levels) {
          if (seen.served > 0) break;
          await shell('mkdir -p data host');
          await shell(resource.leave(free));
          const end = await call('ADD', pod);
          seen.levels++;
          if (end.code === 0) {
            seen.served++;
          } else {
            seen.refused++;
            refused(end, 5, /ENOSPC.*make room/);
            // Nothing of the pod's waits for a later command: all is taken back while the disk is still full. A gateway that was ready stays.
            const files = await left();
            if (/"state":"ready"/.test(await shell('cat host/gateways/* 2>/dev/null || true'))) {
              seen.gateways++;
              expect(nics(), `with ${free} ${resource.name}`).to.equal(1);
              expect(files, `with ${free} ${resource.name}`).not.to.include('attachments');
            } else {
              expect(nics(), `with ${free} ${resource.name}`).to.equal(0);
              expect(await world.networkState(), `with ${free} ${resource.name}`).to.equal(before);
              expect(files, `with ${free} ${resource.name}`).to.equal('');
            }
          }
          // The disk is still full: where not even a lock can be made, the runtime has to come again.
          const gone = await call('DEL', pod);
          if (gone.code !== 0) {
            refused(gone, 5, /locks.*ENOSPC.*make room/);
            seen['DEL refused']++;
            await shell('rm -rf fill*');
            succeeded(await call('DEL', pod));
          }
          expect(nics(), `after DEL with ${free} ${resource.name}`).to.equal(0);
          expect(await left(), `after DEL with ${free} ${resource.name}`).to.equal('');
          expect(await world.networkState(), `after DEL with ${free} ${resource.name}`).to.equal(before);
          await empty();
        }
        printFigures(`free ${resource.name} from 0 up`, seen);
        expect(seen.refused).to.be.at.least(scaled({ short: 2, full: 5 }));
        expect(seen.served).to.equal(scaled({ short: 0, full: 1 }));
      });
    }

    it('fills up after ADD: DEL gives everything back all the same', async () => {
      const pod = await newPod();
      const added = await call('ADD', pod);
      expect(added.code, added.stdout).to.equal(0);
      for (const resource of resources) await shell(resource.leave(0));
      succeeded(await call('DEL', pod));
      expect(nics()).to.equal(0);
      expect(await left()).to.equal('');
      await empty();
    });

    it('becomes read-only: ADD changes nothing, STATUS says why, DEL cleans up and is finished when it can be written', async () => {
      const [pod, other] = [await newPod(), await newPod()];
      expect((await call('ADD', pod)).code).to.equal(0);
      await shell('mount -o remount,ro .');
      const before = nics();
      refused(await call('ADD', other), 5, /EROFS.*read-only/);
      expect(nics()).to.equal(before);
      refused(await world.call({ command: 'STATUS', stdin: onDisk() }), 50, /read-only/);
      // Nothing was ever attached there, so there is nothing that could be recorded.
      succeeded(await call('DEL', other));
      refused(await call('DEL', pod), 5, /EROFS.*read-only/);
      expect(await world.machine.run('ip', ['-n', pod, 'link', 'show', 'eth0'])).to.deep.include({ code: 1 });
      await shell('mount -o remount,rw .');
      succeeded(await call('DEL', pod));
      expect(nics()).to.equal(0);
      expect(await left()).to.equal('');
      await empty();
    });

    it('is not there on a read-only system: DEL succeeds for what never was', async () => {
      const pod = await newPod();
      await shell('mount -o remount,ro .');
      succeeded(await call('DEL', pod));
      refused(await call('ADD', pod), 5, /EROFS.*read-only/);
      await shell('mount -o remount,rw .');
      await empty();
    });

    it('loses the folder: DEL finds the NIC by its name', async () => {
      const pod = await newPod();
      expect((await call('ADD', pod)).code).to.equal(0);
      await empty();
      succeeded(await call('DEL', pod, { ipam: { routes: [] } }));
      // The gateway's record is gone too; it is found by its name when it is used or collected.
      expect(nics()).to.equal(1);
      succeeded(await world.call({ command: 'GC', stdin: onDisk({ 'cni.dev/valid-attachments': [] }) }));
      succeeded(await world.call({ command: 'GC', stdin: onDisk({ 'cni.dev/valid-attachments': [] }) }));
      expect(nics()).to.equal(0);
      await rm(join(world.folder, 'disk', 'data'), { recursive: true, force: true });
      await empty();
    });
  });
}
