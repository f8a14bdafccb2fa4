import { expect } from 'chai';
import { createScriptedProvider, providerFailure, refuse, type ScriptedProvider } from '../../support/scripted-provider.js';
import { type Answer, cut, json } from '../../support/scripted-server.js';

const MAC = '52:54:00:00:12:34';
const UNTOLD = refuse(2500, 'words that nobody has seen yet');
const CREATED = json({ ret_code: 0, nics: [{ nic_id: MAC, private_ip: '192.168.100.20' }] });
const VXNETS = json({ ret_code: 0, total_count: 1, vxnet_set: [{ vxnet_id: 'vxnet-a' }] });

const instances = (...items: readonly object[]): Answer => json({ ret_code: 0, total_count: items.length, instance_set: items });
const RUNNING = instances({ instance_id: 'i-1', status: 'running', transition_status: '', vxnets: [{ nic_id: MAC }] });
const holding = (count: number): Answer =>
  json({
    ret_code: 0,
    total_count: count,
    nic_set: Array.from({ length: count }, (_, i) => ({
      nic_id: `52:54:00:00:00:${i.toString(16).padStart(2, '0')}`,
      vxnet_id: 'vxnet-a',
      instance_id: 'i-1',
      status: 'in-use',
    })),
  });

describe('what a code leaves open', () => {
  let bed: ScriptedProvider;
  beforeEach(async () => {
    bed = await createScriptedProvider();
  });
  afterEach(() => bed.close());

  describe('2500 of CreateNics', () => {
    const create = () => bed.provider.createNic({ subnetId: 'vxnet-a', name: 'pod' });

    it('is a quota when reading is not refused', async () => {
      bed.server.script(UNTOLD, VXNETS);
      expect(await providerFailure(create())).to.include({ code: 'ERR_QUOTA', retCode: 2500, outcome: 'refused', retryable: false });
      expect(bed.sent().slice(1)).to.deep.equal([{ action: 'DescribeVxnets', 'vxnets.1': 'vxnet-a', offset: '0', limit: '1' }]);
    });

    it('is too many requests when reading is refused as well, and then it is tried again', async () => {
      bed.server.script(UNTOLD, UNTOLD, CREATED);
      expect((await create()).id).to.equal(MAC);
      expect(bed.actions()).to.deep.equal(['CreateNics', 'DescribeVxnets', 'CreateNics']);
    });

    it('says so in the end', async () => {
      for (let call = 0; call < 8; call++) bed.server.script(UNTOLD);
      const error = await providerFailure(create());
      expect(error).to.include({ code: 'ERR_RATE_LIMIT', retCode: 2500, outcome: 'refused', retryable: true });
      expect(error.message).to.include('reading is refused too');
      expect(bed.actions()).to.have.length(8);
    });

    it('is not asked about when its words are known', async () => {
      bed.server.script(refuse(2500, 'QuotasExceeded, access too frequently'), CREATED);
      await create();
      expect(bed.actions()).to.deep.equal(['CreateNics', 'CreateNics']);
    });

    it('stays a quota when nobody can be asked', async () => {
      bed.server.script(UNTOLD, cut());
      expect((await providerFailure(create())).code).to.equal('ERR_QUOTA');
      expect(bed.actions()).to.deep.equal(['CreateNics', 'DescribeVxnets']);
    });
  });

  describe('a refusal of AttachNics', () => {
    const attach = (id = MAC) => bed.provider.attachNics([id], 'i-1');
    const DENIED = refuse(1400, 'PermissionDenied, words that nobody has seen yet');

    it('is about a full instance when that holds what it can', async () => {
      bed.server.script(DENIED, RUNNING, holding(64));
      const error = await providerFailure(attach());
      expect(error).to.include({ code: 'ERR_INSTANCE_FULL', retCode: 1400, outcome: 'refused', retryable: false, action: 'AttachNics' });
      expect(error.message).to.match(/refused with 1400: PermissionDenied, .* \(instance i-1 holds 64 NICs, of 64 that it can\)$/);
      expect(bed.sent().slice(1)).to.deep.equal([
        { action: 'DescribeInstances', 'instances.1': 'i-1', is_cluster_node: '0', offset: '0', limit: '100' },
        { action: 'DescribeNics', 'instances.1': 'i-1', offset: '0', limit: '100' },
      ]);
    });

    for (const code of [1100, 2110, 2500, 3300]) {
      it(`is about a full instance with ${code} too`, async () => {
        bed.server.script(refuse(code), RUNNING, holding(64));
        expect(await providerFailure(attach())).to.include({ code: 'ERR_INSTANCE_FULL', retCode: code });
      });
    }

    for (const code of [1200, 1300, 2400]) {
      it(`is about the account or the clock with ${code}, and nobody is asked`, async () => {
        bed.server.script(refuse(code));
        expect((await providerFailure(attach())).code).to.be.oneOf(['ERR_AUTH', 'ERR_CLOCK', 'ERR_BALANCE']);
        expect(bed.actions()).to.deep.equal(['AttachNics']);
      });
    }

    for (const refusal of [DENIED, refuse(2100, 'ResourceNotFound, resource')]) {
      it('is about an unknown instance when the account has none, and names the file its id is from', async () => {
        bed.server.script(refusal, instances(), instances());
        const error = await providerFailure(attach());
        expect(error).to.include({ code: 'ERR_NOT_FOUND', outcome: 'refused', retryable: false });
        expect(error.message).to.include('no instance i-1 in this zone').and.to.include('comes from /nowhere/instance-id');
        expect(bed.sent().map((params) => params['is_cluster_node'])).to.deep.equal([undefined, '0', '1']);
      });
    }

    it('is about an instance that is not running', async () => {
      bed.server.script(DENIED, instances({ instance_id: 'i-1', status: 'stopped' }));
      const error = await providerFailure(attach());
      expect(error).to.include({ code: 'ERR_STATE', retryable: false });
      expect(error.message).to.include('instance i-1 (from /nowhere/instance-id) is not running but stopped');
    });

    it('is about the NIC when the instance is in order, which is not asked again for a minute', async () => {
      bed.server.script(DENIED, RUNNING, holding(63), DENIED, DENIED, RUNNING, holding(63));
      for (let call = 0; call < 2; call++) {
        expect((await providerFailure(attach())).message).to.equal(
          'AttachNics: QingCloud refused with 1400: PermissionDenied, words that nobody has seen yet',
        );
      }
      expect(bed.actions()).to.deep.equal(['AttachNics', 'DescribeInstances', 'DescribeNics', 'AttachNics']);
      bed.skip(60_001);
      await providerFailure(attach());
      expect(bed.actions().slice(4)).to.deep.equal(['AttachNics', 'DescribeInstances', 'DescribeNics']);
    });

    it('finds nodes of clusters, which have to be asked for by themselves', async () => {
      bed.server.script(DENIED, instances(), RUNNING, holding(64));
      expect((await providerFailure(attach())).code).to.equal('ERR_INSTANCE_FULL');
    });

    it('with 2500 is too many requests when reading is refused as well', async () => {
      bed.server.script(UNTOLD, UNTOLD);
      expect(await providerFailure(attach())).to.include({ code: 'ERR_RATE_LIMIT', retryable: true });
      bed.server.script(UNTOLD, RUNNING, holding(3));
      expect(await providerFailure(attach())).to.include({ code: 'ERR_QUOTA', retryable: false });
    });

    it('stays as it is when nobody can be asked', async () => {
      bed.server.script(DENIED, cut());
      expect((await providerFailure(attach())).code).to.equal('ERR_STATE');
      expect(bed.actions()).to.deep.equal(['AttachNics', 'DescribeInstances']);
    });

    it('that the service calls passing is believed', async () => {
      bed.server.script(refuse(1400, 'PermissionDenied, lease info not ready yet, please try later'));
      expect((await providerFailure(attach())).retryable).to.equal(true);
      expect(bed.actions()).to.deep.equal(['AttachNics']);
    });
  });

  it('describes instances, and leaves unknown ones out', async () => {
    bed.server.script(
      RUNNING,
      instances(
        { instance_id: 'i-2', status: 'stopped', transition_status: 'starting', vxnets: null },
        { instance_id: 'i-x', status: 'running' },
      ),
    );
    expect(await bed.provider.describeInstances(['i-1', 'i-2', 'i-3'])).to.deep.equal([
      { id: 'i-1', status: 'running', transition: undefined, nicIds: [MAC] },
      { id: 'i-2', status: 'stopped', transition: 'starting', nicIds: [] },
    ]);
  });
});
