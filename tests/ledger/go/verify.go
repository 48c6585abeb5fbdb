// Verify a Brightline ledger with Go's own sumdb packages: golang.org/x/mod/sumdb/note and .../tlog.
//
//	verify FOLDER VKEY WITNESS_VKEY < proofs.json
//
// FOLDER is an exported tlog-tiles log. Every entry is authenticated through tlog.TileHashReader; the proofs that
// Brightline made (standard input) are checked with tlog.CheckRecord and tlog.CheckTree.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proofs struct {
	Inclusion []struct {
		Index  int64    `json:"index"`
		Leaf   string   `json:"leaf"`
		Hashes []string `json:"hashes"`
	} `json:"inclusion"`
	Consistency []struct {
		Size   int64    `json:"size"`
		Root   string   `json:"root"`
		Hashes []string `json:"hashes"`
	} `json:"consistency"`
}

// tiles reads C2SP paths (tile/L/N) where Go's own paths carry the height (tile/8/L/N).
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range list {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		read, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		data = append(data, read)
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// witness verifies C2SP cosignature/v1 (type 0x04), which Go's note package leaves to its callers.
type witness struct {
	name   string
	hash   uint32
	public ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(w.public, append([]byte(head), msg...), sig[8:])
}

func newWitness(vkey string) witness {
	parts := strings.SplitN(vkey, "+", 3)
	key := must(base64.StdEncoding.DecodeString(parts[2]))
	if key[0] != 4 {
		fail("witness key is not of type 4")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	return witness{parts[0], binary.BigEndian.Uint32(sum[:]), ed25519.PublicKey(key[1:])}
}

func main() {
	folder, vkey, cosigner := os.Args[1], os.Args[2], os.Args[3]
	signed := must(os.ReadFile(filepath.Join(folder, "checkpoint")))
	verifiers := note.VerifierList(must(note.NewVerifier(vkey)), newWitness(cosigner))
	opened := must(note.Open(signed, verifiers))
	if len(opened.Sigs) != 2 {
		fail("%d signatures hold, expected the log's and the witness's", len(opened.Sigs))
	}
	lines := strings.Split(opened.Text, "\n")
	tree := tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: must(tlog.ParseHash(lines[2]))}
	reader := tlog.TileHashReader(tree, tiles{folder})
	checkEntries(folder, tree, reader)
	checkProofs(tree, reader)
	fmt.Printf("go verified %s of size %d\n", lines[0], tree.N)
}

func checkEntries(folder string, tree tlog.Tree, reader tlog.HashReader) {
	for first := int64(0); first < tree.N; first += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: int(min(256, tree.N-first))}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data := bytes.NewReader(must(os.ReadFile(filepath.Join(folder, path))))
		var indexes []int64
		var hashes []tlog.Hash
		for data.Len() > 0 {
			var size uint16
			check(binary.Read(data, binary.BigEndian, &size))
			entry := make([]byte, size)
			must(data.Read(entry))
			indexes = append(indexes, tlog.StoredHashIndex(0, first+int64(len(hashes))))
			hashes = append(hashes, tlog.RecordHash(entry))
		}
		if len(hashes) != tile.W {
			fail("%s holds %d entries", path, len(hashes))
		}
		for at, hash := range must(reader.ReadHashes(indexes)) {
			if hash != hashes[at] {
				fail("entry %d is not what the tree holds", first+int64(at))
			}
		}
	}
}

func checkProofs(tree tlog.Tree, reader tlog.HashReader) {
	var given proofs
	check(json.NewDecoder(os.Stdin).Decode(&given))
	if len(given.Inclusion) == 0 || len(given.Consistency) == 0 {
		fail("no proofs given")
	}
	for _, one := range given.Inclusion {
		leaf := must(tlog.ParseHash(one.Leaf))
		check(tlog.CheckRecord(parse(one.Hashes), tree.N, tree.Hash, one.Index, leaf))
		same(parse(one.Hashes), must(tlog.ProveRecord(tree.N, one.Index, reader)))
	}
	for _, one := range given.Consistency {
		root := must(tlog.ParseHash(one.Root))
		check(tlog.CheckTree(parse(one.Hashes), tree.N, tree.Hash, one.Size, root))
		same(parse(one.Hashes), must(tlog.ProveTree(tree.N, one.Size, reader)))
	}
}

func same(ours, theirs []tlog.Hash) {
	if fmt.Sprint(ours) != fmt.Sprint(theirs) {
		fail("proof differs from Go's own")
	}
}

func parse(texts []string) []tlog.Hash {
	var hashes []tlog.Hash
	for _, text := range texts {
		hashes = append(hashes, must(tlog.ParseHash(text)))
	}
	return hashes
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
