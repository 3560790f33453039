/**
 * An agent's talk with its lab as JSON lines on stdin and stdout, never over the network that is being broken.
 */
import { createInterface } from 'node:readline';
import { type AgentTalk, agentTalk } from '../../scenario/agent-talk.ts';

export type { Answer, Command } from '../../scenario/agent-talk.ts';

export interface Conversation extends AgentTalk {
  /** The lab is gone, or wants this agent to be. */
  readonly ended: Promise<void>;
}

export function converse(stdin: NodeJS.ReadableStream, stdout: NodeJS.WritableStream): Conversation {
  const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const ended = Promise.withResolvers<void>();
  const { talk, ear } = agentTalk((message) => void stdout.write(`${JSON.stringify(message)}\n`));
  // A lab that died takes its end of the pipe along; writing on is not worth a crash.
  stdout.on('error', () => ended.resolve());
  lines.on('line', (line) => ear.hear(parseObject(line)));
  lines.on('close', () => {
    ear.end();
    ended.resolve();
  });
  return { ...talk, ended: ended.promise };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
