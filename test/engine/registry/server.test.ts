/** The HTTP face, asked by hand and by the client that analysts use. */
import { SchemaRegistry as Client, SchemaType } from '@kafkajs/confluent-schema-registry';
import t, { type Test } from 'tap';
import { ByteWriter } from '../../../engine/base/index.ts';
import {
  memorySchemaLog,
  readWireHeader,
  registryServer,
  SchemaRegistry,
  wireHeader,
} from '../../../engine/registry/index.ts';
import { enmon, ReadingHead } from '../../../schemas/index.ts';

const TYPE = 'application/vnd.schemaregistry.v1+json';
const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Reading', namespace: 'test', fields });
const A = { name: 'a', type: 'int' };

async function started(t: Test) {
  const registry = await SchemaRegistry.open(memorySchemaLog());
  const server = await registryServer(registry, 0);
  t.teardown(() => server.close());
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { 'content-type': TYPE },
  ) => {
    const init =
      body === undefined
        ? { method }
        : { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
    const response = await fetch(`${server.url}${path}`, init);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: (await response.json()) as unknown,
    };
  };
  return { registry, server, ask, client: new Client({ host: server.url, retry: { retries: 0 } }) };
}

t.test('each path answers as Confluent’s', async (t) => {
  const { ask } = await started(t);
  const schema = record(A);
  t.same(await ask('GET', '/subjects'), { status: 200, type: TYPE, body: [] });
  t.match(await ask('POST', '/subjects/s-value/versions', { schema }), { status: 200, body: { id: 1 } });
  t.match(await ask('GET', '/subjects'), { body: ['s-value'] });
  t.match(await ask('GET', '/subjects/s-value/versions'), { body: [1] });
  const version = { subject: 's-value', version: 1, id: 1, schema };
  t.same((await ask('GET', '/subjects/s-value/versions/1')).body, version);
  t.same((await ask('GET', '/subjects/s-value/versions/latest')).body, version);
  t.same((await ask('POST', '/subjects/s-value', { schema })).body, version);
  t.same((await ask('GET', '/schemas/ids/1')).body, { schema });
  t.same((await ask('GET', '/config')).body, { compatibilityLevel: 'BACKWARD' });
  t.same((await ask('PUT', '/config/s-value', { compatibility: 'full' })).body, { compatibility: 'FULL' });
  t.same((await ask('GET', '/config/s-value')).body, { compatibilityLevel: 'FULL' });
  t.same((await ask('GET', '/config/other?defaultToGlobal=true')).body, { compatibilityLevel: 'BACKWARD' });
  t.same((await ask('PUT', '/config', { compatibility: 'NONE' })).body, { compatibility: 'NONE' });
  const path = '/compatibility/subjects/s-value/versions/latest';
  t.same((await ask('POST', path, { schema })).body, { is_compatible: true });
  t.match(await ask('POST', `${path}?verbose=true`, { schema: record({ ...A, type: 'string' }) }), {
    status: 200,
    body: { is_compatible: false, messages: [/at fields\.a/, /at fields\.a/] },
  });
  t.same((await ask('POST', '/compatibility/subjects/none/versions/latest', { schema })).body, { is_compatible: true });
});

t.test('refusals carry Confluent’s codes', async (t) => {
  const { ask } = await started(t);
  const schema = record(A);
  await ask('POST', '/subjects/s/versions', { schema });
  const cases: [string, string, unknown, number, number][] = [
    ['GET', '/subjects/no/versions', undefined, 404, 40401],
    ['GET', '/subjects/no/versions/1', undefined, 404, 40401],
    ['GET', '/subjects/s/versions/2', undefined, 404, 40402],
    ['GET', '/subjects/s/versions/zero', undefined, 422, 42202],
    ['GET', '/schemas/ids/9', undefined, 404, 40403],
    ['GET', '/schemas/ids/x', undefined, 404, 40403],
    ['POST', '/subjects/no', { schema }, 404, 40401],
    ['POST', '/subjects/s', { schema: record() }, 404, 40403],
    ['POST', '/subjects/s/versions', { schema: '{' }, 422, 42201],
    ['POST', '/subjects/s/versions', { schema: '{}', schemaType: 'JSON' }, 422, 42201],
    ['POST', '/subjects/s/versions', { schema: 3 }, 422, 42201],
    ['POST', '/subjects/s/versions', [], 422, 42201],
    ['POST', '/subjects/s/versions', { schema, references: [{}] }, 422, 42201],
    ['POST', '/subjects/s/versions', { schema: record({ ...A, type: 'string' }) }, 409, 409],
    ['POST', '/compatibility/subjects/s/versions/4', { schema }, 404, 40402],
    ['GET', '/config/s', undefined, 404, 40408],
    ['PUT', '/config', { compatibility: 'SIDEWARD' }, 422, 42203],
    ['PUT', '/config', {}, 422, 42203],
    ['POST', '/subjects/s/versions', '{"schema', 400, 400],
    ['POST', '/subjects/s/versions', '', 400, 400],
    ['GET', '/nothing', undefined, 404, 404],
    ['DELETE', '/subjects/s', undefined, 404, 404],
    ['POST', '/subjects/s/versions', { schema, padding: 'x'.repeat(1_100_000) }, 413, 413],
  ];
  for (const [method, path, body, status, code] of cases) {
    const answer = await ask(method, path, body);
    t.match(answer, { status, type: TYPE, body: { error_code: code, message: String } }, `${method} ${path} ${code}`);
  }
});

