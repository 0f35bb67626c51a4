/** Where a TPM is, as one line of text: the words of tpm2-tools, so that one address serves both. */
import { type Clock, MsecError } from '../../engine/base/index.ts';
import { openDevice } from './device-transport.ts';
import { connectSocket, type SocketPlace } from './socket-transport.ts';
import type { TpmTransport } from './transport.ts';

const DEVICE = '/dev/tpmrm0';
const SWTPM_HOST = '127.0.0.1';
const SWTPM_PORT = 2321;

/**
 * device[:/dev/tpmrm0], swtpm[:host=127.0.0.1,port=2321], swtpm:path=FILE. CONFIG_INVALID for any other text,
 * DEPENDENCY_DOWN where no TPM answers.
 */
export function openTpmAddress(text: string, clock: Clock): Promise<TpmTransport> {
  const colon = text.indexOf(':');
  const [kind, rest] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  if (kind === 'device') return openDevice(rest === '' ? DEVICE : rest, clock);
  if (kind === 'swtpm') return connectSocket(socketPlace(rest), { clock });
  throw invalid(text);
}

function socketPlace(text: string): SocketPlace {
  const fields = new Map<string, string>();
  for (const part of text === '' ? [] : text.split(',')) {
    const [, name, value] = /^(host|port|path)=(.+)$/.exec(part) ?? [];
    if (name === undefined || value === undefined || fields.has(name)) throw invalid(`swtpm:${text}`);
    fields.set(name, value);
  }
  const path = fields.get('path');
  if (path !== undefined) {
    if (fields.size > 1) throw invalid(`swtpm:${text}`);
    return { path };
  }
  const port = fields.get('port') ?? `${SWTPM_PORT}`;
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) throw invalid(`swtpm:${text}`);
  return { host: fields.get('host') ?? SWTPM_HOST, port: Number(port) };
}

function invalid(text: string): MsecError {
  return new MsecError(
    'CONFIG_INVALID',
    `${text} is no address of a TPM; it is device:${DEVICE}, swtpm:host=HOST,port=PORT or swtpm:path=FILE`,
    { field: 'tpm' },
  );
}
