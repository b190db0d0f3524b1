// Go's golang.org/x/mod/sumdb reads a log in a folder: note signature, inclusion, consistency with a smaller tree.
//
// Arguments: the folder, the log's verifier key, a smaller size and its root, then indices of entries.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (f folder) Height() int { return 8 }

// Go's paths name the height, those of C2SP do not.
func (f folder) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (f folder) entry(index, size int64) ([]byte, error) {
	tile := tlog.Tile{H: 8, L: -1, N: index / 256, W: 256}
	if size-tile.N*256 < 256 {
		tile.W = int(size - tile.N*256)
	}
	path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
	bytes, err := os.ReadFile(filepath.Join(string(f), path))
	if err != nil {
		return nil, err
	}
	for skip := index % 256; skip > 0; skip-- {
		bytes = bytes[2+binary.BigEndian.Uint16(bytes):]
	}
	return bytes[2 : 2+binary.BigEndian.Uint16(bytes)], nil
}

func verify(arguments []string) error {
	log := folder(arguments[0])
	verifier, err := note.NewVerifier(arguments[1])
	if err != nil {
		return err
	}
	bytes, err := os.ReadFile(filepath.Join(string(log), "checkpoint"))
	if err != nil {
		return err
	}
	opened, err := note.Open(bytes, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	if len(opened.Sigs) != 1 || len(opened.UnverifiedSigs) == 0 {
		return errors.New("one signature is known and others are not")
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, log)
	smaller, err := strconv.ParseInt(arguments[2], 10, 64)
	if err != nil {
		return err
	}
	smallerRoot, err := tlog.ParseHash(arguments[3])
	if err != nil {
		return err
	}
	growth, err := tlog.ProveTree(size, smaller, reader)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(growth, size, root, smaller, smallerRoot); err != nil {
		return err
	}
	for _, argument := range arguments[4:] {
		index, err := strconv.ParseInt(argument, 10, 64)
		if err != nil {
			return err
		}
		entry, err := log.entry(index, size)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(size, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := verify(os.Args[1:]); err != nil {
		fmt.Println("damaged:", err)
		return
	}
	fmt.Println("sound")
}
