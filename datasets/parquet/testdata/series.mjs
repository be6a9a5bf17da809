// Writes Parquet files with three libraries, and the values in them to series.json, by the
// first word of the names of the files. Run it from a folder in which these packages of
// npm are installed: hyparquet-writer 0.17.0 (pages of version 2, every encoding),
// parquetjs 0.11.2 (version 1, plain; version 2) and nodejs-polars 0.26.1 with
// nodejs-polars-linux-x64-gnu (version 1, dictionaries):
//
//	node datasets/parquet/testdata/series.mjs
//
// It writes into its own folder.
import { createRequire } from 'node:module'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(join(process.cwd(), 'x.js'))
const load = (name) => import(pathToFileURL(require.resolve(name)).href)
const { parquetWriteBuffer } = await load('hyparquet-writer')
const parquetjs = require('parquetjs')
const pl = require('nodejs-polars')

const golden = {}
const rows = 403
const range = (f) => Array.from({ length: rows }, (_, i) => f(i))
const start = Date.UTC(2024, 0, 2)
const minute = 60000

// hyparquet-writer
const columns = {
  plain64: { type: 'DOUBLE', encoding: 'PLAIN', data: range((i) => Math.sin(i)) },
  split64: { type: 'DOUBLE', encoding: 'BYTE_STREAM_SPLIT', data: range((i) => Math.cos(i)) },
  plain32: { type: 'FLOAT', encoding: 'PLAIN', data: range((i) => Math.fround(i / 3)) },
  split32: { type: 'FLOAT', encoding: 'BYTE_STREAM_SPLIT', data: range((i) => Math.fround(-i / 7)) },
  int32: { type: 'INT32', encoding: 'PLAIN', data: range((i) => i * 1000003 - 500000000) },
  delta32: { type: 'INT32', encoding: 'DELTA_BINARY_PACKED', data: range((i) => (i * 7919) % 1000 - 500) },
  delta64: { type: 'INT64', encoding: 'DELTA_BINARY_PACKED', data: range((i) => BigInt(i) * BigInt(i) * 1000000007n - 5n) },
  large64: { type: 'INT64', encoding: 'PLAIN', data: range((i) => (i % 2 ? 1n : -1n) * 2n ** 62n + BigInt(i)) },
  few: { type: 'INT32', data: range((i) => [3, -1, 7, 1000][i % 4]) }, // a dictionary
  runs: { type: 'DOUBLE', data: range((i) => Math.floor(i / 100) / 2) }, // a dictionary in runs
  one: { type: 'INT64', data: range(() => 42n) },
  flag: { type: 'BOOLEAN', encoding: 'PLAIN', data: range((i) => i % 3 === 0) },
  flagRuns: { type: 'BOOLEAN', encoding: 'RLE', data: range((i) => i % 200 < 100) },
}
for (const [file, codec, nullable] of [['plain', 'UNCOMPRESSED', false], ['snappy', 'SNAPPY', true], ['gzip', 'GZIP', true]]) {
  const columnData = [
    { name: 'at', type: 'TIMESTAMP', nullable, data: range((i) => new Date(start + i * minute)) },
    { name: 'text', type: 'STRING', nullable, data: range((i) => `row ${i}`) },
    ...Object.entries(columns).map(([name, c]) => ({ name, nullable, ...c })),
  ]
  const buffer = parquetWriteBuffer({ columnData, codec, rowGroupSize: [100, 200], pageSize: 600, compressors: { GZIP: (x) => new Uint8Array(gzipSync(x)) } })
  writeFileSync(join(here, `hyparquet_${file}.parquet`), new Uint8Array(buffer))
  golden.hyparquet = Object.fromEntries(Object.entries(columns).map(([k, c]) => [k, c.data.map(Number)]))
}
const few = (schema, columnData) => new Uint8Array(parquetWriteBuffer({
  schema: [{ name: 'root', num_children: schema.length }, ...schema], columnData,
}))
writeFileSync(join(here, 'logical.parquet'), few([
  { name: 'day', type: 'INT32', converted_type: 'DATE', repetition_type: 'REQUIRED' },
  { name: 'price', type: 'INT64', converted_type: 'DECIMAL', scale: 2, precision: 15, repetition_type: 'REQUIRED' },
  { name: 'unsigned', type: 'INT32', converted_type: 'UINT_32', repetition_type: 'REQUIRED' },
  { name: 'small', type: 'INT32', converted_type: 'INT_8', repetition_type: 'OPTIONAL' },
], [
  { name: 'day', data: [new Date(start), new Date(start + 86400000)] },
  { name: 'price', data: [101.25, -0.5] },
  { name: 'unsigned', data: [4000000000, 1] },
  { name: 'small', data: [-128, 127] },
]))
golden.logical = { price: [101.25, -0.5], unsigned: [4000000000, 1], small: [-128, 127] }
writeFileSync(join(here, 'nulls.parquet'), new Uint8Array(parquetWriteBuffer({ rowGroupSize: 3, columnData: [
  { name: 'a', type: 'DOUBLE', data: [1, 2, 3, 4, null, 6] },
  { name: 'b', type: 'DOUBLE', data: [1, 2, 3, 4, 5, NaN] },
  { name: 'c', type: 'INT32', data: [1, 2, 3, 4, 5, 6] },
  { name: 'half', type: 'FLOAT16', data: [1, 2, 3, 4, 5, 6] },
  { name: 'back', type: 'TIMESTAMP', data: [6, 5, 4, 3, 2, 1].map((i) => new Date(start + i * minute)) },
] })))
writeFileSync(join(here, 'nested.parquet'), new Uint8Array(parquetWriteBuffer({ columnData: [
  { name: 'list', data: [[1, 2], [3]] },
  { name: 'a', type: 'INT32', data: [1, 2] },
  { name: 'text', type: 'STRING', data: ['x', 'y'] },
] })))
golden.nested = { a: [1, 2] }

