/** Transactions that are over are dropped, also behind one that never ends. */
import t from 'tap';
import { compileRules, readRules, SENSOR_DEFAULTS, variables } from '../../../../actors/detect/index.ts';
import { TestSensor, tcp } from '../bundle/traffic.ts';
import { n16 } from '../frames.ts';

function sensorWith(...rules: readonly string[]): TestSensor {
  const { accepted, refused } = readRules([{ name: 'r', text: rules.join('\n') }], variables());
  if (refused.length > 0) throw new Error(refused[0]!.says);
  const { protocols, inspect } = SENSOR_DEFAULTS;
  return new TestSensor(compileRules(accepted, { ...inspect, protocols, ruleSet: null }));
}

const request = (id: number): string => Buffer.from([...n16(id), 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]).toString('latin1');
const response = (id: number): string => Buffer.from([...n16(id), 0, 0, 0, 5, 1, 3, 2, 0, 7]).toString('latin1');

t.test('requests of Modbus that are answered do not pile up behind one that is not', async (t) => {
  const sensor = sensorWith('alert modbus any any -> any any (app-layer-event:modbus.flooded; sid:1;)');
  const ports = { client: { fromPort: 4001, toPort: 502 }, server: { fromPort: 502, toPort: 4001 } };
  let [toServer, toClient] = [1, 1];
  const say = (isToServer: boolean, text: string): void => {
    const own = isToServer ? ports.client : ports.server;
    const other = isToServer ? ports.server : ports.client;
    const [sequence, acknowledgment] = isToServer ? [toServer, toClient] : [toClient, toServer];
    sensor.take(tcp(isToServer, { ...own, sequence, acknowledgment, flags: 24 }, text));
    if (isToServer) toServer += text.length;
    else toClient += text.length;
    sensor.take(tcp(!isToServer, { ...other, sequence: acknowledgment, acknowledgment: sequence + text.length }));
  };
  sensor.take(
    tcp(true, { ...ports.client, flags: 2, sequence: 0, acknowledgment: 0 }),
    tcp(false, { ...ports.server, flags: 18, sequence: 0, acknowledgment: 1 }),
    tcp(true, { ...ports.client }),
  );
  say(true, request(1));
  for (let id = 2; id < 700; id += 1) {
    say(true, request(id));
    say(false, response(id));
  }
  t.same(sensor.alerts, []);
  // Where none is answered they do.
  for (let id = 700; id < 1_300; id += 1) say(true, request(id));
  t.ok(sensor.alerts.length > 0);
});
