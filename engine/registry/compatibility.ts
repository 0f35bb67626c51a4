/**
 * Whether one Avro schema can read what another wrote ("Schema Resolution" in the Avro 1.12 specification), and if
 * not, every place where it cannot, with the reason and a way out. Names must be equal in full or named by an alias.
 */
import avsc, { type Type } from 'avsc';
import { MsecError } from '../base/index.ts';

export interface Incompatibility {
  /** From the root, such as `fields.temperature.items`. */
  readonly path: string;
  readonly reason: string;
  readonly remedy: string;
}

const { ArrayType, EnumType, FixedType, MapType, RecordType, UnwrappedUnionType, WrappedUnionType } = avsc.types;

/** What each primitive may be read as, beside itself. */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/** Types that share types make a number of paths that grows with powers of two: a schema made for that ends here. */
const STEPS_MAX = 100_000;

/** Throws SCHEMA_INVALID where the two are too entangled to compare. `isReaderNew`: which of the two is being registered, and so can still be changed. Empty where it can read. */
export function incompatibilities(reader: Type, writer: Type, isReaderNew: boolean): Incompatibility[] {
  return new Resolution(isReaderNew).check(reader, writer, '');
}

class Resolution {
  readonly #isReaderNew: boolean;
  /** Pairs of records under way: a recursive schema is compatible unless something else says no. */
  readonly #open: [Type, Type][] = [];
  #steps = 0;

  constructor(isReaderNew: boolean) {
    this.#isReaderNew = isReaderNew;
  }

  check(reader: Type, writer: Type, path: string): Incompatibility[] {
    if (++this.#steps > STEPS_MAX)
      throw new MsecError('SCHEMA_INVALID', 'the schema is too entangled', { field: 'schema' });
    if (isUnion(writer)) return writer.types.flatMap((branch) => this.#checkBranch(reader, branch, path));
    if (isUnion(reader)) {
      const isReadable = reader.types.some((branch) => this.check(branch, writer, path).length === 0);
      if (isReadable) return [];
      const branches = reader.types.map(nameOf).join(', ');
      return [
        this.#refusal(
          path,
          `${nameOf(writer)} is written, which no branch of the union (${branches}) reads`,
          `add ${nameOf(writer)} to the union`,
          `write one of ${branches}`,
        ),
      ];
    }
    if (reader instanceof RecordType && writer instanceof RecordType) return this.#checkRecord(reader, writer, path);
    if (reader instanceof EnumType && writer instanceof EnumType) return this.#checkEnum(reader, writer, path);
    if (reader instanceof FixedType && writer instanceof FixedType) return this.#checkFixed(reader, writer, path);
    if (reader instanceof ArrayType && writer instanceof ArrayType) {
      return this.check(reader.itemsType, writer.itemsType, join(path, 'items'));
    }
    if (reader instanceof MapType && writer instanceof MapType) {
      return this.check(reader.valuesType, writer.valuesType, join(path, 'values'));
    }
    const isSame = reader.typeName === writer.typeName;
    if (isSame || PROMOTIONS[writer.typeName]?.includes(reader.typeName) === true) return [];
    const reason = `${nameOf(writer)} is written and cannot be read as ${nameOf(reader)}`;
    const keep = (type: Type) => `keep ${nameOf(type)}, or put the new type in a new field with a default`;
    return [this.#refusal(path, reason, keep(writer), keep(reader))];
  }

  #checkBranch(reader: Type, branch: Type, path: string): Incompatibility[] {
    const found = this.check(reader, branch, path);
    if (found.length === 0 || isUnion(reader)) return found;
    const reason = `a union is written whose branch ${nameOf(branch)} cannot be read as ${nameOf(reader)}`;
    return [this.#refusal(path, reason, 'read the same union', `write ${nameOf(reader)} alone`)];
  }

  #checkRecord(reader: avsc.types.RecordType, writer: avsc.types.RecordType, path: string): Incompatibility[] {
    if (this.#open.some(([r, w]) => r === reader && w === writer)) return [];
    const found = this.#checkName(reader, writer, path);
    this.#open.push([reader, writer]);
    const written = new Map(writer.fields.map((field) => [field.name, field]));
    for (const field of reader.fields) {
      const at = join(path, `fields.${field.name}`);
      const matches = [...new Set([field.name, ...field.aliases])].filter((name) => written.has(name));
      const [match] = matches;
      if (matches.length > 1) {
        found.push(
          this.#refusal(
            at,
            `its aliases fit several written fields: ${matches.join(', ')}`,
            'keep one of the aliases',
            'write one of the fields',
          ),
        );
      } else if (match !== undefined) {
        const source = written.get(match) as avsc.types.Field;
        found.push(...this.check(field.type, source.type, at));
      } else if (field.defaultValue() === undefined) {
        found.push(
          this.#refusal(at, 'it is read, not written, and has no default', 'give it a default', 'keep the field'),
        );
      }
    }
    this.#open.pop();
    return found;
  }

  #checkEnum(reader: avsc.types.EnumType, writer: avsc.types.EnumType, path: string): Incompatibility[] {
    const found = this.#checkName(reader, writer, path);
    const missing = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol));
    const hasDefault = 'default' in reader && reader.default !== undefined;
    if (missing.length > 0 && !hasDefault) {
      const symbols = missing.join(', ');
      found.push(
        this.#refusal(
          join(path, 'symbols'),
          `the reader lacks ${symbols} and the enum has no default`,
          `keep ${symbols} or give the enum a default`,
          `do not write ${symbols}`,
        ),
      );
    }
    return found;
  }

  #checkFixed(reader: avsc.types.FixedType, writer: avsc.types.FixedType, path: string): Incompatibility[] {
    const found = this.#checkName(reader, writer, path);
    if (reader.size !== writer.size) {
      const reason = `${writer.size} bytes are written, ${reader.size} are read`;
      found.push(
        this.#refusal(join(path, 'size'), reason, `keep the size ${writer.size}`, `keep the size ${reader.size}`),
      );
    }
    return found;
  }

  #checkName(reader: Type, writer: Type, path: string): Incompatibility[] {
    if (writer.name === undefined || reader.name === writer.name) return [];
    if (reader.aliases?.includes(writer.name) === true) return [];
    const reason = `${writer.name} is written, ${reader.name ?? 'a nameless type'} is read`;
    const withAlias = `keep the name, or give ${reader.name ?? 'it'} the alias ${writer.name}`;
    return [this.#refusal(path, reason, withAlias, `keep the name ${reader.name ?? ''}`.trimEnd())];
  }

  #refusal(path: string, reason: string, ifReaderNew: string, ifWriterNew: string): Incompatibility {
    return { path: path === '' ? '(root)' : path, reason, remedy: this.#isReaderNew ? ifReaderNew : ifWriterNew };
  }
}

type Union = avsc.types.UnwrappedUnionType | avsc.types.WrappedUnionType;

function isUnion(type: Type): type is Union {
  return type instanceof UnwrappedUnionType || type instanceof WrappedUnionType;
}

function nameOf(type: Type): string {
  if (isUnion(type)) return `a union (${type.types.map(nameOf).join(', ')})`;
  return type.name ?? type.typeName;
}

function join(path: string, part: string): string {
  return path === '' ? part : `${path}.${part}`;
}
