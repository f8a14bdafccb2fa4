import { expect } from 'chai';
import { workOffLeftOvers } from '../../../lib/attachment/afterwards.js';
import { Command, createContext } from '../../../lib/attachment/context.js';
import {
  type AttachmentEngineOptions,
  type AttachmentRecord,
  type AttachRequest,
  createAttachmentEngine,
  createMemoryHostStore,
  createMemoryStore,
} from '../../../lib/attachment/index.js';
import { gatewayName } from '../../../lib/attachment/names.js';
import { survey } from '../../../lib/attachment/survey.js';
import { NicError } from '../../../lib/errors.js';
import type { Sync } from '../../../lib/folder/index.js';
import { refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';

const HOUR = 3_600_000;
const viaHost: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };
const diskError = new NicError('ERR_IO', '/var/lib/cni/hostnic: cannot list (EIO): the disk reports an error: check it');

/** The same object, with some methods done another way. */
function changed<T extends object>(target: T, methods: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(target, {
    get(original, name) {
      if (Object.hasOwn(methods, name)) return methods[name as keyof T];
      const value: unknown = Reflect.get(original, name, original);
      return typeof value === 'function' ? value.bind(original) : value;
    },
  });
}

const fails = (error: unknown) => async (): Promise<never> => {
  throw error;
};

/** What an engine of a process of its own is made of; it says what it logs in `lines`. */
function optionsOf(bed: AttachmentBed, lines: string[] = []): AttachmentEngineOptions {
  const tools = { clock: bed.clock, random: () => 0.5 };
  const say = (message: string, fields: object = {}): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return {
    provider: async () => bed.cloud.provider(),
    driver: bed.driver,
    store: createMemoryStore(tools, bed.folder),
    hostStore: createMemoryHostStore({ ...tools, folder: bed.hostFolder, originals: bed.originals }),
    bootId: bed.bootId(),
    log: { debug: () => {}, info: () => {}, warn: say },
    ...tools,
  };
}

/** Works left-over work off as at the end of a command. */
async function workOff(bed: AttachmentBed, options: AttachmentEngineOptions, known?: 'known'): Promise<void> {
  const command = new Command(createContext(options), bed.timing());
  try {
    await workOffLeftOvers(command, known === undefined ? undefined : await survey(command));
  } finally {
    command.close();
  }
}

