/** JSON, written into bytes. */
export { fixed, ITEM, JsonWriter, key } from './json-writer.ts';
