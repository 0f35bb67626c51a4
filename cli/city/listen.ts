/** Ports that the user did not choose may move to the next free one; a chosen one is taken or refused. */
import { MsecError } from '../../engine/index.ts';

const PORTS_TRIED = 20;

/** What the system said, also where a part has wrapped it. */
function systemError(thrown: unknown): NodeJS.ErrnoException {
  const error = thrown as NodeJS.ErrnoException;
  return error instanceof MsecError && error.cause !== undefined ? (error.cause as NodeJS.ErrnoException) : error;
}

/** `open` rejects with the system's error. PORT_TAKEN names the setting and the flag. */
export async function listenOn<T>(
  wanted: { readonly port: number; readonly mayMove: boolean; readonly what: string; readonly flag: string },
  open: (port: number) => Promise<T>,
): Promise<T> {
  const last = wanted.mayMove && wanted.port !== 0 ? wanted.port + PORTS_TRIED : wanted.port;
  for (let port = wanted.port; ; port++) {
    try {
      return await open(port);
    } catch (cause) {
      const { code, message } = systemError(cause);
      if (code === 'EADDRINUSE' && port < last) continue;
      if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw cause;
      const why =
        code === 'EADDRINUSE'
          ? `port ${wanted.port} is taken by another program`
          : `port ${wanted.port} cannot be used (${code}: ${message})`;
      throw new MsecError(
        'PORT_TAKEN',
        `${wanted.what} cannot listen: ${why}. Choose another with ${wanted.flag} (0: any free one).`,
        { field: wanted.flag, cause },
      );
    }
  }
}
