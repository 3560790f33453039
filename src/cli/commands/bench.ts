import { Command } from 'commander';
import { benchCheck } from '../bench/check.ts';
import { benchGrace } from '../bench/grace.ts';
import { benchLock } from '../bench/lock.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';

/** A benchmark is a file of its own in ../bench; adding one means adding it here and nowhere else. */
const BENCHMARKS: readonly ((frame: Frame) => Command)[] = [benchCheck, benchGrace, benchLock];

/** `gracelab bench`: measurements. */
export function bench(frame: Frame): Command {
  const command = new Command('bench').description('measure what things cost').argument('[benchmark]');
  for (const benchmark of BENCHMARKS) command.addCommand(benchmark(frame));
  return command.action((name: string | undefined) => {
    if (name === undefined) return command.outputHelp();
    const names = command.commands.map((each) => each.name()).join(', ');
    throw new Refusal(EXIT.wrongUsage, `there is no benchmark "${name}"; there are ${names}.`);
  });
}
