/** What msec makes of a group. */
import {
  CaptureReader,
  type EveRecord,
  type RefusedRule,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import type { Answer, Group } from './groups.ts';
import { sidOf } from './groups.ts';

const ALERTS_MAX = 1000;

export interface Ours {
  readonly answers: ReadonlyMap<number, Answer>;
  /** By sid. */
  readonly refused: ReadonlyMap<number, Pick<RefusedRule, 'keyword' | 'kind' | 'says'>>;
}

export function ourAnswers({ rules, validatesChecksums, midstream }: Group, capture: Uint8Array): Ours {
  const { accepted, refused } = readRules([{ name: 'r', text: rules.join('\n') }], variables());
  const found = new Map<number, number[]>();
  const { traffic, inspect, protocols } = SENSOR_DEFAULTS;
  const options = {
    traffic: { ...traffic, validatesChecksums, stream: { ...traffic.stream, midstream } },
    inspect: { ...inspect, alertsMax: ALERTS_MAX },
    tellsAll: false,
    protocols,
  };
  const sensor = new Sensor(accepted, options, (line) => note(found, line.record()));
  const reader = new CaptureReader();
  reader.push(capture);
  while (reader.next()) sensor.take(reader.packet);
  reader.finish();
  sensor.finish();
  const why = new Map(refused.map((one) => [sidOf(rules[one.line - 1]!), one]));
  for (const { rule, part } of sensor.left)
    why.set(rule.rule.sid, { ...refusedAt(rule.line), keyword: part, kind: 'unsupported', says: 'it cannot be asked' });
  const answers = new Map(
    rules.map((rule) => {
      const sid = sidOf(rule);
      return [sid, { isAccepted: !why.has(sid), packets: found.get(sid) ?? [] }] as const;
    }),
  );
  return { answers, refused: why };
}

const refusedAt = (line: number) => ({ file: 'r', line, column: 1 });

export function note(found: Map<number, number[]>, record: EveRecord): void {
  const alert = record.alert as { readonly signature_id: number } | undefined;
  if (alert === undefined || record.event_type !== 'alert') return;
  const packets = found.get(alert.signature_id) ?? [];
  packets.push((record.pcap_cnt as number | undefined) ?? 0);
  found.set(alert.signature_id, packets);
}
