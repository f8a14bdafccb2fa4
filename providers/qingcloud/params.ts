/** A parameter of an action before it is written: lists become `name.1`, `name.2`, … */
export type ParamValue = string | number | readonly string[] | undefined;

/**
 * Writes an action's parameters as the names and texts that are sent (Go SDK, `request/builder.go`).
 * What is undefined, an empty text or an empty list is left out: clients disagree about how an empty value is signed.
 */
export function toParams(values: Readonly<Record<string, ParamValue>>): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === '') continue;
    if (typeof value === 'string' || typeof value === 'number') params[name] = String(value);
    else for (const [index, item] of value.entries()) params[`${name}.${index + 1}`] = item;
  }
  return params;
}
