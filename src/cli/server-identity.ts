/** What clients know a server by, and where they find it: the same for a node of a lab and for a server of its own. */
import { createHash, randomBytes } from 'node:crypto';
import type { LockServer } from '../server/server.ts';

/** The same on all nodes of a cluster, and on no other: clients may reclaim at any of them (row 27). */
export function scopeOf(domains: readonly { readonly name: string; readonly handleKey: Buffer }[]): string {
  const scope = createHash('sha256').update('scope');
  for (const { handleKey } of domains.toSorted((a, b) => (a.name < b.name ? -1 : 1))) scope.update(handleKey);
  return scope.digest('hex').slice(0, 32);
}

/** Differs in every life: the incarnation does, and the rest keeps clusters apart, and session ids from being guessed. */
export function bootVerifier(incarnation: number, random: (bytes: number) => Buffer = randomBytes): Buffer {
  const verifier = Buffer.concat([Buffer.alloc(4), random(16)]);
  verifier.writeUInt32BE(incarnation);
  return verifier;
}

/** @throws Error one sentence with the remedy */
export async function listenAt(
  server: LockServer,
  host: string,
  port: number,
): Promise<{ address: string; port: number }> {
  try {
    return await server.listen(host, port);
  } catch (error) {
    throw new Error(whyNot(error as NodeJS.ErrnoException, host, port), { cause: error });
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use: stop the program that listens there.`;
    case 'EACCES':
      return `port ${port} of ${host} is not permitted: ports below 1024 need root.`;
    case 'EADDRNOTAVAIL':
      return `this machine does not have the address ${host}: name one that it has, or 0.0.0.0 for all.`;
    default:
      return `cannot serve on port ${port} of ${host}: ${message}`;
  }
}
