// Imports files of a repeated pattern with ipfs-unixfs-importer and prints their ids: node import.mjs JOBS
// JOBS: {"files": [[bytes, chunkBytes, version]…], "folder": {path: bytes}, "names": [name…]}
// Each of `names` is a file that holds its own name, in a folder that is sharded; its blocks are told too.
import { importer, importFile } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { BlackHoleBlockstore } from 'blockstore-core'
import { MemoryBlockstore } from 'blockstore-core/memory'

const PATTERN = Uint8Array.from({ length: 251 }, (_, at) => at)
const PIECE = 1 << 20

const options = (chunkSize, version) => ({
  cidVersion: version,
  rawLeaves: version === 1,
  reduceSingleLeafToSelf: true,
  chunker: fixedSize({ chunkSize }),
  layout: balanced({ maxChildrenPerNode: 174 })
})

async function * content (bytes) {
  const repeated = Buffer.alloc(PIECE + PATTERN.length, PATTERN)
  for (let at = 0; at < bytes; at += PIECE) {
    const start = at % PATTERN.length
    yield repeated.subarray(start, start + Math.min(PIECE, bytes - at))
  }
}

const jobs = JSON.parse(process.argv[2])
const store = new BlackHoleBlockstore()
const files = []
for (const [bytes, chunkBytes, version] of jobs.files) {
  const { cid } = await importFile({ content: content(bytes) }, store, options(chunkBytes, version))
  files.push(cid.toString())
}
const source = Object.entries(jobs.folder).map(([path, bytes]) => ({ path, content: content(bytes) }))
let root
for await (const entry of importer(source, store, { ...options(262144, 1), wrapWithDirectory: true })) {
  root = entry.cid.toString()
}
const kept = new MemoryBlockstore()
const named = (jobs.names ?? []).map((path) => ({ path, content: [Buffer.from(path)] }))
let sharded
for await (const entry of importer(named, kept, {
  ...options(262144, 1),
  wrapWithDirectory: true,
  shardSplitThresholdBytes: 1
})) {
  sharded = entry.cid.toString()
}
const blocks = []
for await (const { bytes } of kept.getAll()) {
  const parts = []
  for await (const part of bytes) parts.push(part)
  blocks.push(Buffer.concat(parts).toString('base64'))
}
console.log(JSON.stringify({ files, folder: root, sharded, blocks }))
