/** An agent's side of the talk with its lab, over the pipes of a simulated process (the real one: cli/agents/conversation.ts). */
import type { SimProcess } from './process.ts';

type Fields = Readonly<Record<string, unknown>>;
export type Command = Fields & { readonly id: number; readonly command: string };
export type Answer = Fields & { readonly ok: boolean };
type Respond = (command: Command) => Promise<object> | object;

export interface SimConversation {
  readonly configuration: Promise<Fields>;
  readonly ended: Promise<void>;
  send(message: object): void;
  ask(question: object): Promise<Answer>;
  serve(answer: Respond): void;
}

export function conversationOf(process: SimProcess): SimConversation {
  const configuration = Promise.withResolvers<Fields>();
  const early: Command[] = [];
  const asked = new Map<number, (answer: Answer) => void>();
  let respond: Respond | null = null;
  let configured = false;
  let requests = 0;

  const reply = async (command: Command, answer: Respond): Promise<void> => {
    try {
      process.say({ reply: command.id, ok: true, ...(await answer(command)) });
    } catch (error) {
      process.say({ reply: command.id, ok: false, error: (error as Error).message });
    }
  };

  process.onInput((message) => {
    const fields = message as Fields;
    if (!configured) {
      configured = true;
      configuration.resolve(fields);
    } else if (typeof fields.answer === 'number') {
      asked.get(fields.answer)?.(fields as Answer);
      asked.delete(fields.answer);
    } else if (respond === null) early.push(fields as Command);
    else void reply(fields as Command, respond);
  });

  return {
    configuration: configuration.promise,
    // The lab outlives everything here.
    ended: new Promise(() => {}),
    send: process.say,
    ask(question) {
      requests += 1;
      const request = requests;
      const answered = new Promise<Answer>((resolve) => asked.set(request, resolve));
      process.say({ request, ...question });
      return answered;
    },
    serve(answer) {
      respond = answer;
      for (const command of early.splice(0)) void reply(command, answer);
    },
  };
}
