/**
 * What the page shows of the topics: the latest readings, the recent windows of each device, the latest dead letters
 * and how many there are of each reason. Everything is bounded, and what it holds dies with the process.
 */
import type { LogReader } from '../engine/index.ts';
import { AlertFeed } from './alert-feed.ts';
import { FleetTrust } from './fleet-trust.ts';
import type { Aggregate, ConsolePorts, DeadLetter, Place, RawRecord, Reading } from './ports.ts';
import { Ring } from './ring.ts';
import { type FollowedTopic, TopicFollower } from './topic-follower.ts';

const READINGS_KEPT = 200;
const LETTERS_KEPT = 200;
const WINDOWS_KEPT = 240;
const DEVICES_KEPT = 2_000;
const REASONS_KEPT = 200;

export interface DeviceWindows {
  readonly device: string;
  readonly kind: string;
  /** Oldest first. */
  readonly windows: readonly Aggregate[];
}

export class Feed {
  readonly readings = new Ring<Reading>(READINGS_KEPT);
  readonly letters = new Ring<DeadLetter>(LETTERS_KEPT);
  /** Dead letters by reason since the start of the process. */
  readonly reasons = new Map<string, number>();
  readonly trust = new FleetTrust();
  readonly alerts = new AlertFeed();
  /** Changes with every window that arrives. */
  windowsTotal = 0;
  /** Records whose bytes could not be shown. */
  undecodable = 0;
  readonly #windows = new Map<string, Ring<Aggregate>>();
  readonly #ports: ConsolePorts;
  readonly #lettersFrom = new Map<string, number>();
  #stopMoves: () => void = () => undefined;

  constructor(ports: ConsolePorts) {
    this.#ports = ports;
  }

  /** Resolves when it reads; `failed` is told if it ends by itself. */
  async follow(reader: LogReader, failed: (error: unknown) => void): Promise<TopicFollower> {
    const { topics, decoders, trust, detection } = this.#ports;
    const partitions = new Map((await this.#ports.status()).topics.map((topic) => [topic.topic, topic]));
    for (const topic of topics.letters) {
      for (let partition = 0; partition < (partitions.get(topic)?.partitions ?? 0); partition++) {
        const { end } = await reader.bounds(topic, partition);
        this.#lettersFrom.set(`${topic}-${partition}`, end);
      }
    }
    const shown = <T>(decode: (record: RawRecord) => T | null, keep: (item: T) => void) => {
      return (record: RawRecord) => {
        let item: T | null;
        try {
          item = decode(record);
        } catch {
          // A reader must not stop at what it cannot read; the count shows on the page.
          this.undecodable++;
          return;
        }
        if (item !== null) keep(item);
      };
    };
    const followed: FollowedTopic[] = [
      {
        topic: topics.readings,
        history: 50,
        behindMax: 2_000,
        take: shown(decoders.reading, (reading) => this.readings.add(reading)),
      },
      {
        topic: topics.aggregates,
        history: 10_000,
        behindMax: 100_000,
        take: shown(decoders.aggregate, (aggregate) => this.#addWindow(aggregate)),
      },
      ...topics.letters.map((topic) => ({
        topic,
        history: 100,
        behindMax: Number.POSITIVE_INFINITY,
        take: shown(decoders.letter, (letter) => this.#addLetter(letter)),
      })),
    ];
    if (trust !== undefined) {
      followed.push({
        topic: trust.topic,
        history: Number.POSITIVE_INFINITY,
        behindMax: Number.POSITIVE_INFINITY,
        take: shown(
          (record) => trust.decode(record),
          (item) => this.trust.take(item, trust.placeOf(item.device)),
        ),
      });
      this.#stopMoves = trust.onMove((device) => this.trust.move(device, trust.placeOf(device)));
    }
    if (detection !== undefined) {
      const { alerts, verdicts } = detection;
      const decode = (record: RawRecord) => (this.alerts.hasRoom() ? detection.decode(record) : null);
      const most = { history: 1_000, behindMax: 20_000, passed: (records: number) => this.alerts.pass(records) };
      followed.push({ ...most, topic: alerts, take: shown(decode, (alert) => this.alerts.takeAlert(alert)) });
      if (verdicts !== undefined)
        followed.push({ ...most, topic: verdicts, take: shown(decode, (drop) => this.alerts.takeDrop(drop)) });
    }
    const follower = new TopicFollower(reader);
    await follower.open(
      followed.filter(({ topic }) => partitions.has(topic)),
      (topic) => partitions.get(topic)?.partitions ?? 0,
    );
    follower.start(failed);
    return follower;
  }

  close(): void {
    this.#stopMoves();
  }

  /** Devices with windows, by name. */
  devices(): { device: string; kind: string }[] {
    return [...this.#windows]
      .map(([device, ring]) => ({ device, kind: ring.newest(1)[0]?.kind ?? '' }))
      .sort((a, b) => (a.kind === b.kind ? (a.device < b.device ? -1 : 1) : a.kind < b.kind ? -1 : 1));
  }

  windowsOf(device: string): DeviceWindows | undefined {
    const ring = this.#windows.get(device);
    if (ring === undefined) return undefined;
    const windows = ring.newest().sort((a, b) => a.start - b.start);
    return { device, kind: windows.at(-1)?.kind ?? '', windows };
  }

  letterAt({ topic, partition, offset }: Place): DeadLetter | undefined {
    return this.letters
      .newest()
      .find((letter) => letter.topic === topic && letter.partition === partition && letter.offset === offset);
  }

  #addWindow(aggregate: Aggregate): void {
    let ring = this.#windows.get(aggregate.device);
    // Taken out and put back, so that the map's order is the order of use and the first is the one to forget.
    if (ring !== undefined) this.#windows.delete(aggregate.device);
    else if (this.#windows.size >= DEVICES_KEPT) {
      const oldest = this.#windows.keys().next().value;
      if (oldest !== undefined) this.#windows.delete(oldest);
    }
    ring ??= new Ring<Aggregate>(WINDOWS_KEPT);
    ring.add(aggregate);
    this.#windows.set(aggregate.device, ring);
    this.windowsTotal++;
  }

  #addLetter(letter: DeadLetter): void {
    this.letters.add(letter);
    if (letter.offset < (this.#lettersFrom.get(`${letter.topic}-${letter.partition}`) ?? 0)) return;
    const isKnown = this.reasons.has(letter.code) || this.reasons.size < REASONS_KEPT;
    const code = isKnown ? letter.code : 'OTHER';
    this.reasons.set(code, (this.reasons.get(code) ?? 0) + 1);
  }
}
