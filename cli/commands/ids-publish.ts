/** `msec ids capture`: packets of a capture, or of an interface, to the engine, as a gateway. */
import type { CapturedPacket } from '../../actors/detect/index.ts';
import { errorData, MsecError, systemClock, systemRandom } from '../../engine/index.ts';
import { CaptureProcess, PacketPublisher, type PublisherCounts, sendOverHttp } from '../../services/capture/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { fileOfFlag } from '../device-tpm.ts';
import { EXIT } from '../exit-codes.ts';
import { watchSignals } from '../signals.ts';
import { note, print, printJson, UsageError } from '../terminal.ts';
import { examine } from './ids-capture.ts';

export interface IdsCaptureFlags extends CommonFlags {
  readonly publish: string;
  readonly device: string;
  readonly tokenFile?: string;
  readonly pcap?: string;
  readonly interface?: string;
  readonly filter?: string;
  readonly lanes: number;
}

const CLOSE_MS_MAX = 30_000;
const WORD_MS = 10_000;
const LANES_MAX = 256;

export async function captureIds(flags: IdsCaptureFlags): Promise<number> {
  if ((flags.pcap === undefined) === (flags.interface === undefined))
    throw new UsageError('give one of --pcap FILE (- is standard input) and --interface NAME');
  if (flags.lanes < 1 || flags.lanes > LANES_MAX) throw new UsageError(`--lanes is a number from 1 to ${LANES_MAX}`);
  const bridge = bridgeOf(flags.publish);
  const send = sendOverHttp(bridge, { deviceId: flags.device, token: tokenOf(flags) }, seldom(note));
  let lost: unknown = null;
  const publisher = new PacketPublisher({
    ...{ lanes: flags.lanes, clock: systemClock, random: systemRandom, send },
    ...(flags.interface === undefined ? { heartbeatMs: null } : {}),
    onLost: (error) => {
      lost ??= error;
    },
  });
  const stopping = new AbortController();
  const stop = watchSignals(process, systemClock, () => process.exit(EXIT.forced.code));
  void stop.requested.then(() => stopping.abort());
  let damage: MsecError | null = null;
  try {
    damage =
      flags.interface === undefined
        ? await fromFile(flags.pcap ?? '-', publisher, stopping.signal)
        : await fromInterface(flags.interface, flags.filter ?? null, publisher, stopping.signal);
  } finally {
    await publisher.close(CLOSE_MS_MAX);
    stop.release();
  }
  tell(flags, publisher.counts);
  if (damage !== null) throw damage;
  if (lost !== null) throw new MsecError(errorData(lost).code, errorData(lost).message);
  return publisher.counts.dropped === 0 ? EXIT.ok.code : EXIT.unavailable.code;
}

/** A file waits where the bridge is slower. So does a pipe: whoever writes to it counts what it loses then. */
function fromFile(path: string, publisher: PacketPublisher, signal: AbortSignal): Promise<MsecError | null> {
  const packets = { take: (packet: CapturedPacket) => void publisher.take(packet) };
  return examine(path, packets, () => publisher.whenRoom(), signal);
}

async function fromInterface(
  name: string,
  filter: string | null,
  publisher: PacketPublisher,
  signal: AbortSignal,
): Promise<MsecError | null> {
  const capture = await CaptureProcess.open({ interface: name, filter, take: (packet) => void publisher.take(packet) });
  const closed = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => void capture.close().then(resolve), { once: true });
  });
  const because = await capture.ended;
  if (signal.aborted) await closed;
  return because;
}

function bridgeOf(text: string): URL {
  const bridge = URL.parse(text);
  if (bridge === null || (bridge.protocol !== 'http:' && bridge.protocol !== 'https:'))
    throw new UsageError(`--publish ${text} is no address of an HTTP bridge, as http://127.0.0.1:8081`);
  return bridge;
}

function tokenOf({ tokenFile }: IdsCaptureFlags): string {
  const token = (tokenFile === undefined ? process.env.MSEC_DEVICE_TOKEN : fileOfFlag(tokenFile, 'token-file'))?.trim();
  if (token !== undefined && token !== '') return token;
  throw new UsageError(
    'the gateway needs its token: --token-file FILE, or the environment variable MSEC_DEVICE_TOKEN. It was shown when the device was enrolled',
  );
}

/** Not each of a hundred equal words. */
function seldom(say: (text: string) => void): (text: string) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (text) => {
    const now = systemClock.monotonic();
    if (now - saidAt < WORD_MS) return;
    saidAt = now;
    say(`${text}; it is tried again`);
  };
}

function tell({ json }: IdsCaptureFlags, counts: PublisherCounts): void {
  if (json === true) printJson(counts);
  else
    print(
      `${counts.packets.toLocaleString('en')} packets in ${counts.batches.toLocaleString('en')} batches were published; ${counts.dropped.toLocaleString('en')} were lost`,
    );
}
