import type { BreakableNode } from '../faults/fault.ts';
import type { EtcdMember } from './etcd-members.ts';

const STOP_PATIENCE_MS = 5000;

/** A member of the ledger's store, as faults see it. */
export class StoreMember implements BreakableNode {
  readonly name: string;
  readonly address: string;
  /** Where it is asked. */
  readonly endpoint: string;
  readonly #member: EtcdMember;
  #paused = false;

  constructor(member: EtcdMember) {
    this.#member = member;
    this.name = member.container.name;
    this.address = member.container.address;
    this.endpoint = member.endpoint;
  }

  get running(): boolean {
    return this.#member.container.running;
  }

  get paused(): boolean {
    return this.#paused && this.running;
  }

  powerCut(): Promise<void> {
    return this.#member.container.powerCut();
  }

  kill(): Promise<void> {
    return this.#member.container.kill();
  }

  stop(): Promise<void> {
    return this.#member.container.stop(STOP_PATIENCE_MS);
  }

  async pause(): Promise<void> {
    this.#member.container.pause();
    this.#paused = true;
  }

  async resume(): Promise<void> {
    this.#member.container.resume();
    this.#paused = false;
  }

  start(): Promise<void> {
    this.#paused = false;
    return this.#member.start();
  }
}
