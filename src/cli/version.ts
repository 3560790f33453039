import { readFileSync } from 'node:fs';

/** src/cli in a checkout, dist/cli in an installed package: the root is two levels up in both. */
export const ROOT = new URL('../../', import.meta.url);

export function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };
  return version;
}
