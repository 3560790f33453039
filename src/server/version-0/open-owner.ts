import type { OpenState } from '../state/opens.ts';
import { OwnerSequence } from './owner-sequence.ts';

/** An open-owner of a client of version 4.0 (RFC 7530 section 9.1.8). */
export class OpenOwner {
  /** In hex. */
  readonly name: string;
  readonly sequence = new OwnerSequence();
  /** Until OPEN_CONFIRM nothing may be done with its one open but to confirm it (section 9.1.11). */
  confirmed = false;
  /** When it was last heard of, on the server's clock. */
  usedAtMs: number;
  /** The open that its newest CLOSE ended: by its stateid a repetition of that CLOSE finds its owner. */
  closed: number | null = null;
  readonly #opens = new Set<OpenState>();

  constructor(name: string, nowMs: number) {
    this.name = name;
    this.usedAtMs = nowMs;
  }

  addOpen(open: OpenState): void {
    this.#opens.add(open);
  }

  /** Those that are still held; revocation and CLOSE take them away. */
  opens(): readonly OpenState[] {
    for (const open of this.#opens) if (!open.client.opens.has(open)) this.#opens.delete(open);
    return [...this.#opens];
  }
}
