/** What the lab has this node do at a named step of the protocol: stand still, for ever (so that it can be killed exactly there) or for a while. */
import { writeSync } from 'node:fs';
import { z } from 'zod';
import { PROTOCOL_STEP_NAMES, type ProtocolStep } from '../../../core/protocol-steps.ts';
import type { Steps } from '../../../server/named-steps.ts';

export const ARMED = z.object({
  step: z.enum(PROTOCOL_STEP_NAMES),
  /** Which time it comes by, from 1, in one life. */
  nth: z.int().min(1),
  /** For how long it stands still there; null: until it is killed. */
  stallMs: z.number().min(0).nullable(),
});
export type Armed = z.output<typeof ARMED>;

/** Steps of which one can be armed, or none. */
export interface ArmableSteps extends Steps {
  arm(armed: Armed | null): void;
}

const STDOUT = 1;

/**
 * A node that reaches an armed step says so and blocks its only thread: no reply, no timer, no further swap. Its files and locks stay, and
 * the kernel goes on answering for its sockets, as with any process that hangs.
 */
export class ArmedSteps implements ArmableSteps {
  readonly #stamp: () => number;
  readonly #stdout: Pick<NodeJS.WriteStream, 'write' | 'writableLength'>;
  #armed: Armed | null = null;
  #left = 0;

  /** @param stamp nanoseconds since the history's origin */
  constructor(stamp: () => number, stdout: Pick<NodeJS.WriteStream, 'write' | 'writableLength'>) {
    this.#stamp = stamp;
    this.#stdout = stdout;
  }

  arm(armed: Armed | null): void {
    this.#armed = armed;
    this.#left = armed?.nth ?? 0;
  }

  at(step: ProtocolStep): void {
    const armed = this.#armed;
    if (armed?.step !== step) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#armed = null;
    this.#say({ reached: step, t: this.#stamp() });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, armed.stallMs ?? Number.POSITIVE_INFINITY);
  }

  /** The event loop will not turn again to write what is left: a line that had to queue goes out by hand. */
  #say(message: object): void {
    const line = `${JSON.stringify(message)}\n`;
    this.#stdout.write(line);
    if (this.#stdout.writableLength > 0) writeSync(STDOUT, `\n${line}`);
  }
}
