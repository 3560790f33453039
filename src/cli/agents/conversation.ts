/**
 * An agent's side of the talk with its lab: JSON lines on stdin and stdout, never the network that is
 * being broken. First the configuration, then commands; answers, events and `ready` go out. An agent may
 * ask as well: its requests go out, and their answers come in.
 */
import { createInterface } from 'node:readline';

export type Command = Readonly<Record<string, unknown>> & { readonly id: number; readonly command: string };

/** `error` is one sentence, where it is not `ok`. */
export type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean };

export interface Conversation {
  /** The first line. Rejects when stdin ends before it, or when it is no JSON object. */
  readonly configuration: Promise<Readonly<Record<string, unknown>>>;
  /** The lab is gone, or wants this agent to be. */
  readonly ended: Promise<void>;
  send(message: object): void;
  /** Asks the lab for something. Resolves with its answer; never, when the lab does not give one. */
  ask(question: object): Promise<Answer>;
  /** Answers every command by `answer`; what it throws becomes the refusal's one sentence. */
  serve(answer: (command: Command) => Promise<object> | object): void;
}

export function converse(stdin: NodeJS.ReadableStream, stdout: NodeJS.WritableStream): Conversation {
  const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const configuration = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  const ended = Promise.withResolvers<void>();
  const early: Command[] = [];
  let answer: ((command: Command) => Promise<object> | object) | null = null;
  const asked = new Map<number, (answer: Answer) => void>();
  let requests = 0;
  let configured = false;

  const send = (message: object) => void stdout.write(`${JSON.stringify(message)}\n`);
  const reply = async (command: Command, respond: (command: Command) => Promise<object> | object) => {
    try {
      send({ reply: command.id, ok: true, ...(await respond(command)) });
    } catch (error) {
      send({ reply: command.id, ok: false, error: (error as Error).message });
    }
  };

  // A lab that died takes its end of the pipe along; writing on is not worth a crash.
  stdout.on('error', () => ended.resolve());
  lines.on('line', (line) => {
    const message = parseObject(line);
    if (!configured) {
      configured = true;
      if (message === null)
        configuration.reject(new Error('the first line must be a JSON object: the configuration'));
      else configuration.resolve(message);
    } else if (isAnswer(message)) {
      asked.get(message.answer)?.(message);
      asked.delete(message.answer);
    } else if (isCommand(message)) {
      if (answer === null) early.push(message);
      else void reply(message, answer);
    }
  });
  lines.on('close', () => {
    if (!configured) configuration.reject(new Error('stdin ended before the configuration came'));
    ended.resolve();
  });

  return {
    configuration: configuration.promise,
    ended: ended.promise,
    send,
    ask(question) {
      requests += 1;
      const request = requests;
      const answered = new Promise<Answer>((resolve) => asked.set(request, resolve));
      send({ request, ...question });
      return answered;
    },
    serve(respond) {
      answer = respond;
      for (const command of early.splice(0)) void reply(command, respond);
    },
  };
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

const isAnswer = (
  message: Readonly<Record<string, unknown>> | null,
): message is Answer & { readonly answer: number } =>
  message !== null && typeof message.answer === 'number' && typeof message.ok === 'boolean';

const isCommand = (message: Readonly<Record<string, unknown>> | null): message is Command =>
  message !== null && typeof message.id === 'number' && typeof message.command === 'string';
