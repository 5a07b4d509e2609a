// A js-libp2p peer on loopback: node peer.mjs TOPIC PROTOCOL. Lines on stdin: dial ADDR | publish TEXT | ask TEXT | ping
// | addrs, which are those that identify told of who was dialled.
// It answers questions of PROTOCOL with "js " before them, and prints one JSON object a line.
import readline from 'node:readline'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const [topic, protocol] = process.argv.slice(2)
const say = value => console.log(JSON.stringify(value))
const bytes = text => new TextEncoder().encode(text)
const text = data => new TextDecoder().decode(data.subarray())

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp(), webSockets()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: { identify: identify(), ping: ping(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
})
await node.handle(protocol, async stream => {
  const frames = lpStream(stream)
  try {
    while (true) await frames.write(bytes('js ' + text(await frames.read())))
  } catch {} // the asker closed the stream
})
node.services.pubsub.addEventListener('gossipsub:message', ({ detail }) => {
  if (detail.msg.topic === topic) say({ heard: text(detail.msg.data), from: detail.msg.from.toString() })
})
node.services.pubsub.subscribe(topic)
node.services.pubsub.addEventListener('gossipsub:graft', ({ detail }) => say({ grafted: detail.peerId }))
say({ addr: node.getMultiaddrs()[0].toString() })

let peer
const commands = {
  dial: async addr => { peer = (await node.dial(multiaddr(addr))).remotePeer; return { dialled: peer.toString() } },
  publish: async said => { await node.services.pubsub.publish(topic, bytes(said)); return { published: said } },
  ask: async said => {
    const stream = await node.dialProtocol(peer, protocol)
    const frames = lpStream(stream)
    const answers = []
    for (const question of said.split(',')) {
      await frames.write(bytes(question))
      answers.push(text(await frames.read()))
    }
    await stream.close()
    return { answers }
  },
  addrs: async () => {
    const { addresses } = await node.peerStore.get(peer)
    return { addrs: addresses.map(({ multiaddr }) => multiaddr.toString()) }
  },
  ping: async () => ({ ping: await node.services.ping.ping(peer) >= 0 })
}
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split(' ')
  try {
    say(await commands[command](rest.join(' ')))
  } catch (error) {
    say({ error: `${error.name}: ${error.message}` })
  }
}
process.exit(0)
