import { expect } from 'chai';

/** Codes of the specification, and ours. 999 is not among them: it says that the plugin itself went wrong. */
const CODES: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 11, 50, 51, 100, 101, 102, 103, 104, 105, 106, 107, 108]);

/** Checks that what a plugin printed is one valid answer to a command. @returns its code; 0 for success */
export function expectOneAnswer(command: string, exitCode: number | undefined, stdout: string): number {
  if (exitCode === 0) {
    if (command !== 'ADD' && command !== 'VERSION') {
      expect(stdout, `a silent success of ${command}`).to.equal('');
      return 0;
    }
    const answer = JSON.parse(stdout);
    if (command === 'ADD') expect(answer.ips ?? answer.ip4).to.be.an(answer.ips === undefined ? 'object' : 'array');
    else expect(answer.supportedVersions).to.be.an('array');
    return 0;
  }
  expect(exitCode, stdout).to.equal(1);
  const answer: unknown = JSON.parse(stdout);
  expect(answer, stdout).to.have.keys(
    answer !== null && typeof answer === 'object' && 'details' in answer
      ? ['cniVersion', 'code', 'msg', 'details']
      : ['cniVersion', 'code', 'msg'],
  );
  const { cniVersion, code, msg } = answer as { readonly cniVersion: unknown; readonly code: number; readonly msg: unknown };
  expect(cniVersion, stdout).to.match(/^\d+\.\d+\.\d+$/);
  expect(msg, stdout).to.be.a('string').and.not.equal('');
  expect([...CODES], stdout.slice(0, 2000)).to.include(code);
  return code;
}
