import type { ServerState } from './server-state.ts';

const LEFT_OVER_MS = 1000;

/**
 * The beacon of a life that is over goes out before its locks and marks do (docs/protocol.md), so a reclaim may meet the very one that it is
 * for, still held by the kernel for the dead process: DELAY. Later than this, whoever holds it is alive.
 */
export const mayBeLeftOver = ({ settings, bornMs }: ServerState): boolean =>
  settings.clock.nowMs() - bornMs < LEFT_OVER_MS;
