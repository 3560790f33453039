import type { Dial } from '../../../client/channel.ts';
import type { Clock } from '../../../core/clock.ts';

/** How often a server that does not answer is tried for all clients together, and how long each time. */
const PROBE_EVERY_MS = 20;
const PROBE_TIMEOUT_MS = 100;

/**
 * Many clients of one server in one process. While it does not answer, one of them tries for all: the others are told at once that
 * they would have been refused, and come again in their own time. Else a thousand of them open thousands of sockets a second in vain, and
 * take the processor from the very node that they wait for, which clients on machines of their own do not.
 */
export function sharedDial(dial: Dial, clock: Clock): Dial {
  let answers = true;
  let probing = false;
  let triedMs = Number.NEGATIVE_INFINITY;
  return async (events, timeoutMs) => {
    if (answers) {
      const channel = await dial(events, timeoutMs);
      answers = channel !== null;
      triedMs = clock.nowMs();
      return channel;
    }
    if (probing || clock.nowMs() < triedMs + PROBE_EVERY_MS) return null;
    probing = true;
    const channel = await dial(events, Math.min(timeoutMs, PROBE_TIMEOUT_MS));
    probing = false;
    triedMs = clock.nowMs();
    answers ||= channel !== null;
    return channel;
  };
}
