/** Texts of Go's own parsers inside of messages: only what stands before them is the reference's own. */
const goParserText =
  /(invalid character |unexpected end of JSON input|json: cannot unmarshal |strconv\.Atoi|invalid CIDR address|invalid IP address)/;

/** Whether a message is what the reference says, up to where it quotes a parser of Go's. */
export function saysAsReference(message: string, expected: string): boolean {
  const foreign = goParserText.exec(expected);
  return foreign === null ? message === expected : message.startsWith(expected.slice(0, foreign.index).replace(/"[^"]*$/, ''));
}
