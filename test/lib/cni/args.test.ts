import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import { type ArgParser, addressArg, booleanArg, kubernetesArgs, parseCniArgs, textArg } from '../../../lib/cni/index.js';

interface Vector {
  readonly input: string;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly programmerError?: boolean;
}

const { cases } = JSON.parse(readFileSync(new URL('../../fixtures/cni/args.json', import.meta.url), 'utf8')) as { cases: Vector[] };

/** The fields that the vectors were recorded with. `Plain` is declared with no parser, which the compiler would not let pass. */
const schema = {
  IP: addressArg,
  MAC: textArg,
  Flag: booleanArg,
  Ptr: textArg,
  Plain: undefined as unknown as ArgParser<string>,
  ...kubernetesArgs,
};

/** Where this package answers otherwise than the reference, and why. */
const differences: Readonly<Record<string, { readonly error?: string; readonly programmerError?: boolean; readonly why: string }>> = {
  'IgnoreUnknown=1;Plain=x': {
    error: "ARGS: cannot unmarshal into field 'Plain': its schema entry is no parser",
    programmerError: true,
    why: "the text names Go's types",
  },
  'CommonArgs=x': {
    error: 'ARGS: unknown args ["CommonArgs=x"]',
    why: 'the reference takes the name of its embedded Go struct for an argument',
  },
};

describe('parseCniArgs()', () => {
  for (const vector of cases) {
    const difference = differences[vector.input];
    const expected = difference ?? vector;
    const how = difference === undefined ? 'as the reference does' : `otherwise than the reference: ${difference.why}`;
    it(`answers ${JSON.stringify(vector.input)} ${how}`, () => {
      if (expected.programmerError === true) {
        expect(() => parseCniArgs(vector.input, schema)).to.throw(TypeError, expected.error);
        return;
      }
      const parsed = parseCniArgs(vector.input, schema);
      if (expected.error !== undefined) {
        expect(E.isLeft(parsed) && { code: parsed.left.cniCode, message: parsed.left.message }).to.deep.equal({
          code: 4,
          message: expected.error,
        });
        return;
      }
      if (E.isLeft(parsed)) throw parsed.left;
      // The recorder left empty texts out.
      const shown = Object.fromEntries(Object.entries(parsed.right).filter(([, value]) => value !== ''));
      expect(shown).to.deep.equal(vector.values);
    });
  }

  it('lets the last of repeated keys win', () => {
    const parsed = parseCniArgs('MAC=a;MAC=b', schema);
    expect(parsed).to.deep.equal(E.right({ MAC: 'b' }));
  });

  it('forgets an address that is taken back', () => {
    expect(parseCniArgs('IP=10.0.0.1;IP=', schema)).to.deep.equal(E.right({}));
  });

  it('takes what containerd sends, in any order', () => {
    const text = 'K8S_POD_UID=u1;K8S_POD_NAME=web;IgnoreUnknown=1;K8S_POD_INFRA_CONTAINER_ID=abc;K8S_POD_NAMESPACE=shop;K8S_NEW=1';
    const parsed = parseCniArgs(text, kubernetesArgs);
    expect(parsed).to.deep.equal(
      E.right({
        IgnoreUnknown: true,
        K8S_POD_UID: 'u1',
        K8S_POD_NAME: 'web',
        K8S_POD_INFRA_CONTAINER_ID: 'abc',
        K8S_POD_NAMESPACE: 'shop',
      }),
    );
  });

  it('ignores unknown keys when the plugin says so', () => {
    expect(parseCniArgs('Foo=1', {}, { ignoreUnknown: true })).to.deep.equal(E.right({}));
  });

  it('knows no key by inheritance', () => {
    const parsed = parseCniArgs('constructor=1;__proto__=2', schema);
    expect(E.isLeft(parsed) && parsed.left.message).to.equal('ARGS: unknown args ["constructor=1" "__proto__=2"]');
  });

  it('gives each value the type of its parser', () => {
    const parsed = parseCniArgs('Flag=TRUE;IP=FD00::0:1', schema);
    if (E.isLeft(parsed)) throw parsed.left;
    const flag: boolean | undefined = parsed.right.Flag;
    const ip: string | undefined = parsed.right.IP;
    expect([flag, ip]).to.deep.equal([true, 'fd00::1']);
  });
});
