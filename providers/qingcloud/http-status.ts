/**
 * Statuses that say that the request was not carried out (RFC 9110, section 15; RFC 6585). Not among them: 303, which may follow what was done;
 * 408, 409 and what else a server may find out while it works; and all of its own failures.
 */
const NOT_CARRIED_OUT: ReadonlySet<number> = new Set([
  301, 302, 307, 308, 400, 401, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 421, 426, 429, 431, 451, 501, 505, 511,
]);

/**
 * True when something that is not the API has answered, and certainly not passed the request on to it: the API itself answers with 200
 * whatever it has to say (docs, `api/overview`).
 */
export function wasTurnedAway(status: number): boolean {
  return NOT_CARRIED_OUT.has(status);
}

/** True when another answer may come the next time. */
export function mayPass(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** What to do about a status; empty where there is nothing to say. @param proxy the proxy on the way and the variable that names it */
export function adviceOn(status: number, proxy: { readonly name: string; readonly variable: string } | undefined): string {
  if (status === 404 || status === 405) return '; check uri, host and port in the provider file';
  if (status === 407 && proxy !== undefined) return `: the proxy ${proxy.name} (from ${proxy.variable}) wants another user and password`;
  return status >= 300 && status < 400 ? '; check protocol, host and port in the provider file' : '';
}
