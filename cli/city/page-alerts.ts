/** EVE records of alerts and verdicts as the page shows them: few fields, each of the kind it must have. */
import type { DetectedAlert, DetectionPorts, RawRecord } from '../../console/index.ts';
import { MsecError, type Plan } from '../../engine/index.ts';
import { IDS_ALERTS, IDS_VERDICTS } from '../../schemas/topics/index.ts';
import type { Config } from '../config/index.ts';

/** Null where packets are not examined. */
export function detectionPorts(plan: Plan, config: Config): DetectionPorts | null {
  const has = (topic: string) => plan.topics.some(({ name }) => name === topic);
  if (!has(IDS_ALERTS)) return null;
  return {
    alerts: IDS_ALERTS,
    ...(has(IDS_VERDICTS) ? { verdicts: IDS_VERDICTS } : {}),
    decode: alertView,
    ruleFiles: config['ids.rules'].map((file) => file.slice(file.lastIndexOf('/') + 1)),
  };
}

type Fields = Readonly<Record<string, unknown>>;
const TEXT_MAX = 500;

/** VALUE_INVALID where it is no EVE record. */
export function alertView({ topic, partition, offset, key, value }: RawRecord): DetectedAlert | null {
  if (value === null) return null;
  const record = JSON.parse(Buffer.from(value).toString('utf8')) as Fields;
  const about = record.alert === undefined ? {} : (record.alert as Fields);
  const time = timeOf(text(record.timestamp));
  if (!Number.isFinite(time)) throw new MsecError('VALUE_INVALID', 'an EVE record without a time');
  return {
    ...{ topic, partition, offset, time },
    // Lanes of a place are one.
    place:
      key === null
        ? ''
        : Buffer.from(key)
            .toString('utf8')
            .replace(/\/\d+$/, ''),
    gid: number(about.gid),
    sid: number(about.signature_id),
    rev: number(about.rev),
    signature: text(about.signature),
    category: text(about.category),
    severity: number(about.severity),
    isBlocked: about.action === 'blocked',
    ruleSet: text(about.rule_set),
    protocol: text(record.proto),
    application: text(record.app_proto),
    from: endOf(record.src_ip, record.src_port),
    to: endOf(record.dest_ip, record.dest_port),
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, TEXT_MAX) : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** `2026-11-26T19:18:27.123456+0000`, as EVE has it. */
const timeOf = (told: string): number => Date.parse(told.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));

function endOf(address: unknown, port: unknown): string {
  const host = text(address);
  if (typeof port !== 'number') return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
