import type { Incarnation, NodeId } from './ids.ts';

/**
 * Makes sure that one life of a node is over (I8). Implementations: namespace kill, docker kill, VM reset.
 *
 * A node that is alive and never acknowledges a view holds the barrier, and with it the grace of all. Nothing may
 * simply go on without it: it may still grant on the view it knows (I3), and its clients' locks may not be given
 * away (I2). So whoever wants to go on has to see to it that this life is over, and only then says `confirm-death`.
 *
 * To fence is always safe: a life that is ended too early is a crash, and crashes are what recovery is for. Not to
 * have fenced and to say so is not: every argument of the protocol stands on `gone` being true.
 *
 * - **Idempotent**: a life may be fenced any number of times, by several nodes at once.
 * - **A life that is over already** is `gone`, also when the node lives its next one, which is left alone.
 * - **Bounded**: resolves within a time limit of its own. Whoever asked tries again, or asks an operator.
 * - **An outcome, not an exception**: rejects for a programming mistake only.
 */
export interface Fencer {
  fence(life: { readonly node: NodeId; readonly incarnation: Incarnation }): Promise<FenceOutcome>;
}

/**
 * `gone`: that life holds nothing and does nothing any more, for certain. None of its instructions is executed after
 * this was said, none of its descriptors is open, nothing of it goes on later (a process that is stopped or cut off
 * would). It has been seen: that a kill was sent, or that nobody answers, is not enough.
 *
 * `failed`: nobody knows; the life may be over or not. `reason` is one sentence for an operator, with what to do.
 */
export type FenceOutcome =
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'failed'; readonly reason: string };
