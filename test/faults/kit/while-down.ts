import { MsecError, pause, systemClock } from '../../../engine/index.ts';

const AGAIN_MS = 100;
const ATTEMPTS_MAX = 1_200;

/**
 * Tries again what fails because the log cannot be reached, as a device does whose frame was refused: a process that
 * stood still finds its requests out of time when it goes on.
 */
export async function whileDown<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof MsecError && error.code === 'DEPENDENCY_DOWN') || attempts === ATTEMPTS_MAX) throw error;
      await pause(systemClock, AGAIN_MS);
    }
  }
}
