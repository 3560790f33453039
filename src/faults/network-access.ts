/** What a lab can do to the frames and connections of its containers, beside cutting them off. */
import type { MessageRule, RelayReport } from '../core/message-rule.ts';

export interface NetworkOfLab {
  /** Loses that share (0 to 1) of the frames between the two groups, both ways. @returns ends it, and says how many were lost */
  lose(a: readonly string[], b: readonly string[], share: number): Promise<() => Promise<number>>;
  /** Answers every segment to and from the served port of these with a reset. @returns ends it, and says how many were answered */
  reset(names: readonly string[]): Promise<() => Promise<number>>;
  /**
   * From now on a relay between this node and its clients does to messages what the rule says. Connections that exist are
   * reset once, the first time, so that what comes goes through it.
   * @param onAct each time it has done something
   */
  relay(node: string, rule: MessageRule, onAct: (report: RelayReport) => void): Promise<() => Promise<void>>;
  /** @throws Error for a name that the lab does not have */
  addressOf(name: string): string;
  /** Everybody who could be at the other end. */
  everybodyBut(names: readonly string[]): readonly string[];
}
