/** A capture of `msec ids` through a sensor, from a file or standard input, piece by piece. */
import { createReadStream } from 'node:fs';
import { CaptureReader, type Sensor } from '../../actors/detect/index.ts';
import { MsecError } from '../../engine/base/index.ts';
import { NoInputError } from '../terminal.ts';

const READ_BYTES = 1024 * 1024;
const STANDARD_INPUT = '-';

/**
 * The packets go to `sensor`, which is not finished; `between` is waited for after each piece. Null, or what is wrong with
 * the capture: the packets before that were taken.
 */
export async function examine(
  path: string,
  sensor: Pick<Sensor, 'take'>,
  between: () => Promise<void> = async () => undefined,
  signal?: AbortSignal,
): Promise<MsecError | null> {
  const reader = new CaptureReader();
  try {
    for await (const piece of piecesOf(path, signal)) {
      reader.push(piece);
      while (reader.next()) sensor.take(reader.packet);
      await between();
      if (signal?.aborted === true) return null;
    }
    if (signal?.aborted === true) return null;
    reader.finish();
    return null;
  } catch (thrown) {
    if (!(thrown instanceof MsecError) || thrown.code !== 'CAPTURE_INVALID') throw thrown;
    return withPackets(thrown, reader.packet.number);
  }
}

async function* piecesOf(path: string, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const input = path === STANDARD_INPUT ? process.stdin : createReadStream(path, { highWaterMark: READ_BYTES });
  // Or it would wait for a piece that nobody wants.
  signal?.addEventListener('abort', () => input.destroy(), { once: true });
  try {
    for await (const piece of input) yield piece as Buffer;
  } catch (thrown) {
    if (signal?.aborted === true) return;
    const { syscall } = thrown as NodeJS.ErrnoException;
    const name = path === STANDARD_INPUT ? 'standard input' : path;
    if (syscall === 'open' || syscall === 'read') throw new NoInputError(`${name} cannot be read`);
    throw thrown;
  }
}

function withPackets(damage: MsecError, packets: number): MsecError {
  if (packets === 0) return damage;
  const { message, byteOffset } = damage;
  const before = packets === 1 ? 'the 1 whole packet before was' : `the ${packets} whole packets before were`;
  return new MsecError('CAPTURE_INVALID', `${message}; ${before} examined`, {
    ...(byteOffset === undefined ? {} : { byteOffset }),
    cause: damage,
  });
}
