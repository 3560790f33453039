/**
 * One member of etcd over HTTP/1.1. What matters about a request without an answer is whether it can have been
 * carried out: only one that never left this machine certainly was not.
 */
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';

export type Delivery =
  | { readonly delivered: 'answered'; readonly status: number; readonly text: string }
  /** Not a byte of it has left: nobody has carried it out. */
  | { readonly delivered: 'not-sent'; readonly why: string }
  /** Sent, in part at least: it may have been carried out, or may still be. */
  | { readonly delivered: 'no-answer'; readonly why: string };

export interface LineStream {
  /** Nothing is heard after that. */
  close(): void;
}

export interface LineListener {
  line(text: string): void;
  /** Once; the connection is gone, or there never was one. */
  ended(why: string): void;
}

/** Of one answer, and of one line of a stream. No page of records comes near it. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export class EtcdMember {
  readonly url: string;
  readonly #origin: URL;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #clock: Clock;

  /** @throws Error, in one sentence, when that is not the address of a member */
  constructor(url: string, clock: Clock) {
    this.#origin = originOf(url);
    this.url = this.#origin.origin;
    this.#clock = clock;
    const Agent = this.#origin.protocol === 'https:' ? HttpsAgent : HttpAgent;
    this.#agent = new Agent({ keepAlive: true });
  }

  /** Sends `body` as JSON. Resolves within `limitMs`, whatever happens. */
  post(path: string, body: object, limitMs: number): Promise<Delivery> {
    const { promise, resolve } = Promise.withResolvers<Delivery>();
    let sent = false;
    let over = false;
    const request = this.#request(path);
    const failed = (why: string) => {
      if (over) return;
      over = true;
      stopTimer();
      resolve({ delivered: sent ? 'no-answer' : 'not-sent', why: `${this.url}: ${why}` });
      request.destroy();
    };
    const stopTimer = this.#clock.after(limitMs, () => failed(`no answer within ${limitMs} ms`));
    onceConnected(request, () => {
      sent = true;
    });
    request.on('error', (error) => failed(error.message));
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > MAX_ANSWER_BYTES) failed('the answer is too long');
        else parts.push(part);
      });
      response.on('end', () => {
        if (over) return;
        over = true;
        stopTimer();
        const text = Buffer.concat(parts).toString('utf8');
        resolve({ delivered: 'answered', status: response.statusCode ?? 0, text });
      });
      response.on('error', (error) => failed(error.message));
      // A body that is cut off ends without 'end'.
      response.on('close', () => failed('the connection was cut within the answer'));
    });
    request.end(JSON.stringify(body));
    return promise;
  }

  /** An answer without end, a line at a time. The first line has to come within `limitMs`. */
  stream(path: string, body: object, limitMs: number, listener: LineListener): LineStream {
    let open = true;
    const request = this.#request(path, { 'Grpc-Metadata-hasleader': 'true' });
    const end = (why: string) => {
      if (!open) return;
      open = false;
      stopTimer();
      request.destroy();
      listener.ended(`${this.url}: ${why}`);
    };
    const stopTimer = this.#clock.after(limitMs, () => end(`no answer within ${limitMs} ms`));
    request.on('error', (error) => end(error.message));
    request.on('response', (response) => {
      response.on('error', (error) => end(error.message));
      response.on('close', () => end('the connection ended'));
      onLines(response, end, (line) => {
        stopTimer();
        if (open) listener.line(line);
      });
    });
    request.end(JSON.stringify(body));
    return {
      close: () => {
        open = false;
        stopTimer();
        request.destroy();
      },
    };
  }

  close(): void {
    this.#agent.destroy();
  }

  /** `hasleader`: etcd ends a stream at a member that is cut off from the others, rather than let it fall silent. */
  #request(path: string, headers: Record<string, string> = {}): ClientRequest {
    const send = this.#origin.protocol === 'https:' ? requestHttps : requestHttp;
    return send(new URL(path, this.#origin), {
      method: 'POST',
      agent: this.#agent,
      headers: { 'Content-Type': 'application/json', ...headers },
    });
  }
}

function originOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
    throw new Error(`"${text}" is no address of an etcd member: it looks like http://HOST:2379`);
  }
  return url;
}

/** Calls `connected` before the first byte of the request leaves. */
function onceConnected(request: ClientRequest, connected: () => void): void {
  request.on('socket', (socket: Socket & { readonly encrypted?: boolean }) => {
    if (!socket.connecting) connected();
    else socket.once(socket.encrypted ? 'secureConnect' : 'connect', connected);
  });
}

function onLines(response: IncomingMessage, end: (why: string) => void, line: (text: string) => void): void {
  let rest = '';
  response.setEncoding('utf8').on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_ANSWER_BYTES) end('a line is too long');
    for (const text of lines) if (text.trim() !== '') line(text);
  });
}