// parquetjs
for (const v2 of [false, true]) {
  const name = v2 ? 'parquetjs_v2' : 'parquetjs_v1'
  const schema = new parquetjs.ParquetSchema({
    at: { type: 'TIMESTAMP_MILLIS' }, x: { type: 'DOUBLE', compression: 'GZIP' }, f: { type: 'FLOAT', compression: 'SNAPPY', optional: true },
    n: { type: 'INT64' }, b: { type: 'BOOLEAN' }, u: { type: 'UINT_16', optional: true },
  })
  const writer = await parquetjs.ParquetWriter.openFile(schema, join(here, `${name}.parquet`), { useDataPageV2: v2, rowGroupSize: 40 })
  const out = { x: [], f: [], n: [], b: [], u: [] }
  for (let i = 0; i < 100; i++) {
    const row = { at: new Date(start + i * minute), x: Math.sqrt(i), f: Math.fround(i / 3), n: i - 50, b: i % 5 === 0, u: i * 600 }
    await writer.appendRow(row)
    for (const k of Object.keys(out)) out[k].push(Number(row[k]))
  }
  await writer.close()
  golden.parquetjs = out
}

// Polars
const frame = pl.DataFrame({
  at: pl.Series('at', range((i) => new Date(start + i * minute))),
  x: range((i) => Math.sin(i) * 100), n: range((i) => i % 17), s: range((i) => `t${i % 3}`), b: range((i) => i % 2 === 0),
})
for (const compression of ['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli']) {
  writeFileSync(join(here, `polars_${compression}.parquet`), frame.writeParquet({ compression }))
}
golden.polars = { x: range((i) => Math.sin(i) * 100), n: range((i) => i % 17), b: range((i) => (i % 2 === 0 ? 1 : 0)) }
writeFileSync(join(here, 'series.json'), JSON.stringify(golden) + '\n')
