package storage

import (
	"encoding/binary"

	"poolwise/engine"
)

// Keys start with one byte that says what they are and go on with big-endian numbers,
// so that Pebble's byte order is the order of positions. FORMAT.md draws them. The
// letters are on disk.
const (
	prefixCheck    = 'C'
	prefixDataKey  = 'D'
	prefixFeed     = 'F'
	prefixJournal  = 'J'
	prefixCold     = 'K'
	prefixClass    = 'L'
	prefixManifest = 'M'
	prefixProfile  = 'N'
	prefixPage     = 'P'
)

const (
	dataKeyKeyBytes = 1 + 4
	feedKeyBytes    = 1 + 8
	journalKeyBytes = 1 + 8
	pageKeyBytes    = 1 + 8 + 4
	coldKeyBytes    = 1 + 8 + 1 + 4
	classKeyBytes   = 1 + 4
	profileKeyBytes = 1 + 4
)

var (
	keyCheck    = []byte{prefixCheck}
	keyManifest = []byte{prefixManifest}
	keyFormat   = []byte("format")
)

func dataKeyKey(id uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixDataKey}, id)
}

func journalKey(p engine.Position) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixJournal}, uint64(p))
}

func feedKey(first engine.Cursor) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixFeed}, uint64(first))
}

func pageKey(snapshot uint64, seq uint32) []byte {
	k := binary.BigEndian.AppendUint64([]byte{prefixPage}, snapshot)
	return binary.BigEndian.AppendUint32(k, seq)
}

func coldKey(snapshot uint64, column uint8, page uint32) []byte {
	k := append(make([]byte, 0, coldKeyBytes), prefixCold)
	k = append(binary.BigEndian.AppendUint64(k, snapshot), column)
	return binary.BigEndian.AppendUint32(k, page)
}

func classKey(number uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixClass}, number)
}

func profileKey(block uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixProfile}, block)
}

// after is the first key past a prefix: [p] ≤ keys of the prefix < [p+1].
func after(prefix byte) []byte { return []byte{prefix + 1} }

func numberOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[1:9]) }
