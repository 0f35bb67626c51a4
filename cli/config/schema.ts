/** The JSON schema of msec.yaml, made from the table of settings. Formats carry the units; ajv checks them. */
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';

export interface SchemaNode {
  readonly type: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Record<string, SchemaNode>;
  readonly additionalProperties?: false;
  readonly items?: SchemaNode;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  /** Bounds of a text with a unit. */
  readonly between?: readonly [string, string];
}

export function configSchema(): SchemaNode & { readonly $schema: string; readonly title: string } {
  const root: Record<string, SchemaNode> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting][]) {
    const [section, leaf] = name.includes('.') ? (name.split('.') as [string, string]) : [undefined, name];
    if (section === undefined) {
      root[leaf] = settingSchema(setting);
      continue;
    }
    root[section] ??= { type: 'object', properties: {}, additionalProperties: false };
    root[section].properties![leaf] = settingSchema(setting);
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'msec.yaml',
    type: 'object',
    properties: root,
    additionalProperties: false,
  };
}

function settingSchema(setting: Setting): SchemaNode {
  const about = { description: setting.doc, ...(setting.default === null ? {} : { default: setting.default }) };
  switch (setting.kind) {
    case 'boolean':
      return { type: 'boolean', ...about };
    case 'integer':
      return { type: 'integer', minimum: setting.min, maximum: setting.max, ...about };
    case 'number':
      return { type: 'number', minimum: setting.min, maximum: setting.max, ...about };
    case 'port':
      return { type: 'integer', minimum: 0, maximum: 65_535, ...about };
    case 'duration':
    case 'size':
      return { type: 'string', format: setting.kind, between: [setting.min, setting.max], ...about };
    case 'choice':
      return { type: 'string', enum: setting.choices, ...about };
    case 'host':
      return { type: 'string', minLength: 1, maxLength: 253, format: 'host', ...about };
    case 'name':
      return { type: 'string', minLength: 1, maxLength: 200, format: 'name', ...about };
    case 'text':
      return { type: 'string', minLength: 1, maxLength: 1000, format: 'line', ...about };
    case 'receiver':
      return { type: 'string', minLength: 1, maxLength: 300, format: 'receiver', ...about };
    case 'addresses':
      return { type: 'array', items: { type: 'string', format: 'address' }, maxItems: 64, ...about };
    case 'names':
      return { type: 'array', items: { type: 'string', format: 'name' }, maxItems: 1024, ...about };
    case 'path':
      return { type: 'string', minLength: 1, maxLength: 4096, format: 'path', ...about };
    case 'paths':
      return { type: 'array', items: { type: 'string', minLength: 1, format: 'path' }, maxItems: 256, ...about };
    case 'cidrs':
      return { type: 'array', items: { type: 'string', format: 'cidr' }, maxItems: 256, ...about };
  }
}
