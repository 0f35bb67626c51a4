/** The two bridges in front of the log, on ports that may move when nobody chose them. */
import { HttpBridge } from '../../bridges/http/index.ts';
import { Door, Intake, type InteractionDoor, PacketDoor, unsignedFrom } from '../../bridges/intake/index.ts';
import { MQTT_LIMITS, MqttBridge } from '../../bridges/mqtt/index.ts';
import type { BridgeStatus } from '../../console/index.ts';
import type { Clock, Emit, Log, Plan, RecordAppender } from '../../engine/index.ts';
import type { FrameTypes } from '../../schemas/index.ts';
import { ATTEST_EVIDENCE, DEVICE_FRAMES, NETWORK_PACKETS } from '../../schemas/topics/index.ts';
import type { DayKeys } from '../../services/day-keys/index.ts';
import type { DeviceService } from '../../services/devices/index.ts';
import type { TrustDesk } from '../../services/trust/index.ts';
import type { Config, SettingName } from '../config/index.ts';
import { type BridgeAttestation, openBridgeAttestation } from './bridge-attestation.ts';
import { deviceRate } from './device-rate.ts';
import { interactionDoor } from './interactions.ts';
import { listenOn } from './listen.ts';
import { advisorOf } from './recommendations.ts';
import { Refusals } from './refusals.ts';

export interface BridgesOptions {
  readonly config: Config;
  readonly set: ReadonlySet<SettingName>;
  readonly plan: Plan;
  readonly log: Log;
  readonly devices: DeviceService;
  readonly keys: DayKeys;
  readonly appender: RecordAppender;
  readonly types: FrameTypes;
  /** Null where nobody keeps trust. */
  readonly desk: TrustDesk | null;
  readonly schemaIds: ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly emit: Emit;
}

export interface Bridge {
  readonly name: 'mqtt' | 'http';
  readonly host: string;
  readonly port: number;
  readonly address: string;
  /** Whether it listens elsewhere than asked for, as that port was taken. */
  readonly hasMoved: boolean;
}

export interface Bridges {
  readonly open: readonly Bridge[];
  statuses(): BridgeStatus[];
  /** Takes nothing new in; what was taken in is durable when it resolves. */
  close(): Promise<void>;
}

interface OpenBridge {
  readonly bridge: Bridge;
  status(): BridgeStatus;
  close(): Promise<void>;
}

export async function openBridges(options: BridgesOptions): Promise<Bridges> {
  const refusals = new Refusals(options.emit, options.clock);
  const attestation = await openBridgeAttestation(options);
  // One for all: a device does not get its rate once more with each protocol.
  const intake = makeIntake(options, attestation);
  const open: OpenBridge[] = [];
  const close = async () => {
    await Promise.all(open.map((one) => one.close()));
    await intake.close();
    await attestation?.close();
    refusals.flush();
  };
  // One for both, as with frames.
  const interactions = interactionDoor(options, attestation);
  const door = (name: 'mqtt' | 'http') => new Door(intake, (code) => refusals.add(name, code, 1));
  try {
    if (options.config['mqtt.enabled'])
      open.push(await openMqtt(options, door('mqtt'), refusals, attestation, interactions));
    if (options.config['http.enabled'])
      open.push(await openHttp(options, door('http'), refusals, attestation, interactions));
  } catch (error) {
    await close();
    throw error;
  }
  for (const { bridge } of open) options.emit('bridgeListening', { bridge: bridge.name, address: bridge.address });
  return { open: open.map(({ bridge }) => bridge), statuses: () => open.map((one) => one.status()), close };
}

async function openMqtt(
  options: BridgesOptions,
  intake: Door,
  refusals: Refusals,
  attestation: BridgeAttestation | null,
  interactions: InteractionDoor | null,
): Promise<OpenBridge> {
  const { config, set } = options;
  const host = config['mqtt.host'];
  const wanted = {
    port: config['mqtt.port'],
    mayMove: !set.has('mqtt.port'),
    what: 'The MQTT bridge',
    flag: '--mqtt-port',
  };
  // A frame a little too large is refused with a reason, and not by the end of its connection.
  const limits = {
    packetBytesMax: Math.max(MQTT_LIMITS.packetBytesMax, 2 * config['limits.frame']),
    connectionsMax: config['mqtt.connections'],
  };
  const bridge = await listenOn(wanted, (port) =>
    MqttBridge.open({
      ...{ intake, host, port, limits },
      ...(attestation === null ? {} : { attestation }),
      ...(interactions === null ? {} : { interactions }),
      onRefused: (code) => refusals.add('mqtt', code, 1),
    }),
  );
  return openBridge('mqtt', 'mqtt', host, wanted.port, intake, refusals, bridge);
}

