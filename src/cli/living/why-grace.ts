import { type GraceFacts, type GraceQuestion, gatherFacts } from '../ledger/grace-facts.ts';
import { graceRemedies } from '../ledger/grace-remedies.ts';
import { graceSentences } from '../ledger/grace-words.ts';

/** Why a lock domain is in grace, or is not: facts for a script, sentences for a person. */
export interface GraceExplanation extends GraceFacts {
  readonly sentences: readonly string[];
  /** What an operator can do, most useful first. */
  readonly remedies: readonly string[];
}

export function explainGrace(question: GraceQuestion): GraceExplanation {
  const facts = gatherFacts(question);
  return { ...facts, sentences: graceSentences(facts, question), remedies: graceRemedies(facts, question) };
}
