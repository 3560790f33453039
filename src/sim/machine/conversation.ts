/** An agent's talk with its lab over the pipes of a simulated process (the real one: cli/agents/conversation.ts). */
import { type AgentTalk, agentTalk } from '../../scenario/agent-talk.ts';
import type { SimProcess } from './process.ts';

export interface SimConversation extends AgentTalk {
  /** Never: the lab outlives everything here. */
  readonly ended: Promise<void>;
}

export function conversationOf(process: SimProcess): SimConversation {
  const { talk, ear } = agentTalk(process.say);
  process.onInput((message) => ear.hear(message as Readonly<Record<string, unknown>>));
  return { ...talk, ended: new Promise(() => {}) };
}
