/** A bridge over the fixture, with clients that are closed at the end of the case. */
import type t from 'tap';
import {
  type ConnectionRefused,
  MqttBridge,
  type MqttBridgeOptions,
  type MqttLimits,
} from '../../../bridges/mqtt/index.ts';
import { type Fixture, fixture, PATIENCE_MS } from '../bridge-fixture.ts';
import { connectPacket, RawClient } from './raw-client.ts';

type Test = Pick<typeof t, 'teardown'>;

export async function start(
  t: Test,
  limits: Partial<MqttLimits> = {},
  parts: Fixture = fixture(),
  more: Pick<MqttBridgeOptions, 'interactions'> = {},
) {
  const events: ConnectionRefused[] = [];
  const refused: string[] = [];
  const bridge = await MqttBridge.open({
    intake: parts.intake,
    port: 0,
    limits: { connectTimeoutMs: PATIENCE_MS, ...limits },
    ...more,
    onEvent: (event) => events.push(event),
    onRefused: (code) => refused.push(code),
  });
  t.teardown(() => bridge.close());
  const client = (): RawClient => {
    const made = new RawClient(bridge.port);
    t.teardown(() => made.end());
    return made;
  };
  /** A client that is connected and, with `notices`, subscribed. */
  const device = async (deviceId: string, notices = false): Promise<RawClient> => {
    const made = client();
    made.send(connectPacket(deviceId));
    await made.received(1);
    if (notices) {
      made.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `devices/${deviceId}/notices`, qos: 1 }] });
      await made.received(2);
    }
    return made;
  };
  return { ...parts, bridge, events, refused, client, device };
}

export const names = (client: RawClient) => client.packets.map((packet) => packet.cmd);
export const noticeIn = (client: RawClient) => {
  const packet = client.packets.find(({ cmd }) => cmd === 'publish');
  return packet?.cmd === 'publish' ? JSON.parse(packet.payload.toString()) : undefined;
};
