import { somewhere, type Workload } from './round.ts';

/**
 * A shared lock becomes an exclusive one and a shared one again (RFC 8881 section 18.10.3: a LOCK replaces what its owner
 * has of the range). An upgrade that another reader stands against is refused, and the shared lock stays.
 */
export const upgradeDowngrade: Workload = async ({ range, draw, take, release, keep }) => {
  const span = somewhere(range, draw);
  const taken = await take(span, 'read');
  if (!taken.granted) return taken;
  await keep();
  const upgraded = await take(somewhere(span, draw), 'write');
  if (upgraded.granted) {
    await keep();
    await take(span, 'read');
  }
  await keep();
  await release(span);
  return taken;
};
