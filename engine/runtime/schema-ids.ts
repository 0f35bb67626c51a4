/** Schemas of a topology: what the registry must know before the start, and the ids that codecs are told. */
import type { SchemaDeclaration, Topic } from '../actor/index.ts';
import type { TopologyDefinition } from '../topology/index.ts';

/** Every schema of every topic that the actors name; a subject may come several times. */
export function schemasOf(definition: TopologyDefinition): readonly SchemaDeclaration[] {
  return topicsOf(definition).flatMap(({ codec }) => codec.schemas ?? []);
}

/** Once per thread, before the first record. */
export function bindSchemaIds(definition: TopologyDefinition, ids: ReadonlyMap<string, number>): void {
  for (const { codec } of topicsOf(definition)) codec.bindSchemaIds?.(ids);
}

function topicsOf({ actors }: TopologyDefinition): readonly Topic<unknown>[] {
  return actors.flatMap(({ inputs, outputs }) => [...Object.values(inputs), ...Object.values(outputs)]);
}
