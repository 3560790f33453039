import { InvalidArgumentError, Option } from 'commander';
import { type MutantId, NODE_MUTANTS } from '../core/mutants.ts';

function mutantId(text: string, previous: readonly MutantId[]): readonly MutantId[] {
  if (!(NODE_MUTANTS as readonly string[]).includes(text)) {
    throw new InvalidArgumentError(`A node can be ${NODE_MUTANTS.join(', ')}.`);
  }
  return [...previous, text as MutantId];
}

/** `--mutant ID`, for commands that run our own server to a verdict. */
export const mutantOption = () =>
  new Option('--mutant <id>', 'break our own server on purpose, to see a check catch it; may be repeated')
    .argParser(mutantId)
    .default([] as readonly MutantId[], 'none');
