import { expect } from 'chai';
import { toParams } from '../../../providers/qingcloud/params.js';

describe('toParams()', () => {
  it('numbers lists from 1 and writes numbers in decimal', () => {
    expect(toParams({ nics: ['a', 'b'], count: 1, enable_aspoof: 0, status: 'in-use' })).to.deep.equal({
      'nics.1': 'a',
      'nics.2': 'b',
      count: '1',
      enable_aspoof: '0',
      status: 'in-use',
    });
  });

  it('leaves out what is empty, since clients disagree about how that is signed', () => {
    expect(toParams({ nic_name: '', nics: [], vxnet_type: undefined })).to.deep.equal({});
  });
});
