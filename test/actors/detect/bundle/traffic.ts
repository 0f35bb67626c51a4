/** Packets and sensors for tests of rules that change while packets come. */
import { type CompiledRules, type EveRecord, SENSOR_DEFAULTS, Sensor } from '../../../../actors/detect/index.ts';
import { captured } from '../captures.ts';
import { type Ends, ethernet, ipv4, type TcpFields, tcpSegment, udpDatagram } from '../frames.ts';

const IPV4 = 0x0800;
const ETHERNET = 1;

const ends = (from: number, to: number): Ends => ({
  from: Uint8Array.of(10, 0, 0, from),
  to: Uint8Array.of(10, 0, 0, to),
});

export const udp = (text: string, port = 4000, from = 1): Uint8Array =>
  ethernet(IPV4, ipv4(ends(from, 2), 17, udpDatagram(ends(from, 2), port, 5000, Buffer.from(text, 'latin1'))));

export function tcp(isToServer: boolean, fields: Partial<TcpFields>, text = ''): Uint8Array {
  const of = isToServer ? ends(1, 2) : ends(2, 1);
  const ports = isToServer ? { fromPort: 4001, toPort: 80 } : { fromPort: 80, toPort: 4001 };
  const all = { ...ports, sequence: 1, acknowledgment: 1, flags: 16, ...fields };
  return ethernet(IPV4, ipv4(of, 6, tcpSegment(of, all, Buffer.from(text, 'latin1'))));
}

/** A sensor and what it told; packets have numbers from 1 on, and come a millisecond after each other. */
export class TestSensor {
  readonly records: EveRecord[] = [];
  readonly sensor: Sensor;
  #number = 0;

  constructor(rules: CompiledRules) {
    this.sensor = new Sensor(rules, { ...SENSOR_DEFAULTS, tellsAll: false }, (line) =>
      this.records.push(line.record()),
    );
  }

  take(...frames: readonly Uint8Array[]): this {
    for (const frame of frames) {
      this.#number += 1;
      this.sensor.take(captured(frame, ETHERNET, 1_000_000 + this.#number * 1_000, this.#number));
    }
    return this;
  }

  /** Packet, rule, and the set that the alert names. */
  get alerts(): string[] {
    return this.records.flatMap((record) => {
      if (record.event_type !== 'alert') return [];
      const { signature_id, rule_set = '' } = record.alert as { signature_id: number; rule_set?: string };
      return [`${record.pcap_cnt} ${signature_id} ${rule_set}`];
    });
  }
}
