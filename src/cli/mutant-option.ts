import { InvalidArgumentError, Option } from 'commander';
import { type MutantId, NODE_MUTANTS } from '../core/mutants.ts';

const oneOf =
  (known: readonly MutantId[]) =>
  (text: string, previous: readonly MutantId[]): readonly MutantId[] => {
    if (!(known as readonly string[]).includes(text))
      throw new InvalidArgumentError(`Known here are ${known.join(', ')}.`);
    return [...previous, text as MutantId];
  };

/** `--mutant ID`, for commands that run our own server to a verdict. @param known by default those that a node of real containers can be */
export const mutantOption = (known: readonly MutantId[] = NODE_MUTANTS) =>
  new Option('--mutant <id>', 'break our own server on purpose, to see a check catch it; may be repeated')
    .argParser(oneOf(known))
    .default([] as readonly MutantId[], 'none');
