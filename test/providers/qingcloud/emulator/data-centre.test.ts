import { expect } from 'chai';
import { createNamespace, createVethFabric, openRtnetlink } from '../../../../netlink/index.js';
import { type EmulatorOptions, startEmulator } from '../../../../providers/qingcloud/emulator/index.js';
import { recordFrames } from '../../../support/frame-recorder.js';
import { ipv4 } from '../../../support/frames.js';
import { requireLive } from '../../../support/live.js';
import { ping } from '../../../support/ping.js';
import { rawCall } from '../../../support/raw-qingcloud.js';
import { RecordingFabric } from '../../../support/recording-fabric.js';
import { rejection } from '../../../support/rejection.js';
import { sendFrames } from '../../../support/send-frame.js';
import { INSTANCE, openEmulatorBed, VXNET } from '../../../support/standing-emulator.js';

class UnableFabric extends RecordingFabric {
  async whyNoAntiSpoofing(): Promise<string> {
    return 'the kernel is too small';
  }
  override async setAntiSpoofing(): Promise<void> {
    throw new Error('it was asked although it cannot');
  }
}

describe('anti-spoofing where the fabric cannot do it', () => {
  const warnings: unknown[] = [];
  const open = (fabric: RecordingFabric, options: EmulatorOptions) =>
    openEmulatorBed({
      fabric,
      instances: [{ id: INSTANCE, namespace: { kind: 'own' }, primaryNic: { vxnetId: VXNET } }],
      log: { debug() {}, info() {}, warn: (message, fields) => warnings.push([message, fields]) },
      ...options,
    });
  afterEach(() => {
    warnings.length = 0;
  });

  for (const [antiSpoofing, told] of [
    [undefined, [['NICs may send under foreign addresses', { reason: 'the kernel is too small' }]]],
    [false, []],
  ] as const) {
    it(`is left out when it is ${antiSpoofing === undefined ? 'not asked for, with a warning' : 'declined, without one'}`, async () => {
      const fabric = new UnableFabric();
      const bed = await open(fabric, antiSpoofing === undefined ? {} : { antiSpoofing });
      try {
        const [nic = { id: '' }] = await bed.create();
        await bed.attached(nic.id);
        for (const flag of ['0', '1', '0']) {
          expect(await bed.call('ModifyNicAttributes', { nic: nic.id, enable_aspoof: flag })).to.include({ ret_code: 0 });
        }
        expect(fabric.plugged.size).to.equal(2);
        expect([...fabric.filtered]).to.deep.equal([]);
        expect(warnings).to.deep.equal(told);
      } finally {
        await bed.close();
      }
    });
  }

  it('is an error when it is asked for', async () => {
    const fabric = new UnableFabric();
    const error = await rejection(open(fabric, { antiSpoofing: true }));
    expect(error.code).to.equal('ERR_NOT_SUPPORTED');
    expect(error.message).to.include('the kernel is too small');
    expect(fabric.plugged.size).to.equal(0);
  });
});

describe('anti-spoofing of the emulator, live', () => {
  before(function () {
    requireLive(this);
  });

  it('drops what a NIC sends under a foreign address, until ModifyNicAttributes allows it, and after it forbids it', async () => {
    const machine = await createNamespace('machine');
    const fabric = createVethFabric();
    const emulator = await startEmulator({
      fabric,
      antiSpoofing: true,
      vxnets: [{ id: 'vxnet-a', routerId: 'rtr-a', cidr: '192.168.100.0/24' }],
      instances: [{ id: 'i-a', namespace: { kind: 'fd', fd: machine.fd }, primaryNic: { vxnetId: 'vxnet-a' } }],
    });
    const inside = openRtnetlink(machine);
    const network = fabric.network('rtr-a');
    if (network === undefined) throw new Error('there is no network');
    const outside = openRtnetlink(network);
    const recorder = recordFrames(network, (await outside.link.get({ name: 'br0' })).index);
    try {
      const [nic] = emulator.nics();
      const mac = nic?.id ?? '';
      const { index } = await inside.link.get({ name: 'eth0' });
      await inside.link.set(index, { up: true });
      await inside.address.add({ linkIndex: index, address: `${nic?.address}/24` });
      expect((await ping(machine, '192.168.100.1')).answered).to.equal(true);
      const host = `${emulator.host}:${emulator.port}`;
      const passes: boolean[] = [];
      for (const [round, flag] of [undefined, '0', '1'].entries()) {
        if (flag !== undefined) await rawCall({ host }, 'ModifyNicAttributes', { nic: mac, enable_aspoof: flag });
        const [foreign, own] = [2 * round, 2 * round + 1];
        sendFrames(machine, index, [ipv4(mac, '192.168.100.99', foreign), ipv4(mac, nic?.address ?? '', own)]);
        await recorder.waitFor((hex) => hex.endsWith(`feedbe0${own}`));
        passes.push(recorder.frames().some((hex) => hex.endsWith(`feedbe0${foreign}`)));
      }
      expect(passes).to.deep.equal([false, true, false]);
    } finally {
      recorder.close();
      inside.close();
      outside.close();
      await emulator.close();
      await fabric.close();
      machine.close();
    }
  });
});
