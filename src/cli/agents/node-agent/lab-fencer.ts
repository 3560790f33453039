import type { Clock } from '../../../core/clock.ts';
import type { Fencer } from '../../../core/fencer.ts';
import type { Conversation } from '../conversation.ts';

/** Longer than the lab takes to find out that it cannot. */
const ANSWER_MS = 15_000;

/**
 * A node cannot end another one by itself: it asks the lab, which holds the containers. Over stdio, so that it
 * works for a node that the network does not reach.
 * @param domain where incarnations are told apart by domain
 */
export function labFencer(conversation: Conversation, clock: Clock, domain: string | null): Fencer {
  return {
    async fence({ node, incarnation }) {
      const question = { ask: 'fence', node, incarnation, ...(domain !== null && { domain }) };
      let cancel = () => {};
      const silence = new Promise<null>((resolve) => {
        cancel = clock.after(ANSWER_MS, () => resolve(null));
      });
      const answer = await Promise.race([conversation.ask(question), silence]);
      cancel();
      if (answer?.ok === true) return { outcome: 'gone' };
      const why = answer === null ? `the lab did not answer within ${ANSWER_MS} ms` : String(answer.error);
      return { outcome: 'failed', reason: why };
    },
  };
}
