import { expect } from 'chai';
import { createScriptedProvider, providerFailure, refuse, type ScriptedProvider } from '../../support/scripted-provider.js';
import { json } from '../../support/scripted-server.js';

const mac = (last: number): string => `52:54:00:00:12:0${last}`;
const created = (...nics: readonly (readonly [number, string?])[]) =>
  json({ ret_code: 0, nics: nics.map(([last, address]) => ({ nic_id: mac(last), private_ip: address })) });

describe('createNics()', () => {
  let bed: ScriptedProvider;
  beforeEach(async () => {
    bed = await createScriptedProvider();
  });
  afterEach(() => bed.close());

  const create = (request: { count?: number; addresses?: readonly string[] }) =>
    bed.provider.createNics({ subnetId: 'vxnet-a', name: 'pod', ...request });

  it('asks for several in one call, with any addresses', async () => {
    bed.server.script(created([1, '10.0.0.7'], [2, '10.0.0.5'], [3]));
    const nics = await create({ count: 3 });
    expect(nics.map(({ id, addresses }) => [id, ...addresses])).to.deep.equal([[mac(1), '10.0.0.7'], [mac(2), '10.0.0.5'], [mac(3)]]);
    expect(nics[0]).to.include({ name: 'pod', subnetId: 'vxnet-a', status: 'available', role: 'secondary', mac: mac(1) });
    expect(bed.sent()).to.deep.equal([{ action: 'CreateNics', vxnet: 'vxnet-a', count: '3', nic_name: 'pod' }]);
  });

  it('asks for wished addresses, and finds each by its address, whatever the order', async () => {
    bed.server.script(created([1, '10.0.0.7'], [2, '10.0.0.5'], [3, '10.0.0.6']));
    const nics = await create({ addresses: ['10.0.0.5', '10.0.0.6', '10.0.0.7'] });
    expect(nics.map(({ id, addresses }) => [id, ...addresses])).to.deep.equal([
      [mac(2), '10.0.0.5'],
      [mac(3), '10.0.0.6'],
      [mac(1), '10.0.0.7'],
    ]);
    expect(bed.sent()).to.deep.equal([
      {
        action: 'CreateNics',
        vxnet: 'vxnet-a',
        count: '3',
        nic_name: 'pod',
        'private_ips.1': '10.0.0.5',
        'private_ips.2': '10.0.0.6',
        'private_ips.3': '10.0.0.7',
      },
    ]);
  });

  it('gives the wishes that are left to NICs that tell no address', async () => {
    bed.server.script(created([1], [2, '10.0.0.5'], [3, '']));
    const nics = await create({ addresses: ['10.0.0.5', '10.0.0.6', '10.0.0.7'] });
    expect(nics.map(({ id, addresses }) => [id, ...addresses])).to.deep.equal([
      [mac(2), '10.0.0.5'],
      [mac(1), '10.0.0.6'],
      [mac(3), '10.0.0.7'],
    ]);
  });

  for (const [what, answer] of [
    ['fewer', created([1, '10.0.0.5'])],
    ['more', created([1, '10.0.0.5'], [2, '10.0.0.6'], [3, '10.0.0.7'])],
    ['others', created([1, '10.0.0.5'], [2, '10.0.0.9'])],
  ] as const) {
    it(`does not know what there is when ${what} came than were asked for, and asks once`, async () => {
      bed.server.script(answer);
      expect(await providerFailure(create({ addresses: ['10.0.0.5', '10.0.0.6'] }))).to.include({
        code: 'ERR_RESPONSE',
        outcome: 'unknown',
      });
      expect(bed.actions()).to.deep.equal(['CreateNics']);
    });
  }

  it('made nothing when the service says no', async () => {
    bed.server.script(refuse(2110, 'an address is taken'));
    expect(await providerFailure(create({ addresses: ['10.0.0.5', '10.0.0.6'] }))).to.include({ code: 'ERR_STATE', outcome: 'refused' });
  });

  for (const request of [
    { count: 0 },
    { count: 253 },
    { count: 1.5 },
    { count: 3, addresses: ['10.0.0.5'] },
    { addresses: ['10.0.0.5', '10.0.0.5'] },
  ]) {
    it(`refuses ${JSON.stringify(request)} without a request`, async () => {
      const error: unknown = await create(request).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(RangeError);
      expect(bed.server.requests).to.deep.equal([]);
    });
  }
});
