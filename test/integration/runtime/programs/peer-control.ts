/** The lab's side of a peer program (peer.ts): what it is to do, and what it has seen. */
import { join } from 'node:path';
import type { Container, Process } from '../../../../src/runtime/runtime.ts';

/** The program that a peer is. */
export const PEER = [process.execPath, join(import.meta.dirname, 'peer.ts')] as const;

interface Seen {
  readonly ready?: true;
  readonly seen?: string;
  readonly name?: string;
  readonly text?: string;
  readonly code?: string;
}

/** A peer program and all that it has reported, in order. */
export class Peer {
  readonly process: Process;
  readonly seen: Seen[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(process: Process) {
    this.process = process;
    process.onMessage((message) => {
      this.seen.push(message as Seen);
      for (const look of this.#waiting) look();
    });
  }

  static async boot(container: Container): Promise<Peer> {
    const peer = new Peer(await container.boot({ argv: PEER }));
    await peer.until((seen) => seen.ready === true);
    return peer;
  }

  until(wanted: (seen: Seen) => boolean): Promise<Seen> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.seen.find(wanted);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  about(name: string): string[] {
    return this.seen.filter((seen) => seen.name === name).map((seen) => seen.seen ?? '');
  }

  async listen(): Promise<void> {
    this.process.send({ do: 'listen' });
    await this.until((seen) => seen.seen === 'listening');
  }

  async connect(name: string, host: string): Promise<void> {
    this.process.send({ do: 'connect', name, host });
    await this.until((seen) => seen.seen === 'connected' && seen.name === name);
  }

  write(name: string, text: string): void {
    this.process.send({ do: 'write', name, text });
  }

  /** Sends a datagram to the peer at `host`; resolves when it has been given to the network. */
  async tell(host: string, text: string): Promise<void> {
    this.process.send({ do: 'tell', host, text });
    await this.until((seen) => seen.seen === 'told' && seen.text === text);
  }

  /** Resolves when the datagram has come. */
  async hear(text: string): Promise<void> {
    await this.until((seen) => seen.seen === 'datagram' && seen.text === text);
  }

  /** The texts of all datagrams that have come, in their order. */
  heard(): string[] {
    return this.seen.filter((seen) => seen.seen === 'datagram').map((seen) => seen.text ?? '');
  }
}
