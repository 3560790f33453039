/** Reading /proc/PID/mountinfo, see proc(5). */

export interface Mount {
  readonly point: string;
  /** Flags of this mount (not of the filesystem): `rw` or `ro`, `nosuid`, `relatime` ... */
  readonly flags: readonly string[];
}

/** The mounts in a text of /proc/PID/mountinfo, in its order. */
export function readMounts(text: string): Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      // id, parent, major:minor, root within the filesystem, mount point, flags, optional fields ...
      const [, , , , point = '', flags = ''] = line.split(' ');
      return { point: unescapeField(point), flags: flags.split(',') };
    });
}

/** White space and backslashes are written as `\` and three octal digits. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
