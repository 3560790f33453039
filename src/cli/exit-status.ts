/** What the command line's exit status means; the same for every command (README, "Commands"). */
export const EXIT = {
  /** Everything that was asked for was done, and holds. */
  holds: 0,
  violation: 1,
  /** A check could not tell: it crashed, ran out of time, or saw nothing. */
  unknown: 2,
  /** This machine cannot; the message says why and what to do. */
  machineCannot: 3,
  /** sysexits.h EX_USAGE. */
  wrongUsage: 64,
  /** As a shell reports an end by SIGINT: somebody pressed Ctrl-C. */
  interrupted: 130,
} as const;

/** One of {@link EXIT}, or whatever the program of `gracelab exec` ended with. 0 to 255. */
export type ExitStatus = number;

/**
 * Something that is not a defect of Gracelab and that the person at the keyboard can mend. The message is
 * one sentence: what is wrong, where, and what to do.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: ExitStatus;

  constructor(status: ExitStatus, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