async function openHttp(
  options: BridgesOptions,
  intake: Door,
  refusals: Refusals,
  attestation: BridgeAttestation | null,
  interactions: InteractionDoor | null,
): Promise<OpenBridge> {
  const { config, set } = options;
  const host = config['http.host'];
  const wanted = {
    port: config['http.port'],
    mayMove: !set.has('http.port'),
    what: 'The HTTP bridge',
    flag: '--http-port',
  };
  const packets = packetDoor(options, attestation);
  const bridge = await listenOn(wanted, (port) =>
    HttpBridge.open({
      ...{ intake, host, port },
      ...(attestation === null ? {} : { challenges: attestation.desk }),
      ...(packets === null ? {} : { packets }),
      ...(interactions === null ? {} : { interactions }),
      ...(options.desk === null ? {} : { advisor: advisorOf(options.desk, options.clock) }),
      onRefused: (code) => refusals.add('http', code, 1),
    }),
  );
  return openBridge('http', 'http', host, wanted.port, intake, refusals, bridge);
}

/** Null where no gateway may publish packets. */
function packetDoor({ config, plan, appender, clock }: BridgesOptions, attestation: BridgeAttestation | null) {
  const gateways = config['ids.gateways'];
  const packets = plan.topics.find((topic) => topic.name === NETWORK_PACKETS);
  if (packets === undefined || gateways.length === 0) return null;
  return new PacketDoor({
    ...{ topic: NETWORK_PACKETS, partitions: packets.partitions, gateways, appender, clock },
    ...(attestation === null ? {} : { barredOf: (deviceId: string) => attestation.trust.stateOf(deviceId) }),
  });
}

interface Listening {
  readonly port: number;
  counts(): { readonly connections: number };
  close(): Promise<void>;
}

function openBridge(
  name: 'mqtt' | 'http',
  scheme: string,
  host: string,
  wanted: number,
  door: Door,
  refusals: Refusals,
  listening: Listening,
): OpenBridge {
  const { port } = listening;
  const address = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    bridge: { name, host, port, address, hasMoved: wanted !== 0 && port !== wanted },
    status: () => ({
      name,
      address,
      connections: listening.counts().connections,
      accepted: door.counts().acceptedFrames,
      refused: refusals.totals(name),
    }),
    close: () => listening.close(),
  };
}

function makeIntake(options: BridgesOptions, attestation: BridgeAttestation | null): Intake {
  const { config, plan, devices, keys, appender, types, clock } = options;
  const frames = plan.topics.find((topic) => topic.name === DEVICE_FRAMES);
  return new Intake({
    topic: DEVICE_FRAMES,
    partitions: frames?.partitions ?? plan.partitions,
    directory: devices,
    // Whatever is not known not to be personal is sealed.
    privacyOf: (type) => {
      const codec = types.byName(type);
      if (codec === null) return { personal: true, matches: () => false };
      // A text frame is known by its first letters alone, which say nothing of what follows them.
      const isFixed = codec.format === 'binary';
      return {
        personal: codec.hasSightings,
        matches: (bytes, start, end) => isFixed && codec.matches(bytes, start, end),
      };
    },
    keys,
    appender,
    clock,
    unsigned: unsignedFrom(config.unsignedFrom),
    ...(attestation === null
      ? {}
      : {
          attestation: {
            topic: ATTEST_EVIDENCE,
            barredOf: (deviceId: string) => attestation.trust.stateOf(deviceId),
          },
        }),
    limits: {
      frameBytesMax: config['limits.frame'],
      rate: deviceRate(config, options.set),
    },
  });
}
