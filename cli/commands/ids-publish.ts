/** `msec ids capture`: packets of a capture, or of an interface, to the engine, as a gateway. */
import type { CapturedPacket } from '../../actors/detect/index.ts';
import { errorData, MsecError, systemClock, systemRandom } from '../../engine/index.ts';
import { CaptureProcess, PacketPublisher, type PublisherCounts, sendOverHttp } from '../../services/capture/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { readFileOf, STRUCTURE_BYTES_MAX } from '../reference-files.ts';
import { watchSignals } from '../signals.ts';
import { note, print, printJson, UnavailableError, UsageError } from '../terminal.ts';
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
/** A file that was read to its end is published to its end, also by a busy bridge. */
const CLOSE_FILE_MS_MAX = 120_000;
const WORD_MS = 10_000;
const LANES_MAX = 256;
/** A file can be published later, what an interface carries cannot: some 15 s. */
const FILE_TRIES_MAX = 8;
const STANDARD_INPUT = '-';
const PACKETS_PATH = '/v1/packets';

export async function captureIds(flags: IdsCaptureFlags): Promise<number> {
  if ((flags.pcap === undefined) === (flags.interface === undefined))
    throw new UsageError('give one of --pcap FILE (- is standard input) and --interface NAME');
  if (flags.lanes < 1 || flags.lanes > LANES_MAX) throw new UsageError(`--lanes is a number from 1 to ${LANES_MAX}`);
  const bridge = bridgeOf(flags.publish);
  const stopping = new AbortController();
  let ended: Error | null = null;
  const isFile = flags.pcap !== undefined && flags.pcap !== STANDARD_INPUT;
  const credential = { deviceId: flags.device, token: tokenOf(flags) };
  const send = sendOverHttp(bridge, credential, {
    triesMax: isFile ? FILE_TRIES_MAX : null,
    onWait: seldom(note),
    onEnd: (says, isAddressWrong) => {
      ended = isAddressWrong ? new UsageError(`--publish ${says}`) : new UnavailableError(says);
      stopping.abort();
    },
  });
  let lost: unknown = null;
  const publisher = new PacketPublisher({
    ...{ lanes: flags.lanes, clock: systemClock, random: systemRandom, send },
    ...(flags.interface === undefined ? { heartbeatMs: null } : {}),
    onLost: (error) => {
      lost ??= error;
    },
  });
  const stop = watchSignals(process, systemClock, () => process.exit(EXIT.forced.code));
  void stop.requested.then(() => stopping.abort());
  let damage: MsecError | null = null;
  try {
    damage =
      flags.interface === undefined
        ? await fromFile(flags.pcap ?? STANDARD_INPUT, publisher, stopping.signal)
        : await fromInterface(flags.interface, flags.filter ?? null, publisher, stopping.signal);
  } finally {
    await publisher.close(isFile && !stopping.signal.aborted ? CLOSE_FILE_MS_MAX : CLOSE_MS_MAX);
    stop.release();
  }
  if (ended === null || publisher.counts.batches > 0) tell(flags, publisher.counts);
  if (ended !== null) throw ended;
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
  if (!['/', PACKETS_PATH].includes(bridge.pathname) || bridge.search !== '' || bridge.username !== '')
    throw new UsageError(`--publish ${text}: name the bridge alone, as ${bridge.protocol}//${bridge.host}`);
  if (bridge.port === '0') throw new UsageError(`--publish ${text}: no bridge has port 0`);
  return bridge;
}

function tokenOf({ tokenFile }: IdsCaptureFlags): string {
  const token = (
    tokenFile === undefined
      ? process.env.MSEC_DEVICE_TOKEN
      : readFileOf(tokenFile, STRUCTURE_BYTES_MAX).toString('utf8')
  )?.trim();
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
  else {
    const { packets, batches, dropped } = counts;
    print(
      `${counted(packets, 'packet', 'packets')} in ${counted(batches, 'batch', 'batches')} ${packets === 1 ? 'was' : 'were'} published; ${dropped.toLocaleString('en')} ${dropped === 1 ? 'was' : 'were'} lost`,
    );
  }
}

const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
