import { expect } from 'chai';
import { askerOf, Command, createContext } from '../../../lib/attachment/context.js';
import { createMemoryHostStore, createMemoryStore } from '../../../lib/attachment/index.js';
import type { NamespaceRef, NetworkDriver, NetworkNamespace } from '../../../lib/driver.js';
import { NetlinkError, NicError } from '../../../lib/errors.js';
import type { NicProvider } from '../../../lib/provider.js';
import { createMemoryDriver, createMemoryKernel } from '../../../netlink/memory/index.js';
import { createMemoryCloud } from '../../../providers/memory/index.js';
import { rejection } from '../../support/rejection.js';
import { VirtualClock } from '../../support/virtual-clock.js';

interface Bed {
  readonly command: Command;
  /** What was asked to be opened, in turn. */
  readonly opened: NamespaceRef[];
  /** How many namespaces are open. */
  open(): number;
  /** How often a provider was asked for. */
  asked(): number;
}

/** A command whose first openings of a namespace, or first requests for a provider, are refused. */
function createBed(refusals: { readonly open?: number; readonly provider?: number } = {}): Bed {
  const clock = new VirtualClock();
  const memory = createMemoryDriver(createMemoryKernel());
  const opened: NamespaceRef[] = [];
  let open = 0;
  let asked = 0;
  const driver: NetworkDriver = {
    async open(ref, options) {
      opened.push(ref);
      if (opened.length <= (refusals.open ?? 0)) throw new NetlinkError({ op: 'open', errno: 'EMFILE' });
      const namespace = await memory.open(ref, options);
      open++;
      return new Proxy(namespace, {
        get(target, name) {
          if (name === 'close') return () => void open--;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
  const cloud = createMemoryCloud({ instanceId: 'i-1', subnets: [], clock });
  const provider = async (): Promise<NicProvider> => {
    asked++;
    if (asked <= (refusals.provider ?? 0)) throw new NicError('ERR_CONFIG', '/etc/client.yaml: zone is missing');
    return cloud.provider();
  };
  const tools = { clock, random: () => 0.5 };
  const context = createContext({
    provider,
    driver,
    store: createMemoryStore(tools),
    hostStore: createMemoryHostStore(tools),
    bootId: 'boot-1',
    ...tools,
  });
  const command = new Command(context, { deadline: clock.now() + 55_000 });
  return { command, opened, open: () => open, asked: () => asked };
}

describe('Command', () => {
  describe("the host's namespace", () => {
    it('is opened once for all that ask, at the same time and later', async () => {
      const { command, opened } = createBed();
      const [first, second] = await Promise.all([command.host(), command.host()]);
      expect(second).to.equal(first);
      expect(await command.host()).to.equal(first);
      expect(opened).to.deep.equal([{ kind: 'own' }]);
      command.close();
    });

    it('is opened anew when that failed: a refusal of a moment is none for the whole command', async () => {
      const { command, opened, open } = createBed({ open: 2 });
      // Both of those that ask at the same time hear of it.
      const failed = await Promise.all([rejection(command.host(), 'ERR_NETLINK'), rejection(command.host(), 'ERR_NETLINK')]);
      expect(failed[1]).to.equal(failed[0]);
      expect(opened).to.have.length(1);
      await rejection(command.host(), 'ERR_NETLINK');
      const host: NetworkNamespace = await command.host();
      expect(await command.host()).to.equal(host);
      expect(opened).to.have.length(3);
      expect(open()).to.equal(1);
      command.close();
      expect(open()).to.equal(0);
    });
  });

  it('closes every namespace that it opened', async () => {
    const { command, open } = createBed();
    await command.host();
    await command.open({ kind: 'own' });
    expect(open()).to.equal(2);
    command.close();
    expect(open()).to.equal(0);
  });

  describe('the cloud', () => {
    it('is asked for once', async () => {
      const { command, asked } = createBed();
      const [first, second] = await Promise.all([command.cloud(), command.cloud()]);
      expect([first.instanceId, second === first, asked()]).to.deep.equal(['i-1', true, 1]);
      expect(askerOf(first)).to.match(/^[0-9a-f]{32}$/);
      command.close();
    });

    it('is not asked for again when it cannot be had: its settings are no better then', async () => {
      const { command, asked } = createBed({ provider: 1 });
      const first = await rejection(command.cloud(), 'ERR_CONFIG');
      expect(await rejection(command.cloud(), 'ERR_CONFIG')).to.equal(first);
      expect(asked()).to.equal(1);
      command.close();
    });
  });
});