/** A bed with a record that a DEL could not finish, and with a gateway that nobody has used for an hour. */
async function withLeftOvers(): Promise<AttachmentBed> {
  const bed = await createAttachmentBed();
  for (const name of ['c1', 'c2']) bed.pod(name);
  await bed.attach('c1', viaHost);
  await bed.attach('c2');
  await bed.clock.sleep(1000);
  await bed.detach('c1');
  bed.cloud.onCall = (action, phase) => {
    if (action === 'detachNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'no');
  };
  await bed.detach('c2').catch(() => {});
  bed.cloud.onCall = undefined;
  bed.clock.skip(HOUR);
  expect(bed.nics(), 'left over').to.have.length(2);
  return bed;
}

describe('workOffLeftOvers()', () => {
  it('finishes what others left, and looks after gateways', async () => {
    const bed = await withLeftOvers();
    await workOff(bed, optionsOf(bed));
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
  });

  it('reads the journals only when the command has not', async () => {
    const bed = await withLeftOvers();
    let reads = 0;
    const { store, ...others } = optionsOf(bed);
    const counted = changed(store, {
      list: () => {
        reads++;
        return store.list();
      },
    });
    await workOff(bed, { ...others, store: counted, limits: { gatewayIdleMs: 2 * HOUR } }, 'known');
    // Once by the command itself, once under the gateway's lock.
    expect(reads).to.equal(2);
    expect(bed.nics().map(({ name }) => name)).to.deep.equal([gatewayName('i-1', 'net-1')]);
  });

  it('says what hinders it and fails nobody: a journal that cannot be read', async () => {
    const bed = await withLeftOvers();
    const lines: string[] = [];
    const { store, ...others } = optionsOf(bed, lines);
    await workOff(bed, { ...others, store: changed(store, { list: fails(diskError) }) });
    expect(lines.join('\n')).to.match(/left-over work could not be looked for.*the disk reports an error/);
    expect(bed.nics()).to.have.length(2);
  });

  it('says what hinders it and fails nobody: gateways that cannot be read, after the attachments', async () => {
    const bed = await withLeftOvers();
    const lines: string[] = [];
    const { hostStore, ...others } = optionsOf(bed, lines);
    const gateways = changed(hostStore.gateways, { list: fails(diskError) });
    await workOff(bed, { ...others, hostStore: changed(hostStore, { gateways }) });
    expect(lines.join('\n')).to.match(/left-over work could not be looked for.*the disk reports an error/);
    expect(bed.nics().map(({ name }) => name)).to.deep.equal([gatewayName('i-1', 'net-1')]);
  });

  it('says what hinders it and fails nobody: a provider that cannot be had', async () => {
    const bed = await withLeftOvers();
    const lines: string[] = [];
    await workOff(bed, { ...optionsOf(bed, lines), provider: fails(new NicError('ERR_CONFIG', '/etc/client.yaml: zone is missing')) });
    expect(lines.join('\n')).to.include('zone is missing');
    expect(bed.nics()).to.have.length(2);
  });

  it('ends in time when the cloud does not answer', async () => {
    const bed = await withLeftOvers();
    bed.cloud.onCall = () => new Promise<never>(() => {});
    const start = bed.clock.now();
    await workOff(bed, { ...optionsOf(bed), limits: { pendingMs: 3000 } });
    expect(bed.clock.now() - start).to.be.within(3000, 4000);
    expect(bed.nics()).to.have.length(2);
  });

  it('hides no mistake of the program', async () => {
    const bed = await withLeftOvers();
    const { store, ...others } = optionsOf(bed);
    const mistake = new TypeError('this is no record');
    const caught = await workOff(bed, { ...others, store: changed(store, { list: fails(mistake) }) }).catch((error: unknown) => error);
    expect(caught).to.equal(mistake);
  });
});

describe('a command that has done its own work', () => {
  it('has succeeded when it is an ADD, whatever comes of the work that others left', async () => {
    const bed = await withLeftOvers();
    bed.pod('c3');
    const { store, hostStore, ...others } = optionsOf(bed);
    let isDone = false;
    const written = changed(store, {
      write: async (id: string, record: AttachmentRecord, sync: Sync) => {
        await store.write(id, record, sync);
        isDone ||= record.state === 'complete';
      },
    });
    const gateways = changed(hostStore.gateways, { list: () => (isDone ? Promise.reject(diskError) : hostStore.gateways.list()) });
    const engine = createAttachmentEngine({ ...others, store: written, hostStore: changed(hostStore, { gateways }) });
    const { nicId } = await engine.attach(requestOf('c3'), bed.timing());
    expect(isDone).to.equal(true);
    expect(bed.nics().map(({ id }) => id)).to.include(nicId);
    expect(
      bed.kernel
        .namespace(pathOf('c3'))
        .links()
        .map(({ name }) => name),
    ).to.include('eth0');
  });

  it('has succeeded when it is a DEL, whatever comes of the work that others left', async () => {
    const bed = await withLeftOvers();
    bed.pod('c3');
    const { nicId } = await bed.attach('c3');
    await bed.clock.sleep(1000);
    const { store, ...others } = optionsOf(bed);
    let isDone = false;
    const failing = changed(store, {
      remove: async (id: string) => {
        await store.remove(id);
        isDone = true;
      },
      list: async () => {
        if (isDone) throw diskError;
        return store.list();
      },
    });
    const engine = createAttachmentEngine({ ...others, store: failing });
    await engine.detach({ key: keyOf('c3'), namespace: { kind: 'path', path: pathOf('c3') }, subnetIds: ['net-1'] }, bed.timing());
    expect(isDone).to.equal(true);
    expect(bed.nics().map(({ id }) => id)).not.to.include(nicId);
  });
});
