import { expect } from 'chai';
import type { EmulatorOptions } from '../../../../providers/qingcloud/emulator/index.js';
import { rawCall } from '../../../support/raw-qingcloud.js';
import { type EmulatorBed, INSTANCE, openEmulatorBed, VXNET } from '../../../support/standing-emulator.js';

describe('onCall', () => {
  let bed: EmulatorBed | undefined;
  const seen: unknown[] = [];
  const open = async (onCall: NonNullable<EmulatorOptions['onCall']>): Promise<EmulatorBed> => {
    bed = await openEmulatorBed({ onCall });
    return bed;
  };
  afterEach(async () => {
    seen.length = 0;
    await bed?.close();
    bed = undefined;
  });

  it('is called before and after the effect of a call, with what was asked for and what it came to', async () => {
    const { emulator, call } = await open((action, phase, moment) => {
      seen.push([action, phase, moment, bed?.emulator.nics().length]);
    });
    await call('CreateNics', { vxnet: VXNET, nic_name: 'x' });
    await call('DeleteNics', { 'nics.1': 'none' });
    const create = { number: 1, params: { vxnet: VXNET, nic_name: 'x' } };
    const remove = { number: 2, params: { 'nics.1': 'none' } };
    expect(seen).to.deep.equal([
      ['CreateNics', 'before', { ...create, retCode: undefined }, 1],
      ['CreateNics', 'after', { ...create, retCode: 0 }, 2],
      ['DeleteNics', 'before', { ...remove, retCode: undefined }, 2],
      ['DeleteNics', 'after', { ...remove, retCode: 2100 }, 2],
    ]);
    expect(emulator.calls().map((entry) => entry.number)).to.deep.equal([1, 2]);
  });

  it('is called for every action that there is', async () => {
    const { call } = await open((action, phase) => void seen.push(`${action} ${phase}`));
    const actions = [
      'AttachNics',
      'DetachNics',
      'ModifyNicAttributes',
      'DescribeNics',
      'DescribeJobs',
      'DescribeVxnets',
      'DescribeInstances',
    ];
    for (const action of actions) await call(action, { instance: INSTANCE });
    expect(seen).to.deep.equal(actions.flatMap((action) => [`${action} before`, `${action} after`]));
  });

  for (const phase of ['before', 'after'] as const) {
    it(`is waited for ${phase} the effect, and the caller can be gone by then`, async () => {
      let arrived = (): void => {};
      let release = (): void => {};
      const there = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const { emulator, client } = await open(async (_action, now) => {
        if (now !== phase) return;
        arrived();
        await held;
      });
      const controller = new AbortController();
      const call = rawCall(client, 'CreateNics', { vxnet: VXNET }, { signal: controller.signal });
      await there;
      // A round trip of another request: by then the call would be over if nothing held it.
      await fetch(`http://${client.host}/control/calls`);
      expect(emulator.calls()[0]?.tookMs).to.equal(undefined);
      expect(emulator.nics()).to.have.length(phase === 'before' ? 1 : 2);
      controller.abort();
      expect(await call.catch((error: Error) => error.name)).to.equal('AbortError');
      release();
      while (emulator.calls()[0]?.retCode === undefined) await new Promise((resolve) => setImmediate(resolve));
      expect(emulator.nics()).to.have.length(2);
    });
  }

  it('is not called for what is refused at the door, nor for what a fault strikes before its effect', async () => {
    const { emulator, client, call } = await open((action) => void seen.push(action));
    await rawCall({ ...client, secretAccessKey: 'WRONG' }, 'CreateNics', { vxnet: VXNET });
    await call('DescribeMoon');
    emulator.addFault({ fault: { kind: 'error', error: 'busy' } });
    await call('CreateNics', { vxnet: VXNET });
    expect(seen).to.deep.equal([]);
  });

  it('is called when a late effect comes', async () => {
    const { emulator, client, clock } = await open((action, phase) => void seen.push(`${action} ${phase}`));
    emulator.addFault({ fault: { kind: 'late-effect', delayMs: 1_000 } });
    await rawCall(client, 'CreateNics', { vxnet: VXNET }).catch(() => undefined);
    expect(seen).to.deep.equal([]);
    await clock.advance(1_000);
    await emulator.idle();
    expect(seen).to.deep.equal(['CreateNics before', 'CreateNics after']);
  });

  it('cuts the connection with what it throws', async () => {
    const { client, call } = await open((action) => {
      if (action === 'CreateNics') throw new Error('on purpose');
    });
    const failure = await rawCall(client, 'CreateNics', { vxnet: VXNET }).then(
      () => 'answered',
      (error: { cause?: { code?: unknown } }) => error.cause?.code,
    );
    expect(failure).to.equal('UND_ERR_SOCKET');
    expect(await call('DescribeNics')).to.include({ ret_code: 0, total_count: 1 });
  });
});
