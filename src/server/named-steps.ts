import type { ProtocolStep } from '../core/protocol-steps.ts';

/**
 * Is told when the code is at a named step. Synchronous, so that nothing happens between the step and what is made of it; whoever
 * makes the node die there does not return.
 */
export interface Steps {
  at(step: ProtocolStep): void;
}

export const NO_STEPS: Steps = { at() {} };
