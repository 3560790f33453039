/**
 * Takes one step that is possible: how it reads in a trace; the state that it ends in, the callee's from then on;
 * the invariant that it breaks, in words, or null; and whether it is a fault, or a help, that no way out of grace may
 * need (I8).
 */
export type Emit = (label: () => string, next: Uint8Array, violation: string | null, fault: boolean) => void;
