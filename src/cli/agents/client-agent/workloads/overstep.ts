import { somewhere, type Workload } from './round.ts';

/** Of its recoveries, in so many it goes on reclaiming for as long as it is let. */
const LINGERS = 0.3;

/**
 * A client that does not keep to the book: beside its honest lock it reclaims what nobody took from it, and in its next recovery it asks for
 * something new too soon and reclaims too late. A right server refuses each of these, so nobody notices; a wrong one is found out by what it grants.
 */
export const overstep: Workload = async ({ range, mode, draw, take, release, keep, overstepping }) => {
  overstepping.inRecovery(draw.chance(LINGERS));
  const span = somewhere(range, draw);
  const taken = await take(span, mode);
  if (!taken.granted) return taken;
  await keep();
  await overstepping.now();
  await release(span);
  return taken;
};
