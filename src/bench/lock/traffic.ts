/** Requests of one client over one connection, several at a time, as fast as they are answered. */
import { connect, type Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { NFS4_OK, NFS4ERR_DELAY, statusName } from '../../nfs4/status.ts';
import { RecordReader } from '../../rpc/record-marking.ts';
import { decodeReply } from '../../rpc/reply.ts';
import { XdrReader } from '../../xdr/reader.ts';
import type { BenchSession } from './bench-session.ts';
import type { Latencies } from './latencies.ts';
import type { CycleStep } from './workloads.ts';

const LARGEST_RECORD_BYTES = 4 * 1024 * 1024;

/** Where a slot is in its cycle. */
interface Lane {
  readonly steps: readonly CycleStep[];
  at: number;
  sequenceId: number;
  cycleBeganMs: number;
}

export interface TrafficOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly session: BenchSession;
  /** What each slot sends again and again. */
  readonly cycles: readonly (readonly CycleStep[])[];
}

export class Traffic {
  readonly #clock: Clock;
  readonly #session: BenchSession;
  readonly #socket: Socket;
  readonly #records = new RecordReader(LARGEST_RECORD_BYTES);
  readonly #lanes: readonly Lane[];
  #latencies: Latencies | null = null;
  #endMs = 0;
  #running = 0;
  #failure: Error | null = null;
  #settle: { readonly done: () => void; readonly failed: (error: Error) => void } | null = null;

  private constructor({ clock, session, cycles }: TrafficOptions, socket: Socket) {
    this.#clock = clock;
    this.#session = session;
    this.#socket = socket;
    this.#lanes = cycles.map((steps) => ({ steps, at: 0, sequenceId: 0, cycleBeganMs: 0 }));
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** @throws Error the system's, when there is no connection */
  static open(options: TrafficOptions): Promise<Traffic> {
    const { host, port } = options;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Traffic(options, socket));
      });
    });
  }

  /**
   * Whole cycles, begun within that time. Each one's length goes to `latencies`.
   * @throws Error one sentence, when a request fails
   */
  run(forMs: number, latencies: Latencies): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#latencies = latencies;
    this.#endMs = this.#clock.nowMs() + forMs;
    this.#running = this.#lanes.length;
    return new Promise((done, failed) => {
      this.#settle = { done, failed };
      this.#socket.cork();
      for (const index of this.#lanes.keys()) this.#begin(index);
      this.#socket.uncork();
    });
  }

  /** No further cycle; those under way go on to their end. */
  stop(): void {
    this.#endMs = 0;
  }

  close(): void {
    this.#settle = null;
    this.#socket.destroy();
  }

  #begin(index: number): void {
    const lane = this.#lanes[index]!;
    lane.cycleBeganMs = this.#clock.nowMs();
    this.#send(index);
  }

  #send(index: number): void {
    const lane = this.#lanes[index]!;
    lane.sequenceId += 1;
    // The xid says whose answer it is; within a lane there is one request at a time.
    this.#socket.write(lane.steps[lane.at]!.template.renew(index, lane.sequenceId));
  }

  /** Corked: what many replies in one chunk call for goes out in one write. */
  #receive(chunk: Buffer): void {
    this.#socket.cork();
    try {
      for (const record of this.#records.push(chunk)) this.#answered(record);
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#socket.uncork();
  }

  #answered(record: Buffer): void {
    const r = new XdrReader(record);
    const { xid, kind } = decodeReply(r);
    const lane = this.#lanes[xid];
    if (lane === undefined || kind !== 'success') throw new Error(`the server answered a call with ${kind}`);
    const status = r.uint32();
    const step = lane.steps[lane.at]!;
    if (status === NFS4ERR_DELAY) {
      this.#send(xid);
      return;
    }
    if (status !== NFS4_OK) throw new Error(`${step.template.title} was answered ${statusName(status)}`);
    if (record.length < (step.replyBytes ?? 0))
      throw new Error(
        `the reply to a ${step.template.title} of ${step.replyBytes} bytes has ${record.length}`,
      );
    step.onReply?.(this.#session, record);
    lane.at = (lane.at + 1) % lane.steps.length;
    if (lane.at > 0) this.#send(xid);
    else this.#cycled(xid, lane);
  }

  #cycled(index: number, lane: Lane): void {
    const nowMs = this.#clock.nowMs();
    this.#latencies?.add(nowMs - lane.cycleBeganMs);
    if (nowMs < this.#endMs) {
      this.#begin(index);
      return;
    }
    this.#running -= 1;
    if (this.#running > 0) return;
    this.#settle?.done();
    this.#settle = null;
  }

  /** Perhaps before there was a run to fail. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle?.failed(error);
    this.close();
  }
}
