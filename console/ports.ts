/**
 * What the console shows, as plain data, and the few calls behind it. The console knows no codec, no device record and no
 * bridge: whoever composes the program (cli/up) hands these in, tests hand in their own.
 */
import type { EngineStatus, Header, LogReader } from '../engine/index.ts';

/** The plan of the topology as a graph. Ids are `bridge:mqtt`, `topic:device.frames`, `actor:verify`, `reader:page`. */
export interface TopologyNode {
  readonly id: string;
  readonly kind: 'bridge' | 'topic' | 'actor' | 'reader';
  readonly label: string;
  /** Internal topics (changelogs, control) are drawn only when asked for. */
  readonly isInternal: boolean;
  /** `letters`: a dead-letter topic, `late`: a side output of late records. */
  readonly role: 'main' | 'letters' | 'late' | 'control';
  /** An actor's consumer group, a reader's where it has one: whose committed offsets are its progress. */
  readonly group?: string;
}

export interface TopologyEdge {
  readonly from: string;
  readonly to: string;
}

export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
}

/** A quantity that a kind of device measures. */
export interface Measure {
  readonly name: string;
  readonly label: string;
  /** null: a plain count. */
  readonly unit: string | null;
  /** Digits after the decimal point. */
  readonly digits: number;
}

export interface DeviceKind {
  readonly name: string;
  readonly title: string;
  readonly measures: readonly Measure[];
}

/** Where a record lies in the log. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface Reading extends Place {
  readonly device: string;
  readonly kind: string;
  /** Event time, Unix ms. */
  readonly time: number;
  readonly isVerified: boolean;
  /** By measure name; null where the value is suppressed or out of range. */
  readonly values: Readonly<Record<string, number | null>>;
  readonly flags: readonly string[];
}

export interface AggregateValues {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly deviation: number;
}

export interface Aggregate extends Place {
  readonly device: string;
  readonly kind: string;
  /** Window [start, end), Unix ms. */
  readonly start: number;
  readonly end: number;
  readonly count: number;
  /** By measure name; null where there was no value. */
  readonly values: Readonly<Record<string, AggregateValues | null>>;
  /** Different devices that a crowd counter heard in the window; null: suppressed; absent: not such a device. */
  readonly distinct?: number | null;
}

export interface DeadLetter extends Place {
  /** When it was written, Unix ms. */
  readonly time: number;
  readonly code: string;
  readonly message: string;
  readonly actor: string;
  readonly stage: string | null;
  /** Where the record lay that failed. */
  readonly source: Place | null;
  readonly attempts: number | null;
  readonly field: string | null;
  /** As the error counts, from the start of what the device sent. */
  readonly byteOffset: number | null;
  /** The same byte in the letter's value; null where it cannot be shown. */
  readonly markedByte: number | null;
  readonly key: string;
  readonly bytes: number;
  /** The first bytes, in hex. */
  readonly hex: string;
}

/** A record as the follower hands it out; slices are valid during the call only. */
export interface RawRecord extends Place {
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
}

/** Turns records into what the page shows. null: nothing to show (a tombstone); throws where the bytes are wrong. */
export interface Decoders {
  reading(record: RawRecord): Reading | null;
  aggregate(record: RawRecord): Aggregate | null;
  letter(record: RawRecord): DeadLetter | null;
}

/** A device's state of trust: its newest record in the compacted topic. Times are Unix ms. */
export interface DeviceTrust {
  readonly device: string;
  readonly state: 'unknown' | 'trusted' | 'suspect' | 'quarantined' | 'revoked';
  readonly since: number;
  readonly reason: string;
  readonly says: string;
  /** What broke the policy: boot, ima, or empty; its entry, 0 where there is none; the PCR, -1; the file, empty. */
  readonly log: string;
  readonly entry: number;
  readonly pcr: number;
  readonly path: string;
  readonly firmware: string;
  readonly provenAt: number;
  readonly trustedUntil: number;
  /** The newest first. */
  readonly history: readonly {
    readonly at: number;
    readonly state: string;
    readonly reason: string;
    readonly says: string;
  }[];
}

export interface BridgeStatus {
  readonly name: string;
  readonly address: string;
  readonly connections: number;
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
}

export interface DevicePage {
  /** As plain JSON, by device id. */
  readonly devices: readonly unknown[];
  /** The id to ask on from; null: there is no more. */
  readonly next: string | null;
  /** Of all that are enrolled. */
  readonly total: number;
}

