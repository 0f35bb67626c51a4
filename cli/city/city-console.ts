/** Lets the console see the running city. */
import type { Console } from '../../console/index.ts';
import type { Clock, Emit, Engine, Log, Plan, RecordAppender } from '../../engine/index.ts';
import { decodeAttestation, type FrameTypes } from '../../schemas/index.ts';
import {
  DEVICE_AGGREGATES,
  DEVICE_ATTESTATION,
  DEVICE_QUARANTINE,
  DEVICE_READINGS,
  type DeviceTopics,
} from '../../schemas/topics/index.ts';
import type { HeldFrames } from '../../services/attestation/index.ts';
import type { DeviceService } from '../../services/devices/index.ts';
import type { RuleDesk } from '../../services/ids-rules/index.ts';
import type { TrustDesk } from '../../services/trust/index.ts';
import type { Config } from '../config/index.ts';
import type { Bridges } from './bridges.ts';
import { cityPicture, letterTopics } from './city-plan.ts';
import { deviceAdmin } from './device-admin.ts';
import { ruleAdmin } from './ids-rules.ts';
import { interactionAdmin } from './interactions.ts';
import { detectionPorts } from './page-alerts.ts';
import { deviceKinds, pageDecoders } from './page-items.ts';
import { reputationPorts } from './recommendations.ts';
import { standingAdmin } from './standing.ts';

export interface Shown {
  readonly page: Console;
  readonly engine: Engine;
  readonly bridges: Bridges;
  readonly plan: Plan;
  readonly types: FrameTypes;
  /** Codecs of this thread, their schema ids known. */
  readonly topics: DeviceTopics;
  readonly log: Log;
  readonly devices: DeviceService;
  readonly held: HeldFrames;
  /** Null where no bundles of rules are taken. */
  readonly rules: RuleDesk | null;
  /** Null where nobody keeps trust. */
  readonly desk: TrustDesk | null;
  readonly schemaIds: ReadonlyMap<string, number>;
  readonly appender: RecordAppender;
  readonly clock: Clock;
  readonly config: Config;
  readonly emit: Emit;
}

export function attachConsole({
  page,
  engine,
  bridges,
  plan,
  types,
  topics,
  log,
  devices,
  held,
  rules,
  desk,
  schemaIds,
  appender,
  clock,
  config,
  emit,
}: Shown): Promise<void> {
  const detection = detectionPorts(plan, config);
  const hasAttestation = plan.topics.some(({ name }) => name === DEVICE_ATTESTATION);
  return page.attach({
    status: () => engine.status(),
    bridges: () => bridges.statuses(),
    topology: cityPicture(plan, config),
    kinds: deviceKinds(types),
    topics: {
      readings: DEVICE_READINGS,
      aggregates: DEVICE_AGGREGATES,
      letters: letterTopics(plan),
      ...(hasAttestation ? { held: DEVICE_QUARANTINE } : {}),
    },
    decoders: pageDecoders(topics),
    ...(hasAttestation
      ? {
          trust: {
            topic: DEVICE_ATTESTATION,
            decode: ({ value }) => (value === null ? null : decodeAttestation(value)),
            placeOf: (device) => devices.get(device)?.place ?? null,
            onMove: (moved) => devices.onChange(({ deviceId }) => moved(deviceId)),
          },
        }
      : {}),
    ...(desk === null
      ? {}
      : {
          reputation: reputationPorts(desk),
          interactions: interactionAdmin({ config, schemaIds, partitions: plan.partitions, appender, clock }),
          standing: standingAdmin({ log, clock, emit, desk }),
        }),
    ...(detection === null ? {} : { detection }),
    openReader: () => log.openReader(),
    admin: deviceAdmin({ devices, held, log, types }),
    ...(rules === null ? {} : { rules: ruleAdmin(rules, config, plan) }),
  });
}
