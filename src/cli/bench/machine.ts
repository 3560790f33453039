import { cpus, release } from 'node:os';

/** What figures are worth depends on it. */
export const machine = () => ({
  cores: cpus().length,
  model: cpus()[0]?.model ?? null,
  kernel: release(),
  node: process.version,
});
