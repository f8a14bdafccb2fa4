/** What one program has to do in each of its turns. */
export type QingCloudTask =
  /**
   * Sign `count` requests of AttachNics, each for `nics` other NICs, as of one instant.
   * The n-th NIC of request r has the number r * nics + n, of which its address is made.
   */
  | { readonly task: 'sign'; readonly count: number; readonly nics: number }
  /** Decode the reply in the file `count` times. */
  | { readonly task: 'decode'; readonly count: number; readonly file: string };

/** The time of all requests. */
export const TIME_STAMP = '2017-08-17T03:04:05Z';

/** The address of the NIC of that number, which is its id. */
export function nicId(number: number): string {
  const hex = number.toString(16).padStart(8, '0');
  return `52:54:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6)}`;
}
