// A Helia node on loopback that only speaks bitswap: node helia.mjs serve FILE | fetch MULTIADDR CID
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { createHeliaLight } from 'helia'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { CID } from 'multiformats/cid'

const helia = withBitswap(withLibp2pLight(createHeliaLight({ blockstore: new MemoryBlockstore() }), {
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: { identify: identify() }
}))
await helia.start()
const files = unixfs(helia)
const [command, first, second] = process.argv.slice(2)

if (command === 'serve') {
  const cid = await files.addByteStream(createReadStream(first), {
    cidVersion: 1,
    rawLeaves: true,
    chunker: fixedSize({ chunkSize: 262144 }),
    layout: balanced({ maxChildrenPerNode: 174 })
  })
  console.log(JSON.stringify({ addr: helia.libp2p.getMultiaddrs()[0].toString(), cid: cid.toString() }))
} else {
  await helia.libp2p.dial(multiaddr(first))
  await new Promise(resolve => setTimeout(resolve, 300)) // until it has learnt which protocols the peer speaks
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of files.cat(CID.parse(second), { signal: AbortSignal.timeout(60000) })) {
    hash.update(piece)
    bytes += piece.length
  }
  console.log(JSON.stringify({ bytes, sha256: hash.digest('hex') }))
  await helia.stop()
  process.exit(0)
}
