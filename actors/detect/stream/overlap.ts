/**
 * Whose bytes hold where a segment lies over one that came before, by the target: an attacker who knows the target sends
 * what only the target reads. As in Suricata, whole segments are compared.
 */
import type { StreamPolicy } from './stream-options.ts';

/** True where the bytes of the later segment hold. */
export function doesNewWin(
  policy: StreamPolicy,
  oldStart: number,
  oldEnd: number,
  start: number,
  end: number,
): boolean {
  switch (policy) {
    case 'last':
      return true;
    case 'first':
    case 'vista':
      return false;
    case 'solaris':
      return start <= oldStart ? end >= oldEnd : end > oldEnd;
    case 'old-linux':
      return start < oldStart || (start === oldStart && end >= oldEnd);
    case 'linux':
      return start < oldStart || (start === oldStart && end > oldEnd);
    case 'bsd':
    case 'windows':
    case 'macos':
      return start < oldStart;
  }
}
