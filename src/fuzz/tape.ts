/** Requests as a client has sent them. */
import { Callbacks, isCall } from '../client/callbacks.ts';
import type { Channel, Dial } from '../client/channel.ts';
import { NFS4ERR_BAD_STATEID } from '../nfs4/status.ts';
import { type Anatomy, anatomyOf, nameOf } from './anatomy.ts';

export interface RecordedRequest {
  /** Its version and operations, for people. */
  readonly name: string;
  /** A whole RPC message. */
  readonly message: Buffer;
  readonly anatomy: Anatomy;
}

export class Tape {
  readonly #requests: RecordedRequest[] = [];

  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  add(message: Buffer): void {
    const anatomy = anatomyOf(message);
    this.#requests.push({ name: nameOf(anatomy), message: Buffer.from(message), anatomy });
  }
}

/** What is sent goes on the tape, if there is one. The server can call back: it is told that there is nothing to be had back. */
export const recording =
  (dial: Dial, tape?: Tape): Dial =>
  async (events, timeoutMs) => {
    const callbacks = new Callbacks({ recall: () => NFS4ERR_BAD_STATEID });
    let channel: Channel | null = null;
    const message = (received: Buffer) => {
      const reply = isCall(received) ? callbacks.answer(received) : null;
      if (reply !== null) channel?.send(reply);
      else events.message(received);
    };
    channel = await dial({ ...events, message, ended: (reason) => events.ended(reason) }, timeoutMs);
    if (channel === null) return null;
    const stands = channel;
    return {
      send: (sent) => {
        tape?.add(sent);
        stands.send(sent);
      },
      close: () => stands.close(),
    };
  };
