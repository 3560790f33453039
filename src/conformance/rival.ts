/** Somebody who wants what is to be reclaimed. */
import type { WireClient } from './wire-client.ts';

/** A cluster may hold others back by a grace, or hold what has moved for its clients: it must not give it away. */
export const KEPT = ['GRACE', 'DENIED'] as const;

export const isKept = (status: string): boolean => KEPT.some((each) => each === status);

/** What a client is told that wants the lock of a file of somebody else's. */
export async function lockWanted(client: WireClient, name: string): Promise<string> {
  const { status, file } = await client.open(name, { create: null });
  if (file === null) return status;
  const locked = await client.lock(file);
  await client.closeFile(file);
  return locked.status;
}
