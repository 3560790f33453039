/** One thing that the lab can use on this machine, whether it is there, and what to do when it is not. */
export interface Ability {
  readonly name: string;
  /** What of the lab needs it. */
  readonly about: string;
  /** Without a required one `gracelab run` does not work; an optional one opens a part of the lab. */
  readonly need: 'required' | 'optional';
  readonly present: boolean;
  /** What was found, or why it does not work. */
  readonly detail: string;
  /** What to do about it; null when it is there. */
  readonly remedy: string | null;
}
