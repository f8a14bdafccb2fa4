import { createServer } from 'node:net';
import { expect } from 'chai';
import { NicError } from '../../../../lib/errors.js';
import { DEFAULT_INSTANCE_ID, DEFAULT_VXNET, type EmulatorOptions, startEmulator } from '../../../../providers/qingcloud/emulator/index.js';
import { rawCall } from '../../../support/raw-qingcloud.js';

async function refusalOf(options: EmulatorOptions): Promise<NicError> {
  try {
    await (await startEmulator(options)).close();
  } catch (error) {
    if (error instanceof NicError) return error;
    throw error;
  }
  throw new Error('it started');
}

describe('startEmulator()', () => {
  it('starts without any option: a VPC with a vxnet, an instance with a primary NIC', async () => {
    const emulator = await startEmulator();
    try {
      expect(emulator.url).to.equal(`http://127.0.0.1:${emulator.port}/iaas`);
      expect(emulator.vxnets().map((vxnet) => vxnet.id)).to.deep.equal([DEFAULT_VXNET.id]);
      expect(emulator.instances().map((instance) => instance.id)).to.deep.equal([DEFAULT_INSTANCE_ID]);
      expect(emulator.nics().map((nic) => [nic.role, nic.instanceId, nic.address, nic.plugged])).to.deep.equal([
        [1, DEFAULT_INSTANCE_ID, '192.168.100.2', false],
      ]);
      const reply = await rawCall({ host: `${emulator.host}:${emulator.port}` }, 'DescribeInstances');
      expect(JSON.parse(reply.text)).to.include({ ret_code: 0, total_count: 1 });
    } finally {
      await emulator.close();
    }
  });

  it('hands out the first address where the router has another', async () => {
    const emulator = await startEmulator({ vxnets: [{ id: 'vxnet-a', routerId: 'rtr-a', cidr: '10.0.0.0/24', managerIp: '10.0.0.254' }] });
    expect(emulator.nics().map((nic) => nic.address)).to.deep.equal(['10.0.0.1']);
    await emulator.close();
  });

  it('keeps the time of the system, and lets jobs of no duration end at once', async () => {
    const emulator = await startEmulator({ jobs: { attachMs: 0, detachMs: 0 } });
    const client = { host: `${emulator.host}:${emulator.port}` };
    try {
      const created = JSON.parse((await rawCall(client, 'CreateNics', { vxnet: 'vxnet-emul001' })).text);
      const id: string = created.nics[0].nic_id;
      await rawCall(client, 'AttachNics', { instance: DEFAULT_INSTANCE_ID, 'nics.1': id });
      await emulator.idle();
      expect(emulator.nics().find((nic) => nic.id === id)).to.include({ status: 'in-use', transition: undefined });
    } finally {
      await emulator.close();
    }
  });

  it('listens at several places, of the same state', async () => {
    const emulator = await startEmulator({
      listen: [
        { host: '127.0.0.1', port: 0 },
        { host: '::1', port: 0 },
        { host: '127.0.0.2', port: 0 },
      ],
    });
    try {
      expect(emulator.listening.map((place) => place.host)).to.deep.equal(['127.0.0.1', '::1', '127.0.0.2']);
      for (const { host, port } of emulator.listening) {
        const reply = await rawCall({ host: `${host === '::1' ? '[::1]' : host}:${port}` }, 'DescribeVxnets');
        expect(JSON.parse(reply.text).ret_code, host).to.equal(0);
      }
      expect(emulator.callCounts()).to.deep.equal({ DescribeVxnets: 3 });
      expect((await fetch(`http://[::1]:${emulator.listening[1]?.port}/control/state`)).status).to.equal(200);
    } finally {
      await emulator.close();
    }
  });

  it('stops listening at all places when closed, and can be closed again', async () => {
    const emulator = await startEmulator({
      listen: [
        { host: '127.0.0.1', port: 0 },
        { host: '127.0.0.2', port: 0 },
      ],
    });
    const idle = await rawCall({ host: `${emulator.host}:${emulator.port}` }, 'DescribeVxnets');
    expect(idle.status).to.equal(200);
    await emulator.close();
    await emulator.close();
    for (const { host, port } of emulator.listening) {
      const outcome = await fetch(`http://${host}:${port}/control/state`).then(
        () => 'answered',
        (error: { cause?: { code?: unknown } }) => error.cause?.code,
      );
      expect(outcome).to.equal('ECONNREFUSED');
    }
  });

  it('refuses a port that is taken, and leaves none of the others open', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    try {
      const error = await refusalOf({
        listen: [
          { host: '127.0.0.2', port: address.port },
          { host: '127.0.0.1', port: address.port },
        ],
      });
      expect(error.code).to.equal('ERR_IO');
      expect(error.message).to.include(`127.0.0.1:${address.port}`).and.include('EADDRINUSE');
      const outcome = await fetch(`http://127.0.0.2:${address.port}/`).then(
        () => 'answered',
        (failure: { cause?: { code?: unknown } }) => failure.cause?.code,
      );
      expect(outcome).to.equal('ECONNREFUSED');
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it('refuses a descriptor that is no socket', async () => {
    const error = await refusalOf({ listen: { fd: 1_000_000 } });
    expect(error.code).to.equal('ERR_IO');
    expect(error.message).to.include('descriptor 1000000');
  });

  const vxnet = { id: 'vxnet-a', routerId: 'rtr-a', cidr: '10.0.0.0/24' };
  const refused: { name: string; options: EmulatorOptions; where: string }[] = [
    { name: 'a range with host bits', options: { vxnets: [{ ...vxnet, cidr: '10.0.0.1/24' }] }, where: 'vxnets[0].cidr' },
    { name: 'an IPv6 range', options: { vxnets: [{ ...vxnet, cidr: 'fd00::/64' }] }, where: 'vxnets[0].cidr' },
    { name: 'a range of one address', options: { vxnets: [{ ...vxnet, cidr: '10.0.0.1/32' }] }, where: 'vxnets[0].cidr' },
    { name: 'a router outside of its vxnet', options: { vxnets: [{ ...vxnet, managerIp: '10.0.1.1' }] }, where: 'vxnets[0].managerIp' },
    {
      name: 'a DHCP range outside of its vxnet',
      options: { vxnets: [{ ...vxnet, dynRange: { start: '10.0.0.2', end: '10.0.1.2' } }] },
      where: 'vxnets[0].dynRange.end',
    },
    {
      name: 'a DHCP range the wrong way round',
      options: { vxnets: [{ ...vxnet, dynRange: { start: '10.0.0.9', end: '10.0.0.2' } }] },
      where: 'vxnets[0].dynRange.end',
    },
    { name: 'a vxnet twice', options: { vxnets: [vxnet, vxnet] }, where: 'vxnets[1].id' },
    { name: 'an empty secret', options: { accounts: [{ accessKeyId: 'a', secretAccessKey: '' }] }, where: 'accounts[0]' },
    { name: 'an instance twice', options: { instances: [{ id: 'i-a' }, { id: 'i-a' }] }, where: 'instances[1].id' },
    {
      name: 'a primary NIC in no vxnet',
      options: { instances: [{ id: 'i-a', primaryNic: { vxnetId: 'vxnet-z' } }] },
      where: 'instances[0].primaryNic.vxnetId',
    },
    {
      name: 'a primary NIC whose id is no MAC',
      options: { instances: [{ id: 'i-a', primaryNic: { vxnetId: DEFAULT_VXNET.id, id: '52:54:AB:00:00:01' } }] },
      where: 'instances[0].primaryNic.id',
    },
    {
      name: 'a primary address that is taken',
      options: { instances: [{ id: 'i-a', primaryNic: { vxnetId: DEFAULT_VXNET.id, address: '192.168.100.1' } }] },
      where: 'instances[0].primaryNic.address',
    },
    {
      name: 'two primary NICs of one id',
      options: {
        instances: ['i-a', 'i-b'].map((id) => ({ id, primaryNic: { vxnetId: DEFAULT_VXNET.id, id: '52:54:00:00:00:01' } })),
      },
      where: 'instances[1].primaryNic.id',
    },
    {
      name: 'a namespace without a fabric',
      options: { instances: [{ id: 'i-a', namespace: { kind: 'own' } }] },
      where: 'instances[0].namespace',
    },
    { name: 'a negative duration', options: { jobs: { attachMs: -1 } }, where: 'jobs.attachMs' },
    { name: 'half a limit', options: { limits: { nicsPerCall: 1.5 } }, where: 'limits.nicsPerCall' },
    { name: 'no place to listen', options: { listen: [] }, where: 'listen' },
    { name: 'a port above 65535', options: { listen: { host: '127.0.0.1', port: 70_000 } }, where: 'listen[0].port' },
    { name: 'an impossible fault', options: { faults: [{ fault: { kind: 'stale', ageMs: -1 } }] }, where: 'faults[0]: fault.ageMs' },
  ];
  for (const { name, options, where } of refused) {
    it(`refuses ${name} with its place`, async () => {
      const error = await refusalOf(options);
      expect(error.code).to.equal('ERR_CONFIG');
      expect(error.message).to.include(`emulator options: ${where}`);
    });
  }
});