t.test('subjects with any characters are addressed by their escaped name', async (t) => {
  const { ask } = await started(t);
  const subject = 'a/b ü?#%';
  await ask('POST', `/subjects/${encodeURIComponent(subject)}/versions`, { schema: '"int"' });
  t.match(await ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/1`), { body: { subject } });
});

t.test('it listens on loopback, for callers that mean it', async (t) => {
  const { ask, server } = await started(t);
  t.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const text = await ask('POST', '/subjects/s/versions', { schema: '"int"' }, { 'content-type': 'text/plain' });
  t.match(text, { status: 415, body: { error_code: 415 } }, 'a form of another page cannot post');
  const { request } = await import('node:http');
  const status = await new Promise((resolve, reject) => {
    const asked = request({
      port: server.port,
      host: '127.0.0.1',
      path: '/subjects',
      headers: { host: 'evil.example' },
    });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
  t.equal(status, 403, 'a name that was bent to this address is refused');
});

t.test('a taken port is said, and a closed server lets its port go', async (t) => {
  const registry = await SchemaRegistry.open(memorySchemaLog());
  const first = await registryServer(registry, 0);
  await t.rejects(registryServer(registry, first.port), {
    code: 'DEPENDENCY_DOWN',
    message: new RegExp(`${first.port}`),
  });
  await first.close();
  await (await registryServer(registry, first.port)).close();
});

t.test('the client registers, encodes and decodes our readings', async (t) => {
  const { client, registry } = await started(t);
  const schema = { type: SchemaType.AVRO as const, schema: enmon.avroSchema };
  const { id } = await client.register(schema, { subject: 'device.readings-value' });
  t.equal(registry.version('device.readings-value', 'latest').id, id);
  t.equal(registry.level('device.readings-value'), 'BACKWARD', 'the client sets the level');
  t.equal(await client.getLatestSchemaId('device.readings-value'), id);
  t.equal(await client.getRegistryId('device.readings-value', 1), id);
  t.equal(await client.getRegistryIdBySchema('device.readings-value', schema), id);

  const head = Object.assign(new ReadingHead(), { eventTime: 1_700_000_000_000, sequence: 7, verified: true });
  head.device = new TextEncoder().encode('enmon-1');
  head.deviceEnd = head.device.length;
  const reading = Object.assign(enmon.create(), {
    nSend: 3,
    batteryVoltage: 3536,
    sonometer: 64,
    temperature: 124,
    humidity: 565,
  });
  const writer = new ByteWriter();
  enmon.encodeReading(writer, id, head, reading);
  const ours = Buffer.from(writer.take());
  const value: unknown = await new Client({ host: (await started(t)).server.url }).decode(ours).catch(() => null);
  t.equal(value, null, 'another registry does not know the id');
  const decoded = (await client.decode(ours)) as Record<string, unknown>;
  t.match(decoded, { device: 'enmon-1', sequence: 7, temperature: 12.4, humidity: 56.5, flags: [] });
  t.same(await client.encode(id, decoded), ours, 'and writes the same bytes');
  t.equal(readWireHeader(ours), id);
  t.same(Buffer.from(wireHeader(id)), ours.subarray(0, 5));
});

t.test('the client is told why a schema is refused', async (t) => {
  const { client } = await started(t);
  const register = (...fields: object[]) =>
    client.register({ type: SchemaType.AVRO, schema: record(...fields) }, { subject: 's' });
  await register(A);
  await t.rejects(register(A, { name: 'b', type: 'int' }), {
    message: /cannot follow.*at fields\.b, it is read, not written, and has no default; give it a default/,
  });
  await t.rejects(client.decode(Buffer.from([0, 0, 0, 0, 99, 1])), { message: /no schema has the id 99/ });
});

t.test('the client reads by references', async (t) => {
  const { client } = await started(t);
  const register = (
    schema: object,
    subject: string,
    references: { name: string; subject: string; version: number }[] = [],
  ) => client.register({ type: SchemaType.AVRO, schema: JSON.stringify(schema), references }, { subject });
  await register({ type: 'enum', name: 'Unit', namespace: 'test', symbols: ['PPM', 'PPB'] }, 'unit');
  const { id } = await register(
    { type: 'record', name: 'Air', namespace: 'test', fields: [{ name: 'unit', type: 'test.Unit' }] },
    'air',
    [{ name: 'test.Unit', subject: 'unit', version: 1 }],
  );
  t.same(await client.decode(await client.encode(id, { unit: 'PPB' })), { unit: 'PPB' });
});
