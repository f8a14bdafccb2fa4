/** Every secret that tests give to a client: none may ever come out. The first is that of the emulator's account. */
export const TEST_SECRETS: readonly string[] = [
  'SECRETACCESSKEY',
  'TOP-SECRET',
  'THE-SECRET-KEY',
  'hunter2',
  "it's secret",
  'secret one',
  'secret two',
];

/** Where a secret may stand: the client's file of the vendor's SDK, and the emulator's help, which tells the account it takes. */
const RIGHTFUL = [/qy_secret_access_key.*/g, /default:\s+QYACCESSKEYIDEXAMPLE:SECRETACCESSKEY\b/g];

/** A signature lets who sees it repeat the request for a minute. */
const SIGNATURE = /\bsignature=[A-Za-z0-9+/%]{20,}/;

/** Looks for secrets in a text. @returns words about what is wrong, with the secret blotted out; undefined when all is well */
export function findSecret(text: string): string | undefined {
  const rest = RIGHTFUL.reduce((left, pattern) => left.replace(pattern, ''), text);
  const secret = TEST_SECRETS.find((candidate) => rest.includes(candidate)) ?? SIGNATURE.exec(rest)?.[0];
  if (secret === undefined) return undefined;
  const at = rest.indexOf(secret);
  const around = rest.slice(Math.max(0, at - 60), at + secret.length + 60);
  return TEST_SECRETS.reduce((left, other) => left.replaceAll(other, '███'), around.replace(SIGNATURE, 'signature=███'));
}
