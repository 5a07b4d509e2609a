// A small IPFS peer on boxo and go-libp2p: it gives a file over bitswap, takes one and tells its digest, or serves the
// blocks of a CAR by boxo's own gateway.
//
// usage: peer give FILE | peer take MULTIADDR CID | peer name FILE | peer gateway CAR
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/ipfs/boxo/bitswap"
	"github.com/ipfs/boxo/bitswap/network/bsnet"
	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	"github.com/ipfs/boxo/chunker"
	"github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/gateway"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	unixfsio "github.com/ipfs/boxo/ipld/unixfs/io"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	ipld "github.com/ipfs/go-ipld-format"
	"github.com/ipld/go-car/v2"
	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	chunkBytes = 262_144
	links      = 174
	patience   = 60 * time.Second
)

type node struct {
	addr     string
	exchange *bitswap.Bitswap
	connect  func(context.Context, peer.AddrInfo) error
	dag      ipld.DAGService
}

// start makes a peer that listens on loopback and keeps its blocks in memory.
func start(ctx context.Context) (*node, error) {
	host, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"))
	if err != nil {
		return nil, err
	}
	blocks := blockstore.NewBlockstore(dssync.MutexWrap(datastore.NewMapDatastore()))
	exchange := bitswap.New(ctx, bsnet.NewFromIpfsHost(host), nil, blocks)
	return &node{
		addr:     fmt.Sprintf("%s/p2p/%s", host.Addrs()[0], host.ID()),
		exchange: exchange,
		connect:  host.Connect,
		dag:      merkledag.NewDAGService(blockservice.New(blocks, exchange)),
	}, nil
}

// add imports a file with the options that make the same ids everywhere.
func add(dag ipld.DAGService, path string) (ipld.Node, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	parameters := helpers.DagBuilderParams{
		Maxlinks:   links,
		RawLeaves:  true,
		CidBuilder: merkledag.V1CidPrefix(),
		Dagserv:    dag,
	}
	builder, err := parameters.New(chunk.NewSizeSplitter(bufio.NewReaderSize(file, chunkBytes), chunkBytes))
	if err != nil {
		return nil, err
	}
	return balanced.Layout(builder)
}

// take fetches a whole file and tells its digest, its size, and what came twice.
func (n *node) take(ctx context.Context, addr, text string) (map[string]any, error) {
	info, err := peer.AddrInfoFromString(addr)
	if err != nil {
		return nil, err
	}
	root, err := cid.Decode(text)
	if err != nil {
		return nil, err
	}
	if err := n.connect(ctx, *info); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := merkledag.FetchGraph(ctx, root, n.dag); err != nil {
		return nil, err
	}
	seconds := time.Since(began).Seconds()
	found, err := n.dag.Get(ctx, root)
	if err != nil {
		return nil, err
	}
	reader, err := unixfsio.NewDagReader(ctx, found, n.dag)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	size, err := io.Copy(digest, reader)
	if err != nil {
		return nil, err
	}
	statistics, err := n.exchange.Stat()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"sha256":     hex.EncodeToString(digest.Sum(nil)),
		"size":       size,
		"seconds":    seconds,
		"duplicates": statistics.DupBlksReceived,
	}, nil
}

// serve answers as boxo's gateway does, from the blocks of a CAR alone; it returns the address.
func serve(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	reader, err := car.NewBlockReader(file)
	if err != nil {
		return "", err
	}
	blocks := blockstore.NewBlockstore(dssync.MutexWrap(datastore.NewMapDatastore()))
	for {
		block, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
		if err := blocks.Put(ctx, block); err != nil {
			return "", err
		}
	}
	backend, err := gateway.NewBlocksBackend(blockservice.New(blocks, offline.Exchange(blocks)))
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go http.Serve(listener, gateway.NewHandler(gateway.Config{}, backend))
	return "http://" + listener.Addr().String(), nil
}

func run() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n, err := start(ctx)
	if err != nil {
		return err
	}
	told := map[string]any{"addr": n.addr}
	switch {
	case len(os.Args) == 3 && (os.Args[1] == "give" || os.Args[1] == "name"):
		root, err := add(n.dag, os.Args[2])
		if err != nil {
			return err
		}
		told["root"] = root.Cid().String()
	case len(os.Args) == 3 && os.Args[1] == "gateway":
		if told["addr"], err = serve(ctx, os.Args[2]); err != nil {
			return err
		}
	case len(os.Args) == 4 && os.Args[1] == "take":
		limited, done := context.WithTimeout(ctx, patience)
		defer done()
		if told, err = n.take(limited, os.Args[2], os.Args[3]); err != nil {
			return err
		}
	default:
		return fmt.Errorf("found %d arguments, expected give, name or gateway FILE, or take MULTIADDR CID", len(os.Args)-1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		return err
	}
	if os.Args[1] == "give" || os.Args[1] == "gateway" {
		_, err = io.Copy(io.Discard, os.Stdin) // until whoever started it closes
	}
	return err
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
