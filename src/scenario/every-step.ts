import type { Step } from './scenario.ts';

/** The steps, and those in them: each is followed by its own. */
export function everyStep(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => {
    if (step.do === 'repeat') return [step, ...everyStep(step.steps)];
    return step.do === 'parallel' ? [step, ...step.branches.flatMap(everyStep)] : [step];
  });
}
