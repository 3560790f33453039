/**
 * An agent's side of the talk with its lab (the lab's: agent.ts), whatever carries the messages. First the configuration, then
 * commands; answers, events and `ready` go out. An agent may ask as well: its requests go out, and their answers come in.
 */

type Fields = Readonly<Record<string, unknown>>;

export type Command = Fields & { readonly id: number; readonly command: string };

/** `error` is one sentence, where it is not `ok`. */
export type Answer = Fields & { readonly ok: boolean };

type Respond = (command: Command) => Promise<object> | object;

export interface AgentTalk {
  /** The first message. Rejects when there comes none, or when it is no object. */
  readonly configuration: Promise<Fields>;
  send(message: object): void;
  /** Asks the lab for something. Resolves with its answer; never, when the lab does not give one. */
  ask(question: object): Promise<Answer>;
  /** Answers every command by `answer`; what it throws becomes the refusal's one sentence. */
  serve(answer: Respond): void;
}

/** What has to be told of what comes in. */
export interface AgentEar {
  /** Null: it was no object. */
  hear(message: Fields | null): void;
  /** Nothing comes any more. */
  end(): void;
}

export function agentTalk(send: (message: object) => void): {
  readonly talk: AgentTalk;
  readonly ear: AgentEar;
} {
  const configuration = Promise.withResolvers<Fields>();
  const early: Command[] = [];
  const asked = new Map<number, (answer: Answer) => void>();
  let respond: Respond | null = null;
  let configured = false;
  let requests = 0;

  const reply = async (command: Command, answer: Respond) => {
    try {
      send({ reply: command.id, ok: true, ...(await answer(command)) });
    } catch (error) {
      send({ reply: command.id, ok: false, error: (error as Error).message });
    }
  };

  const ear: AgentEar = {
    hear(message) {
      if (!configured) {
        configured = true;
        if (message === null)
          configuration.reject(new Error('the first line must be a JSON object: the configuration'));
        else configuration.resolve(message);
      } else if (isAnswer(message)) {
        asked.get(message.answer)?.(message);
        asked.delete(message.answer);
      } else if (isCommand(message)) {
        if (respond === null) early.push(message);
        else void reply(message, respond);
      }
    },
    end() {
      if (!configured) configuration.reject(new Error('stdin ended before the configuration came'));
    },
  };

  const talk: AgentTalk = {
    configuration: configuration.promise,
    send,
    ask(question) {
      requests += 1;
      const request = requests;
      const answered = new Promise<Answer>((resolve) => asked.set(request, resolve));
      send({ request, ...question });
      return answered;
    },
    serve(answer) {
      respond = answer;
      for (const command of early.splice(0)) void reply(command, answer);
    },
  };
  return { talk, ear };
}

const isAnswer = (message: Fields | null): message is Answer & { readonly answer: number } =>
  message !== null && typeof message.answer === 'number' && typeof message.ok === 'boolean';

const isCommand = (message: Fields | null): message is Command =>
  message !== null && typeof message.id === 'number' && typeof message.command === 'string';
