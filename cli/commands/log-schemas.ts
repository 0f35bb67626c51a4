/** The ids of schemas as the log has them, for commands that work without an engine. */
import type { ReadOnlyLog, TopicCodec } from '../../engine/index.ts';
import { SchemaRegistry } from '../../engine/registry/index.ts';
import { loadSchemas } from '../city/index.ts';

/** Of the codec's subjects those that are known. */
export async function schemaIdsIn(
  log: Pick<ReadOnlyLog, 'openReader'>,
  { schemas = [] }: Pick<TopicCodec<never>, 'schemas'>,
): Promise<ReadonlyMap<string, number>> {
  const reader = log.openReader();
  try {
    const registry = await SchemaRegistry.open({
      load: () => loadSchemas(reader),
      append: () => Promise.reject(new Error('only for reading')),
    });
    const known = new Set(registry.subjects());
    const subjects = schemas.map(({ subject }) => subject).filter((subject) => known.has(subject));
    return new Map(subjects.map((subject) => [subject, registry.version(subject, 'latest').id]));
  } finally {
    await reader.close();
  }
}