/** Changes devices. Results are plain JSON, secrets included: they are shown once. Failures are MsecErrors. */
export interface DeviceAdmin {
  /** The first `limit` (1 to 1,000) devices behind `after`; '' is before all. */
  list(after: string, limit: number): Promise<DevicePage>;
  add(request: unknown): Promise<unknown>;
  change(action: 'revoke' | 'reset' | 'rotate', device: string): Promise<unknown>;
  /** The public key in `request` becomes the device's; its token stays. */
  renew(device: string, request: unknown): Promise<unknown>;
  /** Where it stands, as latitude and longitude; `place` null in `request` takes that away. */
  place(device: string, request: unknown): Promise<unknown>;
  /** Of the frames that are held of the device; `request` says who decides, and why. */
  decide(decision: 'release' | 'drop', device: string, request: unknown): Promise<unknown>;
  /** Sends a dead letter again, to the stage where it failed. */
  resend(place: Place): Promise<unknown>;
}

/** Bundles of detection rules, as plain JSON. Failures are MsecErrors. */
export interface RuleAdmin {
  /** Of a bundle. */
  readonly bytesMax: number;
  list(): Promise<unknown>;
  push(bundle: Uint8Array, by: string): Promise<unknown>;
  /** `request` says to which version, who decides, and why. */
  rollBack(request: unknown): Promise<unknown>;
}

/** What an operator tells of who has served whom, as plain JSON. Failures are MsecErrors. */
export interface InteractionAdmin {
  tell(request: unknown): Promise<unknown>;
}

/** An operator's word on how providers stand, as plain JSON. Failures are MsecErrors. */
export interface StandingAdmin {
  /** `request` says what (grant, refuse, ban), who decides, and why. */
  order(service: string, trustee: string, request: unknown): Promise<unknown>;
}

/** An alert, or a packet that the rules would drop. */
export interface DetectedAlert extends Place {
  /** Of the packet, Unix ms. */
  readonly time: number;
  /** Where it was captured. */
  readonly place: string;
  /** 0 where no rule is named: a flow of which an earlier packet was dropped. */
  readonly sid: number;
  readonly gid: number;
  readonly rev: number;
  readonly signature: string;
  readonly category: string;
  /** 1 is the worst. */
  readonly severity: number;
  /** Whether the rule would drop it. */
  readonly isBlocked: boolean;
  /** Empty where no bundle is in force. */
  readonly ruleSet: string;
  readonly protocol: string;
  readonly application: string;
  /** Address and port. */
  readonly from: string;
  readonly to: string;
}

export interface DetectionPorts {
  /** Topics of EVE records; without `verdicts` nobody is told what would be dropped. */
  readonly alerts: string;
  readonly verdicts?: string;
  decode(record: RawRecord): DetectedAlert | null;
  /** In force until there is a bundle. */
  readonly ruleFiles: readonly string[];
}

export interface TrustPorts {
  readonly topic: string;
  decode(record: RawRecord): DeviceTrust | null;
  /** Where a device stands, in degrees; null where nobody has said. */
  placeOf(device: string): { readonly latitude: number; readonly longitude: number } | null;
  /** Tells of each device that may have been moved; the result ends that. */
  onMove(moved: (device: string) => void): () => void;
}

/** Trust and reputation; results are plain JSON. REQUEST_INVALID, INTAKE_BUSY, DEPENDENCY_DOWN. */
export interface ReputationPorts {
  /** How far the scores are read. */
  status(): Promise<object>;
  services(): Promise<unknown>;
  /** The providers of a service, the most dependable first. */
  ranking(service: string): Promise<unknown>;
  /** One party with its history and those around it. */
  party(service: string, party: string): Promise<unknown>;
  /** As texts: service, for, near, radius, limit, among, without, weights. */
  who(asked: Readonly<Record<string, string | undefined>>): Promise<unknown>;
}

export interface ConsolePorts {
  status(): Promise<EngineStatus>;
  bridges(): readonly BridgeStatus[];
  readonly topology: Topology;
  readonly kinds: readonly DeviceKind[];
  readonly topics: {
    readonly readings: string;
    readonly aggregates: string;
    readonly letters: readonly string[];
    /** Of frames that wait for their device's proof, where there is such a topic. */
    readonly held?: string;
  };
  readonly decoders: Decoders;
  /** Where devices are asked to prove themselves. */
  readonly trust?: TrustPorts;
  /** Where packets are examined. */
  readonly detection?: DetectionPorts;
  /** Where interactions are judged. */
  readonly reputation?: ReputationPorts;
  openReader(): LogReader;
  readonly admin: DeviceAdmin;
  /** Where bundles of rules are taken. */
  readonly rules?: RuleAdmin;
  /** Where interactions are judged. */
  readonly interactions?: InteractionAdmin;
  /** Where trust is kept. */
  readonly standing?: StandingAdmin;
}
