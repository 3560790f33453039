/** The exact commands that sentences tell an operator to type. */
import type { Repair } from '../../scenario/scenario.ts';

export interface Advice {
  /** `gracelab why`, with the options that lead to this ledger. */
  readonly why: string;
  repair(repair: Repair, node: string): string;
  /** What ends the present life of a node for certain, in half a sentence: "with ...". */
  end(node: string): string;
  /** What brings a node back that does not run. */
  boot(nodes: string): string;
  /** What lets a node go on that stands still; null where nobody but the operator could have stopped it. */
  resume(node: string): string | null;
}

/** @param options what is typed behind each command to lead to this lab and domain, like `--name play`; empty where it is the only one */
export function labAdvice({ name, domain }: { name: string | null; domain: string | null }): Advice {
  const lab = name === null ? '' : ` --name ${name}`;
  const at = domain === null ? lab : `${lab} --domain ${domain}`;
  return {
    why: `\`gracelab why${lab}\``,
    repair: (repair, node) => `\`gracelab ledger ${repair} ${node}${at}\``,
    end: (node) => `with \`gracelab fault kill ${node} --stay-down${lab}\``,
    boot: (nodes) =>
      `boot ${nodes.includes(' ') ? 'them' : 'it'} with \`gracelab fault start ${nodes}${lab}\``,
    resume: (node) => `let it go on with \`gracelab fault start ${node}${lab}\``,
  };
}

/** For a ledger of a cluster that is not ours: its nodes are started and ended in ways that only its operator knows. */
export function foreignAdvice(options: string): Advice {
  return {
    why: `\`gracelab why ${options}\``,
    repair: (repair, node) => `\`gracelab ledger ${repair} ${node} ${options}\``,
    end: (node) => `by stopping its process on ${node}, or by cutting the power of ${node}`,
    boot: (node) => `boot ${node}`,
    resume: () => null,
  };
}
