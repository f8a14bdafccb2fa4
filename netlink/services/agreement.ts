function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * True when `found` has everything that `wanted` says. Objects and lists are compared in depth; what `wanted` leaves out may be anything.
 * Both must come from a decoder, which writes equal addresses in equal letters.
 */
export function agrees(found: unknown, wanted: unknown): boolean {
  if (!isRecord(wanted)) return found === wanted;
  if (!isRecord(found)) return false;
  if (Array.isArray(wanted) || wanted instanceof Uint8Array) {
    if (found['length'] !== wanted.length) return false;
  }
  return Object.entries(wanted).every(([key, value]) => value === undefined || agrees(found[key], value));
}

/** The names of those properties of `wanted` that `found` has otherwise or not at all. */
export function disagreements(found: object, wanted: object): readonly string[] {
  return Object.entries(wanted)
    .filter(([key, value]) => value !== undefined && !agrees(Reflect.get(found, key), value))
    .map(([key]) => key);
}
