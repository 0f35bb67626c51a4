/** The most memory this process has had resident, in MB (2²⁰ bytes). */
import { readFileSync } from 'node:fs';

export function peakResidentMb(): number {
  // On Linux what getrusage tells of a process that was started by a larger one is the larger one's.
  if (process.platform === 'linux')
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) / 1024;
  return process.resourceUsage().maxRSS / 1024;
}
